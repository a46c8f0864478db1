"""The Redis Function library: assembled from lua/, named by its content, loaded at start; the floor of the server."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from store.errors import StoreTooOld

_LUA = Path(__file__).parent / "lua"
_SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Library:
    """`source` as FUNCTION LOAD takes it. Function names end in `suffix`, so that two versions live side by side."""

    name: str
    source: str
    suffix: str
    functions: frozenset[str]

    def function(self, name: str) -> str:
        """Return the name under which function `name` of this version is called."""
        return f"{name}_{self.suffix}"


@cache
def library() -> Library:
    """Assemble the library of this copy of the code."""
    files = sorted(_LUA.glob("*.lua"))
    names = [file.stem for file in files if file.stem != _SHARED]
    parts = [(_LUA / f"{_SHARED}.lua").read_text(), *((_LUA / f"{name}.lua").read_text() for name in names)]
    body = "\n".join(parts)
    suffix = hashlib.sha256(body.encode()).hexdigest()[:8]
    registered = "\n".join(_registration(name, suffix) for name in names)
    name = f"jackfield_{suffix}"
    return Library(name, f"#!lua name={name}\n{body}\n{registered}\n", suffix, frozenset(names))


def _registration(name: str, suffix: str) -> str:
    # What only reads must work on a server that cannot write now.
    flags = "'no-writes'" if name.startswith("read_") else ""
    return f"redis.register_function{{function_name='{name}_{suffix}', callback={name}, flags={{{flags}}}}}"


class Servers(Protocol):
    """All servers that take writes."""

    async def servers(self) -> list[dict[str, Any]]: ...

    async def load(self, source: str) -> None: ...


async def prepare(servers: Servers) -> Library:
    """Check the servers' versions and load the library. Raises StoreTooOld or StoreLost."""
    for info in await servers.servers():
        check_version(info)
    made = library()
    await servers.load(made.source)
    return made


def check_version(info: dict[str, Any]) -> None:
    """Raise StoreTooOld unless `info` (of INFO server) is of Redis 7.0, Valkey 7.2 or newer."""
    is_valkey = "valkey_version" in info
    found = str(info["valkey_version" if is_valkey else "redis_version"])
    floor = (7, 2) if is_valkey else (7, 0)
    if tuple(int(part) for part in found.split(".")[:2]) < floor:
        product = "Valkey" if is_valkey else "Redis"
        raise StoreTooOld(f"{product} {found} is too old: the store needs Redis 7.0 or Valkey 7.2 (Redis Functions)")
