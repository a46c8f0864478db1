"""Past-tense facts that the dispatcher is told. Identifiers only: personal data lives in SQL.

Every event is stamped by the pump with (sequence, now, cause) and journalled as it is, so that a replay of the
journal through a new dispatcher gives the identical assignments. Events of the last group change no routing state;
they go through the same journal so that an interaction has one story in one order.
"""

from typing import Final

from msgspec import Struct

from router.policy import Policy
from router.vocabulary import EVERY_MEDIUM, EndedBy, Medium, Outcome, Presence, Requirement


class PolicyChanged(Struct, frozen=True, array_like=True):
    """A version of the policy became current; it applies at once to those who already wait."""

    policy: Policy


class AgentConnected(Struct, frozen=True, gc=False, array_like=True):
    """The agent can be reached by these media. `generation` grows with each connection.

    It may come again with the generation that holds, when the media change (a browser leg comes later than its page).

    node: the one that holds the connection; when it is lost, so is the connection.
    """

    agent_id: str
    generation: int
    node: str = ""
    media: tuple[Medium, ...] = EVERY_MEDIUM


class AgentDisconnected(Struct, frozen=True, gc=False, array_like=True):
    """That connection is gone. A disconnect of an older generation is without effect."""

    agent_id: str
    generation: int


class PresenceSet(Struct, frozen=True, gc=False, array_like=True):
    """The agent (or, with `by`, somebody else) declared a presence. OFFLINE is signing out."""

    agent_id: str
    presence: Presence
    reason: str | None = None
    by: str | None = None


class PresenceQueued(Struct, frozen=True, gc=False, array_like=True):
    """The agent (or, with `by`, somebody else) declared what comes after the work that they hold; None: nothing.

    Without work it is as PresenceSet. Until then, who goes is offered nothing new; any other change of the presence
    takes it back.
    """

    agent_id: str
    presence: Presence | None
    reason: str | None = None
    by: str | None = None


class MediaPaused(Struct, frozen=True, gc=False, array_like=True):
    """These are all the media of which the agent takes no new work until they say otherwise or sign out."""

    agent_id: str
    media: tuple[Medium, ...]
    by: str | None = None


class WorkQueued(Struct, frozen=True, gc=False, array_like=True):
    """An interaction wants an agent. `priority` is added to the queue's own; higher is sooner.

    condition: an expression (router.expression_parser) beside `requirements`.
    attributes: sorted (name, value) pairs that rules speak of (channel, language, customer.tier); nothing that
    identifies a person.
    preferred: agents who come first, in order, while the queue's patience lasts. named: the only agents for it; empty
    for all. units: what it takes of an agent's total, where the item itself says. not_before: shard time before which
    it is not offered (scheduled work). since: the shard time from which its place counts, where it keeps an older one.
    callback: the customer is not there and is called when an agent has accepted. directed: keeps the item for this
    agent, whatever their skills, as WorkDirected does later (a transfer to a colleague). taken_over: that agent asked
    for it, and is offered it whether they are ready or not, if they are there and have room. until:
    shard time after which it is refused: whoever asked may have asked again elsewhere by then. origin: the shard whose
    node has the customer on the line, where that is another one; then it leaves for no other one.
    """

    work_id: str
    interaction_id: str
    medium: Medium
    queue: str
    requirements: tuple[Requirement, ...] = ()
    priority: int = 0
    node: str = ""
    condition: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    preferred: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    units: int | None = None
    not_before: int | None = None
    since: int | None = None
    callback: bool = False
    directed: str | None = None
    taken_over: bool = False
    until: int | None = None
    origin: str = ""


class CustomerLeft(Struct, frozen=True, gc=False, array_like=True):
    """The customer is gone. Legal in every state; unknown or closed work is without effect."""

    work_id: str


class OfferAccepted(Struct, frozen=True, gc=False, array_like=True):
    """The agent took the offer; while it stands, this is the compare-and-set that decides."""

    reservation_id: str
    agent_id: str


class OfferRejected(Struct, frozen=True, gc=False, array_like=True):
    """The agent declined. The item keeps its place and rests for this agent only."""

    reservation_id: str
    agent_id: str
    reason: str | None = None


class OfferFailed(Struct, frozen=True, gc=False, array_like=True):
    """The offer could not reach the agent (phone busy, unreachable, leg refused)."""

    reservation_id: str
    reason: str


class AssignmentConnected(Struct, frozen=True, gc=False, array_like=True):
    """The customer and the agent are joined."""

    reservation_id: str


class AssignmentFailed(Struct, frozen=True, gc=False, array_like=True):
    """The agent's side died for good, before or after the join; the item goes back to its place."""

    reservation_id: str
    reason: str


class AssignmentEnded(Struct, frozen=True, gc=False, array_like=True):
    """Somebody left the conversation; wrap-up begins."""

    reservation_id: str
    by: EndedBy
    reason: str | None = None


class WrapUpFinished(Struct, frozen=True, gc=False, array_like=True):
    """The agent closed wrap-up with a disposition (the note itself is in SQL)."""

    reservation_id: str
    agent_id: str
    disposition: str | None = None


class WrapUpExtended(Struct, frozen=True, gc=False, array_like=True):
    """The agent asks for so much more wrap-up time; the queue says how much in all."""

    reservation_id: str
    agent_id: str
    by_us: int


class WorkParked(Struct, frozen=True, gc=False, array_like=True):
    """The agent parks a conversation until its customer says something; its units are free at once.

    until: the shard time at which it comes back to them at the latest; None for as late as the queue allows.
    """

    reservation_id: str
    agent_id: str
    until: int | None = None


class WorkRecalled(Struct, frozen=True, gc=False, array_like=True):
    """The customer of a parked item said something, or its agent wants it back. Without effect for any other."""

    work_id: str


class CallbackRequested(Struct, frozen=True, gc=False, array_like=True):
    """A customer who waits would rather be called: the item keeps its place, and they may leave (virtual hold)."""

    work_id: str


class CallbackFailed(Struct, frozen=True, gc=False, array_like=True):
    """The customer of an accepted callback was not reached; the queue says whether and when it is tried again."""

    reservation_id: str
    reason: str


class WorkPrioritised(Struct, frozen=True, gc=False, array_like=True):
    """Somebody (`by`) gave an item that is not taken yet another priority of its own."""

    work_id: str
    priority: int
    by: str


class DayStarted(Struct, frozen=True, gc=False, array_like=True):
    """The site's day began: what is counted by day starts at nought."""


class WorkMoved(Struct, frozen=True, gc=False, array_like=True):
    """Somebody (`by`) put an item that is not taken yet into another queue; it keeps the time of its queueing."""

    work_id: str
    queue: str
    by: str


class WorkDirected(Struct, frozen=True, gc=False, array_like=True):
    """Somebody (`by`) keeps an item that is not taken yet for one agent, whatever their skills; None lets it go."""

    work_id: str
    agent_id: str | None
    by: str


class WorkCancelled(Struct, frozen=True, gc=False, array_like=True):
    """Somebody (`by`) ends an item, wherever it stands."""

    work_id: str
    by: str


class WorkTakenUp(Struct, frozen=True, gc=False, array_like=True):
    """Another node carries out what is decided of an item: `node` in place of `before`, where it was."""

    work_id: str
    node: str
    before: str


class HandoffAsked(Struct, frozen=True, gc=False, array_like=True):
    """The shard `source` hands an item over, by its own `token`; it asks again until it has the answer.

    settled: its tokens up to this are over. ended: how the item ended since, if it did; then it is not begun here, or
    ends here too.
    """

    source: str
    token: int
    settled: int
    work: WorkQueued
    ended: Outcome | None = None


class HandoffAnswered(Struct, frozen=True, gc=False, array_like=True):
    """The shard `shard` said what it did with an item of this one: "" for taken, else why not (`refused`).

    ended: it knew that the item had ended when it said so.
    """

    shard: str
    token: int
    refused: str
    ended: bool


class HandoffHosted(Struct, frozen=True, gc=False, array_like=True):
    """A node of the shard `shard` has made room for the customer of an item of this one: `host`, or "" for none there.

    never: the item cannot go there at all, so that it is of no use to try again.
    """

    shard: str
    token: int
    host: str
    never: bool = False


class NodeLost(Struct, frozen=True, gc=False, array_like=True):
    """The node that signalled these calls died: its voice work is closed as such, its agents are not connected."""

    node: str


class TimePassed(Struct, frozen=True, gc=False, array_like=True):
    """A deadline of the dispatcher came; replay calls `expire(now)`."""


class InteractionOpened(Struct, frozen=True, gc=False, array_like=True):
    """A customer's attempt began on `channel` at the published `entry`."""

    interaction_id: str
    channel: str
    medium: Medium
    entry: str
    node: str


class InteractionNoted(Struct, frozen=True, gc=False, array_like=True):
    """One step of the story: `kind` is a word of docs/journal.md, `detail` sorted pairs without personal data."""

    interaction_id: str
    kind: str
    detail: tuple[tuple[str, str], ...] = ()


class InteractionClosed(Struct, frozen=True, gc=False, array_like=True):
    """The customer's attempt is over (wrap-up may still run)."""

    interaction_id: str
    outcome: str


RoutingEvent = (
    PolicyChanged
    | AgentConnected
    | AgentDisconnected
    | PresenceSet
    | PresenceQueued
    | MediaPaused
    | WorkQueued
    | CustomerLeft
    | OfferAccepted
    | OfferRejected
    | OfferFailed
    | AssignmentConnected
    | AssignmentFailed
    | AssignmentEnded
    | WrapUpFinished
    | WrapUpExtended
    | WorkParked
    | WorkRecalled
    | CallbackRequested
    | CallbackFailed
    | WorkPrioritised
    | DayStarted
    | WorkMoved
    | WorkDirected
    | WorkCancelled
    | WorkTakenUp
    | HandoffAsked
    | HandoffAnswered
    | HandoffHosted
    | NodeLost
    | TimePassed
)
StoryEvent = InteractionOpened | InteractionNoted | InteractionClosed
STORY: Final = frozenset({InteractionOpened, InteractionNoted, InteractionClosed})
"""The types of a story's lines: they change nothing, and nothing follows from them."""
Event = RoutingEvent | StoryEvent
