from typing import Any

from voice.asked import PauseOrdered
from voice.events import Deny, RecordingLost
from voice.recorded_calls import NO_CALL, RecordedCalls


class Runner:
    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, event: object) -> None:
        self.told.append(event)

    async def ask(self, event: object) -> Deny | None:
        self.told.append(event)
        return None


async def test_it_reaches_the_call_that_is_meant() -> None:
    runner: Any = Runner()
    calls = RecordedCalls({"i1": runner}.get)
    calls.lost("i1")
    calls.lost("gone")
    assert await calls.pause("i1", "shop", on=True, program=True) is None
    assert await calls.pause("gone", "shop", on=True, program=True) is NO_CALL
    assert runner.told == [RecordingLost(), PauseOrdered("shop", on=True, program=True)]
