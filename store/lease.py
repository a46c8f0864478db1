"""What both stores of a shard, the one in Redis and its in-process twin, hand to their callers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from router.events import Event
from router.policy import Policy
from router.rows import ShardImage, Turn


@dataclass(frozen=True, slots=True)
class Lease:
    """Proof of ownership. `now_us` is the store's time when it was taken.

    `applied` and `clock` are the sequence and the `now` of the last committed turn: the owner goes on after both.
    """

    owner: str
    epoch: int
    lease_ms: int
    now_us: int
    applied: int
    clock: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What an owner has of its shard beside the store: enough to put back what a store has lost.

    `turns` are consecutive and end with the image's last; `senders`: by node, the number of the last request of it that
    was decided on; `gone`: nodes that were lost, and may not forward any more.
    """

    image: ShardImage
    policy: Policy
    turns: Sequence[Turn]
    senders: Mapping[str, int]
    gone: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ShardHead:
    """Who owns the shard now: `owner` is "" when it is free, `remaining_ms` at most 0 when the lease ran out.

    `served`: the owner has committed something under this epoch.
    """

    owner: str
    epoch: int
    remaining_ms: int
    now_us: int
    applied: int
    clock: int
    served: bool


@dataclass(frozen=True, slots=True)
class Request:
    """An event that a node forwards to the shard's owner; `cause` as a turn has it."""

    cause: str
    event: Event


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """An event from another node. Hand it to the commit of the turn that applied it.

    `request` is `label/number` of the node that forwarded it, "" for the last word on a node that was struck off.
    """

    id: str
    event: Event
    request: str = ""
    cause: str = ""
