"""What the histories of all clients must say together, in the spirit of Jepsen's checkers: pure functions over them.

Nothing here knows how the server works. What a client was not told may have happened or not, so an unanswered request
excuses what it asked for; what was acknowledged must show in everything that comes after.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.failure.history import Entry

# Held, and counted against capacity; what comes later in this list never turns back into what stands before it.
STAGES = ("offered", "accepted", "connected", "ended", "wrap_up", "over")


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept. `kind` is stable."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def check(history: Sequence[Entry], capacity: int) -> list[Breach]:
    """All checks over entries by time. `capacity`: units that each agent has; every item takes one."""
    return [
        *lost_items(history),
        *doubled_items(history),
        *stuck_agents(history),
        *overfull_agents(history, capacity),
        *forgotten_changes(history),
        *disorder(history),
        *crashes(history),
    ]


def lost_items(history: Sequence[Entry]) -> list[Breach]:
    """Each acknowledged item is closed as handled, and an agent knows of it."""
    records = {entry.interaction: entry for entry in history if entry.what == "record"}
    served = {entry.interaction for entry in history if entry.what in ("assigned", "wrap_up")}
    served |= {entry.interaction for entry in history if entry.what == "asked" and entry.command == "Accept"}
    found = []
    for entry in _posted(history).values():
        record = records.get(entry.interaction)
        if record is None:
            found.append(Breach("lost", f"{entry.who} ({entry.interaction}) was acknowledged and has no record"))
        elif record.text != "closed":
            found.append(Breach("stuck", f"{entry.who} ({entry.interaction}) is still {record.text}"))
        elif record.command != "handled":
            found.append(Breach("lost", f"{entry.who} ({entry.interaction}) ended as {record.command}"))
        elif entry.interaction not in served:
            found.append(Breach("lost", f"{entry.who} ({entry.interaction}) is recorded as handled, by nobody"))
    return found


def doubled_items(history: Sequence[Entry]) -> list[Breach]:
    """An item is one item whoever is asked, and one agent's, once."""
    names: dict[str, set[str]] = defaultdict(set)
    takers: dict[str, dict[str, str]] = defaultdict(dict)
    accepts: dict[str, Entry] = {}
    for entry in history:
        match entry.what:
            case "posted":
                names[entry.who].add(entry.interaction)
            case "asked" if entry.command == "Accept":
                accepts[_ref(entry)] = entry
            case "done" if (accept := accepts.get(_ref(entry))) is not None:
                takers[accept.interaction][accept.reservation] = accept.who
            case "assigned" | "wrap_up":
                takers[entry.interaction][entry.reservation] = entry.who
            case _:
                pass
    found = [Breach("twice", f"{key} became {sorted(ids)}") for key, ids in names.items() if len(ids) > 1]
    return found + [
        Breach("twice", f"{item} was given to {sorted(taken.items())}")
        for item, taken in takers.items()
        if len(taken) > 1
    ]


def stuck_agents(history: Sequence[Entry]) -> list[Breach]:
    """When all is over each agent who was ever there is reached by work of their own, and holds nothing else."""
    agents = {entry.who for entry in history if entry.what == "connected"}
    reached = {entry.who for entry in history if entry.what == "reached"}
    return [Breach("stuck", f"{agent} gets no work any more") for agent in sorted(agents - reached)]


@dataclass(slots=True)
class _Desk:
    """What an agent holds, as their own program was told, and what they asked for since."""

    held: dict[str, str] = field(default_factory=dict)
    reached: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Entry] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    presence: tuple[str, str] | None = None


def overfull_agents(history: Sequence[Entry], capacity: int) -> list[Breach]:
    """No agent's program ever shows more than the agent has room for."""
    desks: dict[str, set[str]] = defaultdict(set)
    found = []
    for entry in history:
        desk = desks[entry.who]
        before = len(desk)
        match entry.what:
            case "snapshot":
                desk.clear()
                desk |= {reservation for reservation, _ in entry.held}
            case "offered" | "assigned" | "wrap_up":
                desk.add(entry.reservation)
            case "withdrawn" | "wrap_up_ended":
                desk.discard(entry.reservation)
            case _:
                continue
        if len(desk) > max(capacity, before):
            found.append(Breach("overfull", f"{entry.who} holds {sorted(desk)} of {capacity} at {entry.at}"))
    return found


def forgotten_changes(history: Sequence[Entry]) -> list[Breach]:
    """What an agent was told is done shows in every later snapshot, and in the records."""
    desks: dict[str, _Desk] = defaultdict(_Desk)
    found: list[Breach] = []
    for entry in history:
        found += _take(desks[entry.who], entry)
    return found + _forgotten_ends(history)


def _take(desk: _Desk, entry: Entry) -> list[Breach]:
    match entry.what:
        case "asked":
            desk.asked[entry.ref] = entry
            if entry.command == "SetPresence":
                desk.presence = None  # it may hold from now on, or not
            elif entry.command in ("FinishWrapUp", "Reject"):
                desk.given_up.add(entry.reservation)
        case "done":
            _acknowledged(desk, desk.asked.pop(entry.ref, None))
        case "refused":
            desk.asked.pop(entry.ref, None)
        case "assigned":
            _reach(desk, entry.reservation, entry.text)
        case "wrap_up":
            _reach(desk, entry.reservation, "wrap_up")
        case "wrap_up_ended" | "withdrawn":
            _reach(desk, entry.reservation, "over")
        case "presence" if (entry.presence, entry.reason) != desk.presence:
            desk.presence = None  # what came of something else that the agent did or did not do
        case "snapshot":
            return _compare(desk, entry)
        case _:
            pass
    return []


def _acknowledged(desk: _Desk, asked: Entry | None) -> None:
    if asked is None:
        return
    match asked.command:
        case "Accept":
            _reach(desk, asked.reservation, "accepted")
        case "HangUp":
            _reach(desk, asked.reservation, "ended")
        case "FinishWrapUp" | "Reject":
            _reach(desk, asked.reservation, "over")
        case "SetPresence" if asked.reason:
            # Ready may end without being asked (a missed offer); a reason that was declared stays.
            desk.presence = (asked.presence, asked.reason)
        case _:
            pass


def _reach(desk: _Desk, reservation: str, stage: str) -> None:
    if STAGES.index(stage) > STAGES.index(desk.reached.get(reservation, "offered")):
        desk.reached[reservation] = stage


def _compare(desk: _Desk, shown: Entry) -> list[Breach]:
    found = []
    now = dict(shown.held)
    if desk.presence is not None and desk.presence != (shown.presence, shown.reason):
        found.append(
            Breach("forgotten", f"{shown.who} declared {desk.presence}, and is {shown.presence} {shown.reason}")
        )
    for reservation, stage in now.items():
        reached = desk.reached.get(reservation, "offered")
        if STAGES.index(stage) < STAGES.index(reached):
            found.append(Breach("forgotten", f"{shown.who}: {reservation} was {reached} and is {stage} again"))
    for reservation, reached in desk.reached.items():
        kept = reservation in now or reached == "over" or reservation in desk.given_up
        if not kept:
            found.append(Breach("forgotten", f"{shown.who}: {reservation} was {reached} and is gone"))
    # Each is told once; what is over may not come back.
    desk.reached = {one: stage for one, stage in desk.reached.items() if one in now or stage == "over"}
    for reservation, stage in now.items():
        _reach(desk, reservation, stage)
    return found


def _forgotten_ends(history: Sequence[Entry]) -> list[Breach]:
    """The disposition of an acknowledged wrap-up is the record's."""
    records = {entry.interaction: entry for entry in history if entry.what == "record"}
    asked: dict[str, Entry] = {}
    found = []
    for entry in history:
        if entry.what == "asked" and entry.command == "FinishWrapUp":
            asked[_ref(entry)] = entry
        elif entry.what == "done" and (end := asked.get(_ref(entry))) is not None:
            record = records.get(end.interaction)
            if record is not None and record.disposition != end.disposition:
                told = f"{end.who} finished {end.interaction} as {end.disposition}, the record has {record.disposition}"
                found.append(Breach("forgotten", told))
    return found


def disorder(history: Sequence[Entry]) -> list[Breach]:
    """Of two items of one queue and priority, the one acknowledged before the other was posted is offered first.

    By the shard's time of the first offer of each, which may have been to an agent whose node had died: those that no
    client saw are in the records. Items meant for one agent are no queue.
    """
    first: dict[str, int] = {}
    begun: dict[str, Entry] = {}
    for entry in history:
        if entry.what in ("offered", "record_offer"):
            first[entry.interaction] = min(entry.offered_us, first.get(entry.interaction, entry.offered_us))
        elif entry.what == "posting":
            begun.setdefault(entry.who, entry)
    lines: dict[tuple[str, int], list[tuple[int, int, Entry]]] = defaultdict(list)
    for key, done in _posted(history).items():
        if (start := begun.get(key)) is not None and start.queue and done.interaction in first:
            lines[start.queue, start.priority].append((start.at, done.at, done))
    return [breach for line in lines.values() for breach in _overtaken(line, first)]


def _overtaken(line: list[tuple[int, int, Entry]], first: dict[str, int]) -> Iterable[Breach]:
    """`line`: (posted from, acknowledged at, item). One sweep: the latest offer among all acknowledged before."""
    settled = sorted(line, key=lambda each: each[1])
    latest, by, index = 0, "", 0
    for began, _, item in sorted(line, key=lambda each: each[0]):
        while settled[index][1] < began:
            before = settled[index][2]
            if first[before.interaction] > latest:
                latest, by = first[before.interaction], before.who
            index += 1
        if first[item.interaction] < latest:
            yield Breach("order", f"{item.who} was offered before {by}, which was acknowledged before it was posted")


def crashes(history: Sequence[Entry]) -> list[Breach]:
    """Nodes end when they are killed, told to, or deposed, and for nothing else."""
    ends = Counter((entry.who, entry.text) for entry in history if entry.what == "ended" and entry.text)
    return [Breach("crash", f"{who} ended {times} times by itself: {text}") for (who, text), times in ends.items()]


def _posted(history: Sequence[Entry]) -> dict[str, Entry]:
    """The first acknowledgement of each item, by its key."""
    found: dict[str, Entry] = {}
    for entry in history:
        if entry.what == "posted":
            found.setdefault(entry.who, entry)
    return found


def _ref(entry: Entry) -> str:
    return f"{entry.who} {entry.ref}"
