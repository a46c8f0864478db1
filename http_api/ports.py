"""What the HTTP API needs of the rest of the server; records, telemetry and server/ implement it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from records.interactions import Before, Filter, InteractionRecord, InteractionView
from records.roles import Scope
from records.sessions import Caller, SignedIn


class Auth(Protocol):
    """Passwords and tokens; `now` in microseconds since the epoch (records.sessions.SignIn)."""

    async def sign_in(self, name: str, password: str, now: int) -> SignedIn | None:
        """A new session when the password is right, else None."""
        ...

    async def authenticate(self, token: str, now: int) -> Caller | None:
        """Whose token it is, None when it is not valid."""
        ...

    async def sign_out(self, token: str) -> None:
        """Ends that session."""
        ...


class InteractionQueries(Protocol):
    """Records and stories (records.interactions.Interactions)."""

    async def view(self, interaction_id: str) -> InteractionView | None:
        """Everything about one interaction, None when there is none."""
        ...

    async def offered_to(self, interaction_id: str, agent_id: str) -> bool:
        """Whether this agent ever had an offer of it."""
        ...

    async def offered_customer(self, customer_id: str, agent_id: str) -> bool:
        """Whether this agent ever had an offer of an interaction of this customer."""
        ...

    async def list(self, filter_: Filter, limit: int, before: Before | None) -> tuple[InteractionRecord, ...]:
        """Newest first."""
        ...


class ServiceLevel(Struct, frozen=True, kw_only=True):
    """Today (the site's day) against the promise: `target` (0-1) of the interactions answered within `threshold_us`.

    `level` is `within` over those whose wait is over (docs/statistics.md), null before the first of them.
    """

    threshold_us: int
    target: float
    answered: int = 0
    within: int = 0
    abandoned: int = 0
    level: float | None = None


class QueueFigures(Struct, frozen=True, kw_only=True):
    """Today's figures of a queue (docs/statistics.md); durations in microseconds."""

    arrived: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    diverted: int = 0
    mean_wait_us: int | None = None
    mean_handle_us: int | None = None


class QueueOutlook(Struct, frozen=True, kw_only=True):
    """How a queue stands and where it goes.

    `over`: who waits longer than the target now. `level`: of the last half hour; `expected_level`: the same when those
    who wait now are answered as predicted. `staffed`: agents who serve it and are signed in, `ready` of them, and
    `free` of these without any work.
    """

    over: int = 0
    level: float | None = None
    expected_level: float | None = None
    staffed: int = 0
    ready: int = 0
    free: int = 0


class QueueOverview(Struct, frozen=True, kw_only=True):
    """A queue now. `oldest_queued_at` in microseconds since the epoch, null when nobody waits.

    `wait_per_place_us`: the item at place n is likely to wait n times this; null while too little is known.
    `titles`: language -> text, where the site gives several. `opening` is hours, open or closed, and `closed` what
    follows from it now. `emergency`: all who wait and come are told something.
    """

    queue: str
    medium: str
    waiting: int
    oldest_queued_at: int | None
    title: str = ""
    titles: dict[str, str] = {}
    teams: tuple[str, ...] = ()
    opening: str = "hours"
    closed: bool = False
    emergency: bool = False
    service_level: ServiceLevel | None = None
    wait_per_place_us: int | None = None
    today: QueueFigures = QueueFigures()
    outlook: QueueOutlook = QueueOutlook()


class ChannelOverview(Struct, frozen=True, kw_only=True):
    """A channel today; `owner` is the team that looks after it. What waits and is served stands in the items."""

    channel: str
    title: str
    medium: str
    owner: str
    titles: dict[str, str] = {}
    today: QueueFigures = QueueFigures()
    within: int = 0
    level: float | None = None


class HeldWork(Struct, frozen=True, kw_only=True):
    """One reservation that an agent holds now; `since` is when it was offered, in microseconds since the epoch."""

    interaction_id: str
    medium: str
    queue: str
    state: str
    since: int
    work_id: str = ""


class AgentFigures(Struct, frozen=True, kw_only=True):
    """Today's figures of an agent (docs/statistics.md)."""

    handled: int = 0
    missed: int = 0
    rejected: int = 0
    mean_handle_us: int | None = None
    occupancy: float | None = None


class AgentOverview(Struct, frozen=True, kw_only=True):
    """An agent now. `since`: when this presence began, in microseconds since the epoch; load and capacity in units.

    takes: the media of which new work comes to them now, whatever they hold; paused: those that they do not want for
    now. next_presence: what they queued for the end of their work.
    """

    agent_id: str
    team: str
    presence: str
    reason: str | None
    since: int
    connected: bool
    load: int
    capacity: int
    held: tuple[HeldWork, ...] = ()
    display_name: str = ""
    skills: dict[str, int] = {}
    today: AgentFigures = AgentFigures()
    takes: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    next_presence: str | None = None
    next_reason: str | None = None


class LiveBoard(Protocol):
    """The state of this moment, from memory."""

    def queues(self) -> Sequence[QueueOverview]:
        """Every queue."""
        ...

    def agents(self) -> Sequence[AgentOverview]:
        """Every agent."""
        ...


class Scopes(Protocol):
    """Whom and what a caller's teams cover (server.floor.scopes)."""

    def of(self, caller: Caller) -> Scope:
        """The caller's scope now."""
        ...


class Health(Protocol):
    """Whether the server can do its work."""

    async def checks(self) -> Mapping[str, str | None]:
        """Each check by name: None when it is fine, else what is wrong, in words that may be public."""
        ...


class MetricsSource(Protocol):
    """The metrics (telemetry.metrics.Metrics)."""

    @property
    def content_type(self) -> str:
        """The Content-Type of `render`."""
        ...

    def render(self) -> bytes:
        """All of them now."""
        ...
