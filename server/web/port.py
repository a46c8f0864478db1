"""HTTP for the node: the API, the pages and the agents' WebSocket on one port."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from agents_ws.endpoint import PATH, AgentEndpoint, OriginPolicy
from agents_ws.hub import Hub
from agents_ws.ports import Gateway
from http_api.app import HttpSettings, Ports, build
from http_api.board_ws import BoardSocket
from http_api.middleware import SERVER_LOG
from http_api.routes import Route
from http_api.session_api import remote_address
from records.api_keys import PREFIX as KEY_PREFIX
from records.api_keys import ApiKeys
from records.sessions import Caller, SignedIn, SignIn
from records.wallboards import PREFIX as LINK_PREFIX
from server.floor.wallboards import WallboardDesk
from server.nodes.peer_pages import PeerPages
from server.web.doorway import Doorway
from voice.web_endpoint import PATH as CALL_PATH
from voice.web_endpoint import WebCallEndpoint

VERSION = "0.1.0"
# A connection that asks nothing for so long, or never finishes to ask, is closed: descriptors are for those who speak.
SILENCE_S = 75.0
FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


@dataclass(frozen=True, slots=True)
class GuardedSignIn:
    """Sign-in that refuses a demo's public password where `allowed` says so, and knows programs and wallboards.

    `belongs` says whether an agent is one of the site's: nobody else has business here, whatever account they have.
    `signed_out` is told each token that ends here.
    """

    sign_in_: SignIn
    allowed: Callable[[str], bool]
    api_keys: ApiKeys
    belongs: Callable[[str], bool] = lambda _agent_id: True
    wallboards: WallboardDesk | None = None
    signed_out: Callable[[str], None] = lambda _token: None

    async def sign_in(self, name: str, password: str, now: int) -> SignedIn | None:
        """A session when the password is right and may be used here."""
        signed_in = await self.sign_in_.sign_in(name, password, now) if self.allowed(password) else None
        if signed_in is not None and self._stranger(signed_in.caller):
            await self.sign_in_.sign_out(signed_in.token)
            return None
        return signed_in

    async def authenticate(self, token: str, now: int) -> Caller | None:
        """Whose token or API key it is."""
        if token.startswith(KEY_PREFIX):
            return await self.api_keys.find(token)
        if self.wallboards is not None and token.startswith(LINK_PREFIX):
            return await self.wallboards.authenticate(token)
        caller = await self.sign_in_.authenticate(token, now)
        return None if caller is None or self._stranger(caller) else caller

    def _stranger(self, caller: Caller) -> bool:
        return caller.agent_id is not None and not self.belongs(caller.agent_id)

    async def sign_out(self, token: str) -> None:
        """Ends that session."""
        self.signed_out(token)
        await self.sign_in_.sign_out(token)
        self.signed_out(token)  # somebody may have shown it just before


def _call_route(calls: WebCallEndpoint) -> Route:
    return Route(
        method="GET",
        path=CALL_PATH,
        handler=calls.handle,
        operation="callFromBrowser",
        summary="A web caller's WebSocket (docs/media.md); the entry is named in its first message",
        replies={101: None},
        problems=(403, 429, 503),
    )


class Web:
    """Listens on one address until `aclose`."""

    def __init__(
        self,
        ports: Ports,
        gateway: Gateway,
        hub: Hub,
        address: tuple[str, int],
        tls: ssl.SSLContext | None = None,
        calls: WebCallEndpoint | None = None,
        extra_routes: Sequence[Route] = (),
        board: BoardSocket | None = None,
        address_of: Callable[[web.Request], str] = remote_address,
        pages: PeerPages | None = None,
    ) -> None:
        self.calls = calls
        self.board = board
        own_origins = (lambda: pages.origins) if pages is not None else frozenset
        self.endpoint = AgentEndpoint(
            gateway,
            hub,
            now=ports.now,
            origin_allowed=OriginPolicy(own_origins),
            peers=(lambda: pages.addresses) if pages is not None else tuple,
        )
        routes = (*self._routes(), *extra_routes, *(() if board is None else board.routes()))
        settings = HttpSettings(version=VERSION, frontend=FRONTEND, address_of=address_of, own_origins=own_origins)
        self.app = build(ports, settings, routes)
        self._address = address
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._door: Doorway | None = None

    def _routes(self) -> Sequence[Route]:
        calls = () if self.calls is None else (_call_route(self.calls),)
        return (
            *calls,
            Route(
                method="GET",
                path=PATH,
                handler=self.endpoint.handle,
                operation="connectAgent",
                summary="The agents' WebSocket (docs/agents-ws.md); the token is in its first message",
                replies={101: None},
                media_type="application/json",
                problems=(400, 403, 503),
            ),
        )

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._runner = web.AppRunner(self.app, access_log=None, logger=SERVER_LOG, keepalive_timeout=SILENCE_S)
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101 - it is set up
        self._door = Doorway(self._runner.server, self._tls)
        await self._door.open(*self._address)

    @property
    def visitors(self) -> int:
        """How many connections were let in so far."""
        return 0 if self._door is None else self._door.let_in

    async def aclose(self) -> None:
        """Agents and callers are told, then the port is closed."""
        if self.calls is not None:
            await self.calls.aclose()
        if self.board is not None:
            await self.board.aclose()
        await self.endpoint.aclose()
        if self._door is not None:
            await self._door.close()
        if self._runner is not None:
            await self._runner.cleanup()
