"""What happens to a caller of this node while a node of another shard has the call (ADR 14). Pure."""

from msgspec import Struct


class TakenIn(Struct, frozen=True, gc=False):
    """The other shard has the work item; the caller hears and is heard there by `leg_id`."""

    work_id: str
    leg_id: str


class LodgingOver(Struct, frozen=True, gc=False):
    """The call is over there; `reason` says who ended it."""

    reason: str


class LodgingLost(Struct, frozen=True, gc=False):
    """That node is gone, or has no room any more: the caller waits here again, since `since` (shard time, µs)."""

    since: int


AwayEvent = TakenIn | LodgingOver | LodgingLost
