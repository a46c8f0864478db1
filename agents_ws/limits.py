"""How much one connection may do, and how fast. Pure."""

from dataclasses import dataclass, field

from agents_ws.messages import MAX_MESSAGE_BYTES
from agents_ws.session import SessionLimits


class RateLimit:
    """A token bucket in integers: `per_second` messages, `burst` at once. Times are microseconds."""

    __slots__ = ("_at", "_burst", "_credit", "_rate")

    def __init__(self, per_second: int, burst: int, now: int) -> None:
        self._rate = per_second
        self._burst = burst * 1_000_000
        self._credit = self._burst
        self._at = now

    def take(self, now: int) -> bool:
        """Whether one more message is within the limit."""
        self._credit = min(self._burst, self._credit + max(0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        if self._credit < 1_000_000:
            return False
        self._credit -= 1_000_000
        return True


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Bounds of one connection. Seconds, bytes, messages a second."""

    session: SessionLimits = field(default_factory=SessionLimits)
    hello_timeout_s: float = 5.0
    heartbeat_s: float = 15.0
    # How often the token of somebody who stays is looked at again.
    token_check_s: float = 300.0
    write_timeout_s: float = 10.0
    command_timeout_s: float = 10.0
    leg_timeout_s: float = 20.0
    close_timeout_s: float = 2.0
    max_message_bytes: int = MAX_MESSAGE_BYTES
    # An agent's program may acknowledge every message that it gets, and chats bring many.
    messages_per_second: int = 100
    burst: int = 300
    write_buffer_bytes: int = 64 * 1024
