"""Unacknowledged messages of one session, bounded by count and by bytes. Pure."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """What may wait for one agent; beyond it the session is resynchronised by a snapshot instead."""

    messages: int = 256
    size: int = 256 * 1024


class Outbox:
    """A contiguous run of numbered payloads: `first` .. `last`."""

    __slots__ = ("_items", "_limits", "first", "size")

    def __init__(self, limits: OutboxLimits) -> None:
        self._limits = limits
        self._items: deque[bytes] = deque()
        self.first = 1
        self.size = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def last(self) -> int:
        """The highest number held, or `first - 1` when empty."""
        return self.first + len(self._items) - 1

    def restart(self, first: int) -> None:
        """Forget everything; the next number is `first`."""
        self._items.clear()
        self.size = 0
        self.first = first

    def append(self, payload: bytes) -> bool:
        """Add as number `last + 1`; False, with nothing changed, when it does not fit."""
        if len(self._items) >= self._limits.messages or self.size + len(payload) > self._limits.size:
            return False
        self._items.append(payload)
        self.size += len(payload)
        return True

    def prepend(self, payload: bytes) -> None:
        """Put a snapshot before what is held, as number `first - 1`; it is not limited."""
        self._items.appendleft(payload)
        self.size += len(payload)
        self.first -= 1

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to and including `seq`."""
        while self._items and self.first <= seq:
            self.size -= len(self._items.popleft())
            self.first += 1

    def get(self, seq: int) -> bytes | None:
        """The payload with that number, or None when it is not held."""
        index = seq - self.first
        return self._items[index] if 0 <= index < len(self._items) else None
