"""What the answer to "what would it do?" consists of: a JSON object a line. docs/what-if.md has an example of each."""

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """A value with its 95 % interval; null where nothing was there to measure, or one run says nothing of chance."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class ComparedMeasure(msgspec.Struct, frozen=True):
    """A measure under the rules as they are and as they would be, and by how much it changes.

    `verdict`: higher, lower, unclear (the interval of the difference covers zero), equal (in every pair of runs), or
    unknown (nothing to measure).
    """

    before: Interval
    after: Interval
    difference: Interval
    verdict: str


class QueueComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A queue: who waits now or comes within the time. `wait_us` in microseconds, `arrivals` customers, shares 0-1.

    `level`: answered within the target's time. `abandoned`: gave up. `unserved`: neither answered nor gave up.
    """

    queue: str
    arrivals: ComparedMeasure
    level: ComparedMeasure
    wait_us: ComparedMeasure
    abandoned: ComparedMeasure
    unserved: ComparedMeasure


class TeamComparison(msgspec.Struct, frozen=True):
    """The agents who are in the team by the rules as they are: the share of their time that is busy."""

    team: str
    occupancy: ComparedMeasure


class QueueAssumption(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of a queue, and where it comes from (docs/what-if.md has the words)."""

    queue: str
    arrivals_per_hour: float
    arrivals_from: str
    talk_us: int
    wrap_up_us: int
    handling_from: str
    patience_us: int | None
    patience_from: str


class TeamAssumption(msgspec.Struct, frozen=True, kw_only=True):
    """How a team is expected to answer its offers."""

    team: str
    ring_us: int
    rejected: float
    missed: float
    ringing_from: str


class Assumed(msgspec.Struct, frozen=True, kw_only=True, tag="assumed"):
    """The first line: the moment (microseconds since the epoch), the time that is played, and all that is assumed.

    `open_work`: the items that were found, waiting or with agents.
    """

    at: int
    horizon_us: int
    open_work: int
    queues: tuple[QueueAssumption, ...]
    teams: tuple[TeamAssumption, ...]


class Working(msgspec.Struct, frozen=True, tag="working"):
    """There is nothing new, and the runs go on."""

    elapsed_us: int


class Compared(msgspec.Struct, frozen=True, kw_only=True, tag="compared"):
    """What came of the runs so far; each such line replaces the one before. The last one is `done`."""

    pairs: int
    elapsed_us: int
    done: bool
    queues: tuple[QueueComparison, ...]
    teams: tuple[TeamComparison, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The last line where the runs came to nothing; why is in the server's log."""

    code: str


Line = Assumed | Working | Compared | Failed
