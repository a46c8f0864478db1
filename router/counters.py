"""What is counted of a queue, an agent, a medium or a channel in one slot of time, and the figures that follow from it.

Counts and durations (microseconds) are integers that add up: a day is the sum of its slots. Ratios are worked out when
somebody asks. docs/statistics.md has each formula with its source.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import Struct, field
from msgspec.structs import fields

# Waits are counted in steps of a tenth of a second at first, then 16 to each power of two.
_UNIT_US = 100_000
_SUB_BITS = 4


def bucket(duration_us: int) -> int:
    """The class of a duration: exact to 0.1 s below 3.2 s, to a sixteenth of it above.

    Log-linear classes as in HdrHistogram (Tene, hdrhistogram.org): integers only, and sums of them lose nothing more.
    """
    value = max(0, duration_us) // _UNIT_US
    shift = max(0, value.bit_length() - 1 - _SUB_BITS)
    return (shift << _SUB_BITS) + (value >> shift)


def bucket_end_us(index: int) -> int:
    """The first duration that is longer than those of the class."""
    shift = max(0, (index >> _SUB_BITS) - 1)
    return ((index - (shift << _SUB_BITS) + 1) << shift) * _UNIT_US


class Counters(Struct, omit_defaults=True, gc=False):
    """Of items that wait: `arrived` when they enter, everything else when it happens.

    `diverted` left the queue without an answer by another way than giving up; `cancelled` were ended by people here,
    `callbacks` became a promise to call back. `within` and `abandoned_within` lie within the queue's target,
    `short_abandoned` within its threshold for those.
    Of offers: `offers` sent and how they ended. Of conversations: `handled` ones that are over with their wrap-up, and
    how their time went; `hold_us` is not in `talk_us`. Of an agent's time: `busy_us` with any work held, `idle_us`
    ready without, `away_us` not ready without.
    """

    arrived: int = 0
    answered: int = 0
    within: int = 0
    abandoned: int = 0
    abandoned_within: int = 0
    short_abandoned: int = 0
    diverted: int = 0
    cancelled: int = 0
    callbacks: int = 0
    wait_us: int = 0
    abandon_wait_us: int = 0
    offers: int = 0
    accepted: int = 0
    missed: int = 0
    rejected: int = 0
    failed: int = 0
    withdrawn: int = 0
    handled: int = 0
    ring_us: int = 0
    talk_us: int = 0
    hold_us: int = 0
    wrap_up_us: int = 0
    busy_us: int = 0
    idle_us: int = 0
    away_us: int = 0
    waits: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Counters") -> None:
        """Take the other's in."""
        for name in NUMBERS:
            number = getattr(other, name)
            if number:
                setattr(self, name, getattr(self, name) + number)
        if other.waits:
            self.add_waits(other.waits)

    def add_waits(self, waits: Mapping[int, int]) -> None:
        """Take more classes of waits in."""
        for index, count in waits.items():
            self.waits[index] = self.waits.get(index, 0) + count

    def numbers(self) -> dict[str, int]:
        """All but the classes of the waits, by name."""
        return {name: getattr(self, name) for name in NUMBERS}

    @property
    def settled(self) -> int:
        """Items whose wait came to its end: what the field calls offered, counted when it is over."""
        return self.answered + self.abandoned + self.diverted


NUMBERS = tuple(each.name for each in fields(Counters) if each.name != "waits")


def pack(counters: Counters) -> bytes:
    """In a hundred bytes or so, where the object has six times as many: for what is over and seldom asked for.

    64-bit numbers: a bit for each that is not 0, these, then the classes of waits with their counts.
    """
    found = [(1 << bit, number) for bit, name in enumerate(NUMBERS) if (number := getattr(counters, name))]
    waits = [number for pair in counters.waits.items() for number in pair]
    return array("q", [sum(bit for bit, _ in found), *(number for _, number in found), *waits]).tobytes()


def add_packed(counters: Counters, packed: bytes) -> Counters:
    """Take packed ones in; returns the first."""
    bits, *numbers = array("q", packed)
    rest = iter(numbers)
    for bit, name in enumerate(NUMBERS):
        if bits >> bit & 1:
            setattr(counters, name, getattr(counters, name) + next(rest))
    counters.add_waits(dict(zip(rest, rest, strict=True)))
    return counters


def total(many: Iterable[Counters]) -> Counters:
    """Their sum."""
    made = Counters()
    for each in many:
        made.add(each)
    return made


@dataclass(frozen=True, slots=True)
class Levels:
    """The service level by the five usual formulas, in millionths; None where nothing is to be divided by.

    `of_answered`: of those answered. `of_settled`: abandons count against it. `without_short`: the same without short
    abandons. `without_early`: without any abandon within the target. `with_early`: abandons within the target count as
    kept promises.
    """

    of_answered: int | None
    of_settled: int | None
    without_short: int | None
    without_early: int | None
    with_early: int | None


def levels(counters: Counters) -> Levels:
    """The service level of what was counted."""
    settled = counters.settled
    return Levels(
        of_answered=ppm(counters.within, counters.answered),
        of_settled=ppm(counters.within, settled),
        without_short=ppm(counters.within, settled - counters.short_abandoned),
        without_early=ppm(counters.within, settled - counters.abandoned_within),
        with_early=ppm(counters.within + counters.abandoned_within, settled),
    )


def ppm(part: int, whole: int) -> int | None:
    """The share in millionths, None of nothing."""
    return part * 1_000_000 // whole if whole > 0 else None


def mean(sum_us: int, count: int) -> int | None:
    """The mean duration, None of none."""
    return sum_us // count if count > 0 else None


def percentile(waits: Mapping[int, int], percent: int) -> int | None:
    """So many percent waited at most this long (microseconds): the end of a class, at most a sixteenth too long."""
    count = sum(waits.values())
    if not count:
        return None
    rank = max(1, -(-count * percent // 100))
    seen = 0
    for index in sorted(waits):
        seen += waits[index]
        if seen >= rank:
            return bucket_end_us(index)
    return None


def occupancy(counters: Counters) -> int | None:
    """The share of the time with work in the time with work or ready for it, in millionths."""
    return ppm(counters.busy_us, counters.busy_us + counters.idle_us)
