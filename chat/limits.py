"""How much a visitor may do, how fast and how often. Pure. Sizes in characters and bytes, times in seconds."""

from dataclasses import dataclass

from chat.sniff import ENDINGS


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Bounds of the visitors' side. A rate is a token bucket: `*_per_minute` steadily, `*_burst` at once."""

    text_chars: int = 4000
    name_chars: int = 80
    messages_per_chat: int = 1000
    messages_per_minute: int = 60
    message_burst: int = 10
    requests_per_minute: int = 600
    request_burst: int = 60
    opens_per_minute: int = 30
    open_burst: int = 10
    open_chats_per_address: int = 20
    open_chats: int = 5000
    connections_per_chat: int = 4
    frame_bytes: int = 64 * 1024
    hello_timeout_s: float = 10.0
    write_timeout_s: float = 10.0
    heartbeat_s: float = 20.0
    close_timeout_s: float = 2.0
    poll_s: float = 25.0
    page: int = 100
    tail: int = 200
    file_types: tuple[str, ...] = tuple(ENDINGS)
    file_bytes: int = 10 * 1024 * 1024
    files_per_chat: int = 20
    uploads: int = 32
    uploads_per_chat: int = 3
    upload_idle_s: float = 30.0
    upload_s: float = 300.0


class Bucket:
    """A token bucket in integers. Times are microseconds."""

    __slots__ = ("_at", "_burst", "_credit", "_rate")

    def __init__(self, per_minute: int, burst: int, now: int) -> None:
        self._rate = per_minute
        self._burst = burst * 60_000_000
        self._credit = self._burst
        self._at = now

    def take(self, now: int) -> bool:
        """Whether one more is within the limit; counts it if so."""
        self._credit = min(self._burst, self._credit + max(0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        if self._credit < 60_000_000:
            return False
        self._credit -= 60_000_000
        return True

    def full(self, now: int) -> bool:
        """Whether nothing was taken for so long that this bucket need not be remembered."""
        return self._credit + max(0, now - self._at) * self._rate >= self._burst


class Buckets:
    """A bucket for each key; what is full again is forgotten, and there are never more than `most`."""

    def __init__(self, per_minute: int, burst: int, most: int = 10_000) -> None:
        self._shape = (per_minute, burst)
        self._most = most
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def reshape(self, per_minute: int, burst: int) -> None:
        """Other bounds from now on; when they differ, everybody begins anew."""
        if (per_minute, burst) != self._shape:
            self._shape = (per_minute, burst)
            self._buckets.clear()

    def take(self, key: str, now: int) -> bool:
        """Whether one more of this key is within the limit; no new key is let in while all places are taken."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most:
                self._buckets = {name: each for name, each in self._buckets.items() if not each.full(now)}
            if len(self._buckets) >= self._most:
                return False
            bucket = self._buckets[key] = Bucket(*self._shape, now)
        return bucket.take(now)
