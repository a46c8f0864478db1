"""Where the server is: redis://[user:password@]host[:port][/db] or unix://[user:password@]/path[?db=n]."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL; `path` is set for a unix socket, host and port otherwise."""

    path: str | None
    host: str
    port: int
    db: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def greeting(self) -> Iterator[tuple[str, ...]]:
        """Yield the commands that a new connection begins with."""
        if self.password is not None:
            yield ("AUTH", self.username, self.password) if self.username else ("AUTH", self.password)
        if self.db:
            yield ("SELECT", str(self.db))

    def __str__(self) -> str:
        return self.path if self.path is not None else f"{self.host}:{self.port}"


def parse_address(url: str) -> Address:
    """Parse a URL. Raises ValueError for another scheme or a malformed one."""
    parts = urlsplit(url)
    password = unquote(parts.password) if parts.password is not None else None
    username = unquote(parts.username) if parts.username else None
    if parts.scheme == "unix" and parts.path:
        db = int(parse_qs(parts.query).get("db", ["0"])[0])
        return Address(unquote(parts.path), "", 0, db, username, password)
    if parts.scheme == "redis":
        return Address(None, parts.hostname or "127.0.0.1", parts.port or 6379, _db(parts.path), username, password)
    raise ValueError(f"not a redis:// or unix:// URL: scheme {parts.scheme!r}")


def _db(path: str) -> int:
    text = path.strip("/")
    return int(text) if text else 0
