"""The words that every part of the router shares: media, presence, requirements, outcomes.

Times are integer microseconds of the shard's clock, durations integer microseconds.
"""

from enum import StrEnum

from msgspec import Struct

MIN_PROFICIENCY = 1
MAX_PROFICIENCY = 10


class Medium(StrEnum):
    """The unit in which capacity is counted."""

    VOICE = "voice"
    CHAT = "chat"
    EMAIL = "email"


EVERY_MEDIUM = tuple(Medium)


class Presence(StrEnum):
    """What an agent declares. Offered, connected and wrap-up follow from the work held, never from here."""

    OFFLINE = "offline"
    NOT_READY = "not_ready"
    READY = "ready"


class WorkState(StrEnum):
    """Where a work item stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    # Handed to another shard that has not said yet whether it takes it (router.handoff).
    LEAVING = "leaving"
    CLOSED = "closed"


class OfferState(StrEnum):
    """Where a reservation stands, from the claim until capacity is free again."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"


class Outcome(StrEnum):
    """The system's fact about how a work item ended (the agent's own code is the disposition)."""

    HANDLED = "handled"
    ABANDONED = "abandoned"
    NODE_LOST = "node_lost"
    CANCELLED = "cancelled"
    # The item left by a rule of its queue (full, closed, too long a wait) for what its channel does next.
    DIVERTED = "diverted"
    # A promised callback that nobody answered, as often as its queue tries.
    UNREACHED = "unreached"
    # Another shard has the item: what becomes of it is told there.
    HANDED_OVER = "handed_over"


class EndedBy(StrEnum):
    """Who left a connected assignment first."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class WithdrawReason(StrEnum):
    """Why an offer ended without (or before) a conversation."""

    ABANDONED = "abandoned"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    SIGNED_OUT = "signed_out"
    NODE_LOST = "node_lost"
    POLICY = "policy"
    MOVED = "moved"
    DIRECTED = "directed"
    CANCELLED = "cancelled"
    # Another agent to whom the item was offered at the same time accepted it first.
    TAKEN = "taken"
    # A ring or a closing of the queue sent the item elsewhere.
    RULE = "rule"


# Reasons that the router itself gives when it sets an agent not-ready; a site adds its own (lunch, training).
REASON_SIGNED_IN = "signed_in"
REASON_MISSED_OFFER = "missed_offer"
REASON_LEG_FAILED = "leg_failed"
REASON_CONNECTION_LOST = "connection_lost"


class Requirement(Struct, frozen=True, order=True, gc=False, array_like=True):
    """A work item's demand: `skill` at a proficiency (1-10) from `minimum` to `maximum`."""

    skill: str
    minimum: int = MIN_PROFICIENCY
    maximum: int = MAX_PROFICIENCY
