"""Counters by slot of five minutes: where a number is counted, and from where it is summed, saved and dropped.

Times in microseconds since the epoch; a slot is named by its beginning.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from router.counters import Counters, add_packed, pack

# The quarter hours of every time zone begin with a slot.
SLOT_US = 300_000_000
QUEUE, AGENT, MEDIUM, CHANNEL = "queue", "agent", "medium", "channel"

# What it is and its name.
Subject = tuple[str, str]
Slots = dict[Subject, dict[int, Counters]]


class CountersBySlot:
    """The counters of all subjects; `slots` are those that were saved.

    What is over is put away packed, and after some hours added to the sum of its day: a sum begins with that day, or
    after what was added to it.
    """

    def __init__(self, slots: Slots | None = None) -> None:
        self._slots: Slots = slots or {}
        self._past: dict[int, dict[Subject, bytes]] = {}
        # Of the day that began then: what is in no slot any more.
        self._day = 0
        self._folded: dict[Subject, Counters] = {}
        # When each was counted last.
        self._known = {subject: max(found, default=0) for subject, found in self._slots.items()}
        self._to_put_away: list[Subject] = []
        self._dirty: dict[tuple[Subject, int], None] = {}
        self._changed: dict[Subject, None] = {}
        # Sums of slots that are over, up to the slot that is not, by where they begin: boards ask again and again.
        self._bases: dict[Subject, tuple[int, dict[int, Counters]]] = {}
        # Of this slot, what counts as changed already.
        self._hot_slot = -1
        self._hot: dict[Subject, Counters] = {}

    def at(self, subject: Subject, now: int) -> Counters:
        """Where to count what happens `now`; it counts as changed."""
        slot = now // SLOT_US * SLOT_US
        if slot == self._hot_slot and (hot := self._hot.get(subject)) is not None:
            return hot
        self._dirty[subject, slot] = None
        self._changed[subject] = None
        if subject in self._bases and slot < self._bases[subject][0]:
            del self._bases[subject]
        slots = self._slots.setdefault(subject, {})
        if slot not in slots:
            packed = self._past.get(slot, {}).pop(subject, None)
            slots[slot] = Counters() if packed is None else add_packed(Counters(), packed)
            self._known[subject] = max(slot, self._known.get(subject, slot))
        if slot != self._hot_slot:
            self._hot_slot, self._hot = slot, {}
        self._hot[subject] = slots[slot]
        return slots[slot]

    # --- reading ------------------------------------------------------------------------------------------------

    def names(self, kind: str) -> set[str]:
        """The subjects of that kind of which anything is counted."""
        return {name for found, name in self._known if found == kind}

    def first(self) -> int | None:
        """Since when anything is known; None while nothing was counted."""
        if self._folded:
            return self._day
        open_ones = (slot for slots in self._slots.values() for slot in slots)
        return min((*open_ones, *(slot for slot, packed in self._past.items() if packed)), default=None)

    def sums(self, subject: Subject, since: int, until: int, now: int) -> Counters:
        """The slots that begin in [since, until), added up: the caller's own."""
        begun = now // SLOT_US * SLOT_US
        if not until > begun >= since:
            return self._sum(subject, since, until)
        made = Counters()
        made.add(self._base(subject, since, begun))
        running = self._slots.get(subject, {}).get(begun)
        if running is not None:
            made.add(running)
        return made

    def _base(self, subject: Subject, since: int, until: int) -> Counters:
        end, bases = self._bases.get(subject, (until, {}))
        if end != until:
            bases = {}
        if since not in bases:
            self._hot.clear()
            bases[since] = self._sum(subject, since, until)
        self._bases[subject] = (until, bases)
        return bases[since]

    def _sum(self, subject: Subject, since: int, until: int) -> Counters:
        made = Counters()
        if since <= self._day < until and (folded := self._folded.get(subject)) is not None:
            made.add(folded)
        for slot, packed in self._past.items():
            if since <= slot < until and (data := packed.get(subject)) is not None:
                add_packed(made, data)
        for slot, counters in self._slots.get(subject, {}).items():
            if since <= slot < until:
                made.add(counters)
        return made

    # --- what changed -------------------------------------------------------------------------------------------

    def take_dirty(self) -> list[tuple[Subject, int, Counters]]:
        """The slots that changed since this was last asked."""
        dirty, self._dirty = self._dirty, {}
        self._hot.clear()
        return [(subject, slot, self._counted(subject, slot)) for subject, slot in dirty]

    def mark_dirty(self, slots: Iterable[tuple[Subject, int, Counters]]) -> None:
        """They were taken, and could not be saved."""
        self._dirty.update(((subject, slot), None) for subject, slot, _ in slots)

    def take_changed(self) -> list[Subject]:
        """Of what anything changed since this was last asked."""
        changed, self._changed = self._changed, {}
        self._hot.clear()
        return list(changed)

    def mark_changed(self, subject: Subject) -> None:
        """Something of it changed that no slot holds."""
        self._changed[subject] = None

    def saved_elsewhere(self, before: int) -> None:
        """Somebody else saves the slots that begin before that time."""
        self._dirty = {key: None for key in self._dirty if key[1] >= before}
        self._hot.clear()

    # --- what is over -------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Of which day there is a sum."""
        return self._day

    def begin_day(self, day: int, sums: Mapping[Subject, Counters] = MappingProxyType({})) -> None:
        """Another day; `sums` is what was counted of it in slots that are not here."""
        self._day, self._folded = day, dict(sums)
        oldest = min((day, *self._past))
        still = {one: at for one, at in self._known.items() if at >= oldest or one in self._slots}
        self._known = {**dict.fromkeys(self._folded, day), **still}
        self._bases.clear()

    def put_away(self, before: int, subjects: int) -> None:
        """Packs the slots that begin before that time, of the next so many subjects: nobody waits for all."""
        self._hot.clear()
        if not self._to_put_away:
            self._to_put_away = list(self._slots)
        for subject in self._to_put_away[-subjects:]:
            slots = self._slots.get(subject, {})
            for slot in [slot for slot in slots if slot < before]:
                self._past.setdefault(slot, {})[subject] = pack(slots.pop(slot))
            if not slots:
                self._slots.pop(subject, None)
        del self._to_put_away[-subjects:]

    def fold(self, before: int, most: int) -> None:
        """Adds at most so many of the packed slots that begin before that time to the sum of the day.

        Those of earlier days are forgotten. Not those that are still to be saved.
        """
        for slot in sorted(slot for slot in self._past if slot < before):
            if most <= 0:
                return
            packed = self._past[slot]
            for subject in list(islice((one for one in packed if (one, slot) not in self._dirty), most)):
                self._fold_one(subject, slot, packed.pop(subject))
                most -= 1
            if not packed:
                del self._past[slot]

    def _fold_one(self, subject: Subject, slot: int, data: bytes) -> None:
        if slot >= self._day:
            add_packed(self._folded.setdefault(subject, Counters()), data)
        elif self._known.get(subject) == slot:
            del self._known[subject]

    def _counted(self, subject: Subject, slot: int) -> Counters:
        found = self._slots.get(subject, {}).get(slot)
        return add_packed(Counters(), self._past[slot][subject]) if found is None else found


def pieces(since: int, until: int) -> Iterable[tuple[int, int]]:
    """The time between, cut where slots begin."""
    while since < until:
        end = min(until, (since // SLOT_US + 1) * SLOT_US)
        yield since, end
        since = end
