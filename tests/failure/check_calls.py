"""Calls: each is handled, given up by its caller, or lost with its node and seen to as the queue's rule says."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.failure.breach import Breach
from tests.failure.history import Entry
from tests.failure.layout import CALLED_BACK

# The entry of a call that the server makes.
CALLBACK = "callback"


@dataclass(slots=True)
class _Caller:
    """One telephone number: what its owner did, and the records of it."""

    dialled: list[Entry] = field(default_factory=list)
    answered: list[Entry] = field(default_factory=list)
    gave_up: bool = False
    records: list[Entry] = field(default_factory=list)


def lost_calls(history: Sequence[Entry]) -> list[Breach]:
    """Checks over the entries of all calls."""
    callers: dict[str, _Caller] = defaultdict(_Caller)
    numbers = {entry.who: entry.number for entry in history if entry.what in ("dialling", "called_back")}
    downs: dict[str, list[int]] = defaultdict(list)
    served = {entry.interaction for entry in history if entry.what in ("assigned", "wrap_up")}
    # What their agents ended, or tried to: whoever was served is not called back.
    ended = {entry.interaction for entry in history if entry.what == "asked" and entry.command == "HangUp"}
    for entry in history:
        match entry.what:
            case "dialling":
                callers[entry.number].dialled.append(entry)
            case "answered":
                callers[entry.number].answered.append(entry)
            case "hung_up" | "failed" | "gone":
                # A call that failed for its caller may have been taken all the same.
                callers[numbers.get(entry.who, "")].gave_up = True
            case "record" if entry.medium == "voice":
                callers[entry.number].records.append(entry)
            case "down" | "ended":
                downs[entry.who].append(entry.at)
            case _:
                pass
    unknown = [each for each in callers.pop("", _Caller()).records if not downs[_node(each)]]
    found = [Breach("lost", f"call {each.interaction} has no number") for each in unknown]
    return found + [
        breach for number, caller in callers.items() for breach in _one(number, caller, downs, served, ended)
    ]


def _one(
    number: str, caller: _Caller, downs: dict[str, list[int]], served: set[str], ended: set[str]
) -> Iterable[Breach]:
    for answered in caller.answered:
        if not caller.records and not _fell(downs, answered.node, answered.at):
            yield Breach("lost", f"{answered.who} ({number}) was answered and has no record")
    called_back = [each for each in caller.records if each.reason == CALLBACK]
    owed = 0
    for record in caller.records:
        named = f"call {record.interaction} of {number}"
        match record.command:
            case "handled" if record.interaction not in served:
                yield Breach("lost", f"{named} is recorded as handled, by nobody")
            case "abandoned" | "left_in_ivr" if not caller.gave_up:
                yield Breach("lost", f"{named} is recorded as given up, and was not")
            case "node_lost":
                if record.reason != CALLBACK and not _fell(downs, _node(record), _first(caller)):
                    yield Breach("lost", f"{named} ended with its node, which nobody touched")
                waited = record.queue == CALLED_BACK and record.from_us > 0 and record.interaction not in ended
                owed += waited and record.reason != CALLBACK
            case "unreached" if not caller.gave_up:
                yield Breach("lost", f"{named} was not called back, and its owner was there")
            case "handled" | "abandoned" | "left_in_ivr" | "unreached":
                continue
            case "" if record.text != "closed":
                continue  # that it is open is told already
            case _:
                yield Breach("lost", f"{named} ended as {record.command}")
    if owed > len(called_back):
        yield Breach("lost", f"{number} was lost {owed} times with its node, and called back {len(called_back)} times")


def _node(record: Entry) -> str:
    """Its node's name: the label in a record ends with how often the node was started."""
    return record.node.rpartition(".")[0] or record.node


def _fell(downs: dict[str, list[int]], node: str, since: int) -> bool:
    return any(at >= since for at in downs[node])


def _first(caller: _Caller) -> int:
    return min((each.at for each in caller.dialled), default=0)
