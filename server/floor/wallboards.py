"""Wallboards: who a link's token is, what it reaches, and its screens, which go when the link is revoked."""

from collections.abc import Callable, Sequence
from typing import Protocol

from records.accounts import Role
from records.sessions import Caller
from records.wallboards import Changer, WallboardLink, Wallboards

# A link has no end of its own; it is revoked.
_NEVER = 2**63 - 1


class Screens(Protocol):
    """The board's sockets (http_api.board_ws.BoardSocket)."""

    def watching(self, account: str) -> int: ...

    async def end(self, account: str) -> None: ...


class WallboardDesk:
    """`wall` gives microseconds since the epoch. `screens` is set when there are sockets."""

    def __init__(self, store: Wallboards, wall: Callable[[], int]) -> None:
        self._store = store
        self._wall = wall
        self._known: dict[str, WallboardLink] = {}
        self.screens: Screens | None = None

    async def authenticate(self, token: str) -> Caller | None:
        """The screen as a caller (account `wallboard:ID`); None for an unknown or revoked token."""
        link = await self._store.find(token)
        if link is None:
            return None
        self._known[_account(link)] = link
        return Caller(_account(link), Role.WALLBOARD, None, _NEVER)

    def reach(self, account: str) -> tuple[frozenset[str], frozenset[str]]:
        """The teams and the queues that a screen's link names; nothing for one that was never authenticated."""
        link = self._known.get(account)
        return (frozenset(), frozenset()) if link is None else (frozenset(link.teams), frozenset(link.queues))

    def name(self, account: str) -> str:
        """What a screen's link is called."""
        link = self._known.get(account)
        return "" if link is None else link.name

    async def list(self) -> Sequence[WallboardLink]:
        """As http_api.wallboards_api.Links has it."""
        return await self._store.list()

    async def make(
        self, caller: Caller, name: str, teams: Sequence[str], queues: Sequence[str]
    ) -> tuple[WallboardLink, str]:
        """As http_api.wallboards_api.Links has it."""
        return await self._store.make(name, teams, queues, self._by(caller))

    async def rename(self, caller: Caller, link: WallboardLink, name: str) -> bool:
        """As http_api.wallboards_api.Links has it."""
        return await self._store.rename(link, name, self._by(caller))

    async def revoke(self, caller: Caller, link: WallboardLink) -> bool:
        """As http_api.wallboards_api.Links has it."""
        gone = await self._store.revoke(link, self._by(caller))
        self._known.pop(_account(link), None)
        if self.screens is not None:
            await self.screens.end(_account(link))
        return gone

    def watching(self, link: WallboardLink) -> int:
        """As http_api.wallboards_api.Links has it."""
        return 0 if self.screens is None else self.screens.watching(_account(link))

    def _by(self, caller: Caller) -> Changer:
        return Changer(caller.account, caller.role.value, self._wall())


def _account(link: WallboardLink) -> str:
    return f"wallboard:{link.id}"
