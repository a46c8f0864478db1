"""What is said on the live board's WebSocket. docs/board-ws.md has an example of each message."""

import msgspec

from http_api.alerts_api import AlertOverview
from http_api.calls_api import LiveCall
from http_api.chats_api import LiveChat
from http_api.follow_ups_api import ShownFollowUp
from http_api.help_api import HelpRequest
from http_api.ports import AgentOverview, ChannelOverview, QueueOverview

# A page cannot see the pings of the WebSocket itself: by this it knows that what it shows is of now.
BEAT_S = 5.0


class BoardWork(msgspec.Struct, frozen=True, kw_only=True):
    """An open item; times in microseconds since the epoch.

    `order` sorts the waiting items of a queue, smallest first. `offered_to` has the offer now, `directed` has it kept
    for them. `due_at`: when the target is missed; `breach`: how likely that is, in tenths, null while too little is
    known. `agent_id` has taken it, and `since` is when its state (assigned, connected, wrap_up) began.
    `customer`: number or name, "" when neither is known; `ring`: how many rings of its queue hold for it.
    """

    work_id: str
    interaction_id: str
    medium: str
    queue: str
    state: str
    queued_at: int
    attempts: int
    order: tuple[int, int, int]
    requirements: dict[str, int]
    offered_to: str | None = None
    directed: str | None = None
    due_at: int | None = None
    breach: float | None = None
    customer: str = ""
    channel: str = ""
    ring: int = 0
    priority: int = 0
    agent_id: str | None = None
    since: int | None = None


class TrendSlot(msgspec.Struct, frozen=True):
    """The service level (0-1, of those whose wait is over) between two moments, in microseconds since the epoch."""

    since: int
    until: int
    level: float


class QueueTrend(msgspec.Struct, frozen=True):
    """The last four hours of a queue in quarters of an hour, without those in which nobody's wait ended."""

    queue: str
    slots: tuple[TrendSlot, ...]


Thing = (
    QueueOverview
    | AgentOverview
    | BoardWork
    | AlertOverview
    | ChannelOverview
    | LiveCall
    | LiveChat
    | HelpRequest
    | QueueTrend
    | ShownFollowUp
)
# What it is (a field of Gone) and its id.
Key = tuple[str, str]


Labels = dict[str, dict[str, str]]


class Titles(msgspec.Struct, frozen=True):
    """What the site calls things: code -> language -> text."""

    reasons: Labels = {}
    skills: Labels = {}
    teams: Labels = {}
    # After how long a reason is told as an alert, in microseconds; "" is for all that have no limit of their own.
    limits: dict[str, int] = {}


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    """The client's first and only message."""

    token: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Who is watching (`agent_id` of an account with one), and the server's clock in microseconds since the epoch.

    `reasons`: why an agent may be set not ready, `skills` and `team_titles`: all of the site; each code with its title
    by language. `beat_us`: how long the server is silent at most. `peers`: where other nodes of the server are reached
    now (URLs), for when this one is gone.
    """

    account: str
    role: str
    teams: tuple[str, ...]
    server_time_us: int
    reasons: Labels = {}
    skills: Labels = {}
    team_titles: Labels = {}
    beat_us: int = int(BEAT_S * 1e6)
    agent_id: str | None = None
    limits: dict[str, int] = {}
    peers: tuple[str, ...] = ()


class Named(msgspec.Struct, frozen=True, tag="titles"):
    """The site was read again, or edited: its names are these now, as in the welcome."""

    server_time_us: int
    reasons: Labels
    skills: Labels
    team_titles: Labels
    limits: dict[str, int]


class Gone(msgspec.Struct, frozen=True):
    """What is no longer on the board (or no longer in the caller's reach), by id."""

    queues: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    trends: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """The whole board; whatever the client had before is void."""

    version: int
    server_time_us: int
    queues: tuple[QueueOverview, ...]
    agents: tuple[AgentOverview, ...]
    work: tuple[BoardWork, ...]
    alerts: tuple[AlertOverview, ...] = ()
    channels: tuple[ChannelOverview, ...] = ()
    chats: tuple[LiveChat, ...] = ()
    help: tuple[HelpRequest, ...] = ()
    trends: tuple[QueueTrend, ...] = ()
    calls: tuple[LiveCall, ...] = ()
    follow_ups: tuple[ShownFollowUp, ...] = ()


class Change(msgspec.Struct, frozen=True, tag="change"):
    """Each thing replaces the one with its id."""

    version: int
    server_time_us: int
    queues: tuple[QueueOverview, ...]
    agents: tuple[AgentOverview, ...]
    work: tuple[BoardWork, ...]
    alerts: tuple[AlertOverview, ...]
    channels: tuple[ChannelOverview, ...]
    chats: tuple[LiveChat, ...]
    help: tuple[HelpRequest, ...]
    trends: tuple[QueueTrend, ...]
    calls: tuple[LiveCall, ...]
    follow_ups: tuple[ShownFollowUp, ...]
    gone: Gone


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Nothing has changed, and the connection lives. `peers` as in the welcome."""

    server_time_us: int
    peers: tuple[str, ...] = ()
