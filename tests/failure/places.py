"""Where nodes and clients run: all of them on loopback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.ports import HOST


class Place(Protocol):
    """Where a node runs."""

    @property
    def host(self) -> str: ...

    def command(self, plain: Sequence[str]) -> list[str]: ...


class Places(Protocol):
    """Where all of them run; `host` is where the clients and the ways to Redis are."""

    @property
    def host(self) -> str: ...

    def of(self, name: str) -> Place: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Loopback:
    """127.0.0.1, for everybody."""

    host: str = HOST

    def of(self, name: str) -> "Loopback":
        """The same for all."""
        return self

    def close(self) -> None:
        """Nothing to undo."""

    def command(self, plain: Sequence[str]) -> list[str]:
        """As it is."""
        return list(plain)
