"""What can go wrong in the store, as its callers have to tell it apart."""

# ruff: noqa: N818 - the names say what happened, in the words of the design

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    AskError,
    ClusterDownError,
    ClusterError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

# Replies of a server that is not (or no longer, or not yet) the one to write to: as good as a lost connection.
_ELSEWHERE = ("LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "UNBLOCKED", "MOVED", "ASK")
# The same as redis-py tells them: it takes the first word off their texts.
_LOST = (
    RedisConnectionError,
    RedisTimeoutError,
    OSError,
    ReadOnlyError,
    MasterDownError,
    AskError,
    ClusterDownError,
    ClusterError,
    RedisClusterException,
)
# uvloop says so of a connection that broke a moment ago.
_CLOSED = "the handler is closed"
# Replies of the right server while it cannot write: memory, disk, replicas, a script that runs on.
_UNABLE = ("OOM", "MISCONF", "NOREPLICAS", "BUSY ", "TRYAGAIN")


class StoreError(Exception):
    """Base of all errors of the store."""


class StoreLost(StoreError):
    """The connection broke or the reply did not come: whether the command was carried out is unknown.

    A commit may be repeated as it was: its sequence makes it idempotent.
    """


class StoreUnable(StoreLost):
    """The server takes no writes for now (out of memory, a disk that fails, too few replicas): nothing changed.

    To its callers it is as if it were away: what is decided waits and is tried again.
    """


class StoreEmpty(StoreError):
    """The store knows nothing of the shard, though the records have turns of it: another server, or all is lost."""

    def __init__(self, recorded: int) -> None:
        super().__init__(
            f"the store is empty, but the records of this site go up to turn {recorded}. Is it the right server "
            "(--redis-url, --data-dir)? Bring its data back, or give up what was open in it and run "
            "`python -m server accept-empty-store` once, with the same settings"
        )


class StoreRefused(StoreError):
    """The server refused the command (a key of another type, an unknown function): nothing changed."""


class AddressError(StoreError, ValueError):
    """The URL says not where the store is."""


class StoreTooOld(StoreError):
    """The server lacks what the store needs (Redis 7.0 or Valkey 7.2)."""


class StoreCorrupt(StoreError):
    """The server holds, or answered, something that this code did not write."""


class UnknownVersion(StoreError):
    """A stored value was written by another version of the codec."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"stored value has codec version {found}, this server reads version {known}")
        self.found = found
        self.known = known


class UnknownPolicy(StoreError):
    """A stored value names a policy version that the store does not have."""

    def __init__(self, version: str) -> None:
        super().__init__(f"policy version {version!r} is not in the store")
        self.version = version


class PolicyConflict(StoreError):
    """A policy version that exists already was given other content; a version names one content for good."""

    def __init__(self, version: str) -> None:
        super().__init__(f"policy version {version!r} is stored already with other content")
        self.version = version


class LeaseHeld(StoreError):
    """Another node owns the shard. `epoch` is what `break_lease` compares with."""

    def __init__(self, owner: str, epoch: int, remaining_ms: int) -> None:
        super().__init__(f"the shard is owned by {owner!r} (epoch {epoch}) for another {remaining_ms} ms")
        self.owner = owner
        self.epoch = epoch
        self.remaining_ms = remaining_ms


class Deposed(StoreError):
    """A newer epoch exists: this owner must stop at once. Nothing was changed."""

    def __init__(self, held: int, current: int) -> None:
        super().__init__(f"epoch {held} is over, the shard is at epoch {current}")
        self.held = held
        self.current = current

    @property
    def went_back(self) -> bool:
        """Whether nobody has deposed anybody: the store has lost that this epoch was given."""
        return self.current < self.held


class StruckOff(StoreError):
    """The shard does not know this node, or not any more: others count it as lost. Nothing was taken."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} is not among the shard's nodes")
        self.label = label


class InboxGap(StoreError):
    """Requests before these are not in the inbox (any more): send again from the one after `known`."""

    def __init__(self, known: int) -> None:
        super().__init__(f"the inbox has the requests up to {known}")
        self.known = known


class OutOfOrder(StoreError):
    """The turns do not follow the last applied one, or differ from what was applied. Nothing was changed."""

    def __init__(self, first: int, applied: int, reason: str = "a gap") -> None:
        super().__init__(f"turn {first} refused after turn {applied}: {reason}")
        self.first = first
        self.applied = applied


def refusal(message: str) -> StoreError:
    """Return the error that stands for the server's error reply `message`."""
    if message.startswith(_UNABLE):
        return StoreUnable(message)
    return StoreLost(message) if message.startswith(_ELSEWHERE) else StoreRefused(message)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn redis-py's errors into the store's."""
    try:
        yield
    except _LOST as error:
        raise StoreLost(str(error)) from error
    except TryAgainError as error:
        raise StoreUnable(f"TRYAGAIN {error}") from error
    except OutOfMemoryError as error:
        raise StoreUnable(f"OOM {error}") from error
    except ResponseError as error:
        raise refusal(str(error)) from error
    except RuntimeError as error:
        # uvloop's word for writing to a connection that broke while redis-py was making it.
        if _CLOSED not in str(error):
            raise
        raise StoreLost(str(error)) from error
