"""Counters by slot of five minutes: where a number is counted, and from where it is summed, saved and dropped.

Times in microseconds since the epoch; a slot is named by its beginning.
"""

from collections.abc import Iterable

from router.counters import Counters, total

# The quarter hours of every time zone begin with a slot.
SLOT_US = 300_000_000
QUEUE, AGENT, MEDIUM, CHANNEL = "queue", "agent", "medium", "channel"

# What it is and its name.
Subject = tuple[str, str]
Slots = dict[Subject, dict[int, Counters]]


class CountersBySlot:
    """The counters of all subjects; `slots` are those that were saved."""

    def __init__(self, slots: Slots | None = None) -> None:
        self._slots: Slots = slots or {}
        self._dirty: dict[tuple[Subject, int], None] = {}
        self._changed: dict[Subject, None] = {}
        # Sums of slots that are over, up to the slot that is not, by where they begin: boards ask again and again.
        self._bases: dict[Subject, tuple[int, dict[int, Counters]]] = {}

    def at(self, subject: Subject, now: int) -> Counters:
        """Where to count what happens `now`; it counts as changed."""
        slot = now // SLOT_US * SLOT_US
        self._dirty[subject, slot] = None
        self._changed[subject] = None
        if subject in self._bases and slot < self._bases[subject][0]:
            del self._bases[subject]
        slots = self._slots.setdefault(subject, {})
        if slot not in slots:
            slots[slot] = Counters()
        return slots[slot]

    # --- reading ------------------------------------------------------------------------------------------------

    def names(self, kind: str) -> set[str]:
        """The subjects of that kind of which anything is counted."""
        return {name for found, name in self._slots if found == kind}

    def first(self) -> int | None:
        """The oldest slot of anything; None while nothing was counted."""
        return min((slot for slots in self._slots.values() for slot in slots), default=None)

    def sums(self, subject: Subject, since: int, until: int, now: int) -> Counters:
        """The slots that begin in [since, until), added up: the caller's own."""
        begun = now // SLOT_US * SLOT_US
        if not until > begun >= since:
            return self._sum(subject, since, until)
        made = total((self._base(subject, since, begun),))
        running = self._slots.get(subject, {}).get(begun)
        if running is not None:
            made.add(running)
        return made

    def _base(self, subject: Subject, since: int, until: int) -> Counters:
        end, bases = self._bases.get(subject, (until, {}))
        if end != until:
            bases = {}
        if since not in bases:
            bases[since] = self._sum(subject, since, until)
        self._bases[subject] = (until, bases)
        return bases[since]

    def _sum(self, subject: Subject, since: int, until: int) -> Counters:
        return total(counters for slot, counters in self._slots.get(subject, {}).items() if since <= slot < until)

    # --- what changed -------------------------------------------------------------------------------------------

    def take_dirty(self) -> list[tuple[Subject, int, Counters]]:
        """The slots that changed since this was last asked."""
        dirty, self._dirty = self._dirty, {}
        return [(subject, slot, self._slots[subject][slot]) for subject, slot in dirty]

    def mark_dirty(self, slots: Iterable[tuple[Subject, int, Counters]]) -> None:
        """They were taken, and could not be saved."""
        self._dirty.update(((subject, slot), None) for subject, slot, _ in slots)

    def take_changed(self) -> list[Subject]:
        """Of what anything changed since this was last asked."""
        changed, self._changed = self._changed, {}
        return list(changed)

    def mark_changed(self, subject: Subject) -> None:
        """Something of it changed that no slot holds."""
        self._changed[subject] = None

    def saved_elsewhere(self, before: int) -> None:
        """Somebody else saves the slots that begin before that time."""
        self._dirty = {key: None for key in self._dirty if key[1] >= before}

    def drop(self, before: int) -> None:
        """Forgets the slots that begin before that time, but those that are still to be saved."""
        for subject, slots in list(self._slots.items()):
            for slot in [slot for slot in slots if slot < before and (subject, slot) not in self._dirty]:
                del slots[slot]
            if not slots:
                del self._slots[subject]
        self._bases.clear()


def pieces(since: int, until: int) -> Iterable[tuple[int, int]]:
    """The time between, cut where slots begin."""
    while since < until:
        end = min(until, (since // SLOT_US + 1) * SLOT_US)
        yield since, end
        since = end
