"""Calls that go over to another shard, and those that come: both ends of them (ADR 14)."""

from collections.abc import Callable, Mapping

from router.commands import AnswerHandoff, CloseWork, Command, HandWork, RequeueWork
from router.handoff import ENDED
from router.vocabulary import Outcome
from voice.guests import GuestCall, GuestCaller, Guests
from voice.lodging import Lodgings
from voice.neighbours import VoicePorts
from voice.ports import Tasks
from voice.runner import CallRunner


class OverShards:
    """One for the node; the arguments are those of `Guests`."""

    def __init__(
        self,
        ports: VoicePorts,
        tasks: Tasks,
        begin: Callable[[GuestCaller, GuestCall], object],
        runner_of: Callable[[str], CallRunner | None],
        full: Callable[[], bool],
    ) -> None:
        self.lodgings = Lodgings(ports, tasks, runner_of)
        self.guests = Guests(ports, tasks, begin, runner_of, full)

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open."""
        return {"lodgings": len(self.lodgings), "guests": len(self.guests)}

    def execute(self, command: Command) -> None:
        """What the router has committed, as far as it concerns calls between shards."""
        match command:
            case HandWork(why=why) if why != ENDED:
                self.lodgings.leave(command)
            case CloseWork(work_id=work_id, outcome=Outcome.HANDED_OVER):
                self.lodgings.taken(command.interaction_id, work_id)
            case RequeueWork(work_id=work_id):
                self.lodgings.refused(command.interaction_id, work_id)
            case AnswerHandoff(work_id=work_id, first=True):
                if command.refused:
                    self.guests.refused(work_id)
                else:
                    self.guests.taken(work_id)
            case _:
                pass
