"""Where the store is: one server, the master that sentinels name, or a cluster.

redis://[user:password@]host[:port][/db]                     one server
unix://[user:password@]/path[?db=n]                          one server on this machine
redis+sentinel://[user:password@]host[:port],.../name[/db]   the master of this name; ports are the sentinels'
redis+cluster://[user:password@]host[:port],...              some nodes of a cluster, which says where the others are
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from store.errors import AddressError

_PORT = 6379
_SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class Login:
    """How a connection begins. Redis Cluster has database 0 only."""

    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def greeting(self) -> Iterator[tuple[str, ...]]:
        """Yield the commands that a new connection begins with."""
        if self.password is not None:
            yield ("AUTH", self.username, self.password) if self.username else ("AUTH", self.password)
        if self.db:
            yield ("SELECT", str(self.db))


@dataclass(frozen=True, slots=True)
class Address:
    """One server; `path` is set for a unix socket, host and port otherwise."""

    path: str | None
    host: str
    port: int
    login: Login = Login()

    async def find(self) -> "Address":
        """Where to connect: here (store.link.Route)."""
        return self

    def __str__(self) -> str:
        return self.path if self.path is not None else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Sentinels:
    """The master `name`, wherever these sentinels say that it is now. They are asked without a password."""

    nodes: tuple[tuple[str, int], ...]
    name: str
    login: Login = Login()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that some of these nodes belong to."""

    nodes: tuple[tuple[str, int], ...]
    login: Login = Login()


Place = Address | Sentinels | Cluster


def parse_address(url: str) -> Place:
    """Parse a URL. Raises AddressError for another scheme or a malformed one; the text has no password in it."""
    try:
        return _parsed(url)
    except ValueError as error:
        raise AddressError(f"the URL of the store cannot be used: {error}") from None


def _parsed(url: str) -> Place:
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    name, colon, word = user.partition(":")
    username, password = unquote(name) or None, unquote(word) if at and colon else None
    match parts.scheme:
        case "unix" if parts.path:
            db = int(parse_qs(parts.query).get("db", ["0"])[0])
            return Address(unquote(parts.path), "", 0, Login(db, username, password))
        case "redis":
            if "," in hosts:
                raise ValueError("one server is expected; several are redis+sentinel:// or redis+cluster://")
            ((host, port),) = _nodes(hosts or "127.0.0.1", _PORT)
            return Address(None, host, port, Login(_db(parts.path), username, password))
        case "redis+sentinel":
            master, _, db_text = parts.path.strip("/").partition("/")
            if not master:
                raise ValueError("the master's name is missing: redis+sentinel://host:port,host:port/name")
            return Sentinels(_nodes(hosts, _SENTINEL_PORT), master, Login(_db(db_text), username, password))
        case "redis+cluster":
            if parts.path.strip("/"):
                raise ValueError("a cluster has no numbered databases")
            return Cluster(_nodes(hosts, _PORT), Login(0, username, password))
        case _:
            raise ValueError(f"not a redis:// or unix:// URL: scheme {parts.scheme!r}")


def _nodes(text: str, default_port: int) -> tuple[tuple[str, int], ...]:
    """`host[:port],...`; an IPv6 address stands in brackets."""
    found: list[tuple[str, int]] = []
    for one in text.split(","):
        parts = urlsplit(f"//{one}")
        if not parts.hostname:
            raise ValueError(f"a host is missing in {text!r}")
        found.append((parts.hostname, parts.port or default_port))
    return tuple(found)


def _db(path: str) -> int:
    text = path.strip("/")
    return int(text) if text else 0
