"""What the histories of all clients must say together, in the spirit of Jepsen's checkers: pure functions over them.

Nothing here knows how the server works. What a client was not told may have happened or not, so an unanswered request
excuses what it asked for; what was acknowledged must show in everything that comes after.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.failure.breach import Breach
from tests.failure.check_calls import lost_calls
from tests.failure.check_chats import broken_chats
from tests.failure.history import Entry

# Held, and counted against capacity; what comes later in this list never turns back into what stands before it.
STAGES = ("offered", "accepted", "connected", "ended", "wrap_up", "over")


def check(history: Sequence[Entry], capacity: Mapping[str, int]) -> list[Breach]:
    """All checks over entries by time. `capacity`: items of each medium that an agent has room for, and in `total`."""
    return [
        *lost_items(history),
        *open_items(history),
        *doubled_items(history),
        *shared_items(history),
        *stuck_agents(history),
        *overfull_agents(history, capacity),
        *forgotten_changes(history),
        *disorder(history),
        *crashes(history),
        *broken_chats(history),
        *lost_calls(history),
    ]


def lost_items(history: Sequence[Entry]) -> list[Breach]:
    """Each acknowledged letter or chat is closed as handled, and an agent knows of it; or the visitor left it."""
    records = {entry.interaction: entry for entry in history if entry.what == "record"}
    left = {entry.who for entry in history if entry.what == "leaving"}
    served = served_items(history)
    found = []
    for entry in _posted(history).values():
        record = records.get(entry.interaction)
        named = f"{entry.who} ({entry.interaction})"
        if record is None:
            found.append(Breach("lost", f"{named} was acknowledged and has no record"))
        elif record.text != "closed" or (record.command == "abandoned" and entry.who in left):
            continue
        elif record.command != "handled":
            found.append(Breach("lost", f"{named} ended as {record.command}"))
        elif entry.interaction not in served:
            found.append(Breach("lost", f"{named} is recorded as handled, by nobody"))
    return found


def open_items(history: Sequence[Entry]) -> list[Breach]:
    """Nothing is open when all is over, and whoever waits for an end was told of it."""
    opened = [entry for entry in history if entry.what == "record" and entry.text != "closed"]
    over = {entry.who for entry in history if entry.what == "over"}
    chats = [entry for entry in _posted(history).values() if entry.medium == "chat" and entry.who not in over]
    return [
        *(Breach("stuck", f"{entry.medium} {entry.interaction} is still {entry.text}") for entry in opened),
        *(Breach("stuck", f"{entry.who} ({entry.interaction}) never saw the end") for entry in chats),
    ]


def doubled_items(history: Sequence[Entry]) -> list[Breach]:
    """An item is one item whoever is asked; a letter is one agent's, once."""
    # A chat or a call whose agent is gone goes to another.
    given_on = {entry.interaction for entry in history if entry.medium in ("chat", "voice")}
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
        if len(taken) > 1 and item not in given_on
    ]


def shared_items(history: Sequence[Entry]) -> list[Breach]:
    """Nobody is with two agents at once, by the records, which have whatever an agent's program was told."""
    held: dict[str, dict[str, Entry]] = defaultdict(dict)
    told: dict[str, Entry] = {}
    for entry in history:
        if entry.what == "record_offer":
            held[entry.interaction][entry.reservation] = entry
        elif entry.what == "assigned" and entry.medium and entry.text == "connected":
            told.setdefault(entry.reservation, entry)
    found = []
    for item, offers in held.items():
        spells = sorted((each for each in offers.values() if each.from_us), key=lambda each: each.from_us)
        for before, after in itertools.pairwise(spells):
            if not before.to_us or after.from_us < before.to_us:
                found.append(Breach("twice", f"{item} was with {before.who} and with {after.who} at once"))
    for reservation, entry in told.items():
        offer = held[entry.interaction].get(reservation)
        if offer is None or offer.who != entry.who or not offer.from_us:
            had = f"{entry.who} had {entry.interaction} ({reservation})"
            found.append(Breach("lost", f"{had}, which the records do not know"))
    return found


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
    # Calls end, and go back to their queue, without their agents.
    calls: set[str] = field(default_factory=set)
    presence: tuple[str, str] | None = None


def overfull_agents(history: Sequence[Entry], capacity: Mapping[str, int]) -> list[Breach]:
    """No agent's program ever shows more than the agent has room for, of any medium and over all of them."""
    desks: dict[str, dict[str, str]] = defaultdict(dict)
    found = []
    for entry in history:
        desk = desks[entry.who]
        before = _units(desk)
        match entry.what:
            case "snapshot":
                desk.clear()
                desk |= {reservation: medium for reservation, _, medium in entry.held}
            case "offered" | "assigned":
                desk[entry.reservation] = entry.medium
            case "wrap_up":
                desk.setdefault(entry.reservation, "")
            case "withdrawn" | "wrap_up_ended":
                desk.pop(entry.reservation, None)
            case _:
                continue
        for medium, units in _units(desk).items():
            if units > max(capacity.get(medium, units), before[medium]):
                held = f"{sorted(desk.items())} with room for {capacity[medium]} ({medium})"
                found.append(Breach("overfull", f"{entry.who} holds {held} at {entry.at}"))
    return found


def _units(desk: Mapping[str, str]) -> Counter[str]:
    return Counter({**Counter(desk.values()), "total": len(desk)})


def forgotten_changes(history: Sequence[Entry]) -> list[Breach]:
    """What an agent was told is done shows in every later snapshot, and in the records."""
    desks: dict[str, _Desk] = defaultdict(_Desk)
    found: list[Breach] = []
    for entry in history:
        found += _take(desks[entry.who], entry)
    return found + _forgotten_ends(history)


def _take(desk: _Desk, entry: Entry) -> list[Breach]:
    if entry.medium == "voice":
        desk.calls.add(entry.reservation)
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
    now = {reservation: stage for reservation, stage, _ in shown.held}
    if desk.presence is not None and desk.presence != (shown.presence, shown.reason):
        found.append(
            Breach("forgotten", f"{shown.who} declared {desk.presence}, and is {shown.presence} {shown.reason}")
        )
    for reservation, stage in now.items():
        reached = desk.reached.get(reservation, "offered")
        if reservation in desk.calls and reached in ("accepted", "connected"):
            continue  # its sound may have been lost, and come again
        if STAGES.index(stage) < STAGES.index(reached):
            found.append(Breach("forgotten", f"{shown.who}: {reservation} was {reached} and is {stage} again"))
    for reservation, reached in desk.reached.items():
        kept = reservation in now or reached == "over" or reservation in desk.given_up | desk.calls
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
    given_on = {entry.interaction for entry in history if entry.medium in ("chat", "voice")}
    asked: dict[str, Entry] = {}
    found = []
    for entry in history:
        if entry.what == "asked" and entry.command == "FinishWrapUp":
            asked[_ref(entry)] = entry
        elif entry.what == "done" and (end := asked.get(_ref(entry))) is not None:
            record = records.get(end.interaction)
            if record is not None and end.interaction not in given_on and record.disposition != end.disposition:
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


def served_items(history: Iterable[Entry]) -> set[str]:
    """Items that an agent knows of having had."""
    return {
        entry.interaction
        for entry in history
        if entry.what in ("assigned", "wrap_up") or (entry.what == "asked" and entry.command == "Accept")
    }


def _posted(history: Sequence[Entry]) -> dict[str, Entry]:
    """The first acknowledgement of each item, by its key."""
    found: dict[str, Entry] = {}
    for entry in history:
        if entry.what == "posted":
            found.setdefault(entry.who, entry)
    return found


def _ref(entry: Entry) -> str:
    return f"{entry.who} {entry.ref}"
