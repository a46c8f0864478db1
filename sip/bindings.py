"""Where users' phones are: the bindings of a registrar (RFC 3261 s.10), as values, and their persistence port."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sip.flow import Flow


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of a user, with the flow it came by. `q` in thousandths; `expires_at_us` on the settings' clock."""

    user: str
    contact: str
    q: int
    expires_at_us: int
    call_id: str
    cseq: int
    transport: str
    host: str
    port: int
    instance: str = ""

    @property
    def flow(self) -> Flow:
        """The way back to the phone."""
        return Flow(self.transport, self.host, self.port)


class BindingStore(Protocol):
    """Keeps bindings over a restart; owned here, implemented by whoever has a store."""

    async def load(self) -> list[Binding]:
        """All stored bindings."""

    async def save(self, user: str, bindings: Sequence[Binding]) -> None:
        """Replace one user's bindings; an empty sequence removes them."""


class MemoryBindings:
    """Bindings that live as long as this object; for tests and single runs."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Binding]] = {}

    async def load(self) -> list[Binding]:
        """All stored bindings."""
        return [binding for bindings in self.kept.values() for binding in bindings]

    async def save(self, user: str, bindings: Sequence[Binding]) -> None:
        """Replace one user's bindings; an empty sequence removes them."""
        if bindings:
            self.kept[user] = list(bindings)
        else:
            self.kept.pop(user, None)
