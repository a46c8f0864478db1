"""What is told and asked of calls' recordings from outside the call: by the media engine, by programs."""

from collections.abc import Callable

from voice.asked import PauseOrdered
from voice.events import Deny, RecordingLost
from voice.runner import CallRunner

NO_CALL = Deny("not_connected", "there is no such call")


class RecordedCalls:
    """`runner_of` finds a call by its interaction."""

    def __init__(self, runner_of: Callable[[str], CallRunner | None]) -> None:
        self._runner_of = runner_of

    def lost(self, interaction_id: str) -> None:
        """The file cannot be written any more; the call goes on without."""
        if (runner := self._runner_of(interaction_id)) is not None:
            runner.tell(RecordingLost())

    async def pause(self, interaction_id: str, name: str, *, on: bool, program: bool) -> Deny | None:
        """A program or a supervisor (by account) pauses the recording, or goes on with it."""
        runner = self._runner_of(interaction_id)
        return NO_CALL if runner is None else await runner.ask(PauseOrdered(name, on, program))
