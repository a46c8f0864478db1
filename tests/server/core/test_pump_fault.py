"""A fault of the dispatcher inside a turn is the end of the pump."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from router.commands import Command
from router.dispatcher import Dispatcher
from router.events import CustomerLeft, Event, InteractionNoted
from router.rows import Turn
from server.core.pump import Pump
from store.lease import InboxEntry


async def test_a_fault_inside_a_turn_ends_the_pump_and_commits_nothing_of_it() -> None:
    class Faulty(Dispatcher):
        def handle(self, event: Event, now: int) -> list[Command]:
            if isinstance(event, CustomerLeft):
                raise RuntimeError("a mistake of ours")
            return super().handle(event, now)

    committed: list[Turn] = []

    class Keep:
        async def commit(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
            committed.extend(turns)

        def begin(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]) -> bool:
            return False

    class Still:
        def now(self) -> int:
            return 1

    pump = Pump(Faulty(), Keep(), Still(), 0, lambda _turn: None)
    running = asyncio.ensure_future(pump.run())
    await pump.post(InteractionNoted("i1", "before"), "test")
    with pytest.raises(RuntimeError):
        pump.tell(CustomerLeft("w1"), "test")
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await running
    assert [type(turn.event).__name__ for turn in committed] == ["InteractionNoted"]
