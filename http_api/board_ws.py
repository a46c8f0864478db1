"""The live board over a WebSocket: a snapshot, then what changed, at most four times a second.

There is no queue of messages for a client: each message is made from the board's present when the client has taken the
one before. A slow client therefore gets fewer and larger changes, or a snapshot again when too much is gone, and costs
no memory. docs/board-ws.md has an example of each message.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog
from aiohttp import WSMsgType, web

from http_api.board_messages import BEAT_S, Beat, Change, Hello, Named, Snapshot, Titles, Welcome
from http_api.board_view import Feed, View
from http_api.ports import Auth, Scopes
from http_api.problems import ProblemError
from http_api.routes import Route
from http_api.wallboard_view import Wall, WallView
from records.accounts import Role
from records.roles import Action, allowed
from records.sessions import Caller

PATH = "/api/v1/board/ws"
UNAUTHORIZED, FORBIDDEN, PROTOCOL_ERROR, SLOW, GOING_DOWN = 4401, 4403, 4400, 4408, 1001
HELLO_TIMEOUT_S, WRITE_TIMEOUT_S, CLOSE_TIMEOUT_S, HEARTBEAT_S, CHECK_S = 10.0, 10.0, 2.0, 20.0, 30.0
_log = structlog.get_logger(__name__)


class BoardSocket:
    """GET /board/ws. `origin_allowed` refuses pages of other origins; `now` gives microseconds since the epoch.

    `titles` are those of the site at the moment of asking. `wall_view` begins what a wallboard's account is shown.
    """

    def __init__(
        self,
        feed: Feed,
        auth: Auth,
        scopes: Scopes,
        now: Callable[[], int],
        origin_allowed: Callable[[web.Request], bool],
        titles: Callable[[], Titles] = Titles,
        beat_s: float = BEAT_S,
        wall_view: Callable[[str], WallView] = lambda _account: WallView(),
        peers: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._peers = peers
        self._wall_view = wall_view
        self._titles = titles
        self._beat_s = beat_s
        self._feed = feed
        self._auth = auth
        self._scopes = scopes
        self._now = now
        self._origin_allowed = origin_allowed
        self._open: dict[web.WebSocketResponse, str] = {}

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="GET",
                path=PATH,
                handler=self.handle,
                operation="watchBoard",
                summary="The live board's WebSocket (docs/board-ws.md); the token is in its first message",
                replies={101: None},
                problems=(400, 403),
            ),
        )

    @property
    def watchers(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    def watching(self, account: str) -> int:
        """How many clients of this account are connected."""
        return sum(one == account for one in self._open.values())

    async def end(self, account: str) -> None:
        """This account may watch no longer: its clients are cut off."""
        for ws in [ws for ws, one in self._open.items() if one == account]:
            await ws.close(code=UNAUTHORIZED, message=b"unauthorized")

    async def aclose(self) -> None:
        """Every client is told that the server goes down; those that are silently gone are waited for together."""
        await asyncio.gather(*(ws.close(code=GOING_DOWN, message=b"going_down") for ws in self._open))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Until either side ends it."""
        if not self._origin_allowed(request):
            raise ProblemError(403, "forbidden", "This origin may not connect.")
        ws = web.WebSocketResponse(timeout=CLOSE_TIMEOUT_S, heartbeat=HEARTBEAT_S, max_msg_size=4096)
        if not ws.can_prepare(request).ok:
            raise ProblemError(400, "bad-request", "A WebSocket handshake is needed.")
        await ws.prepare(request)
        self._open[ws] = ""
        try:
            await self._serve(ws)
        finally:
            self._open.pop(ws, None)
        return ws

    async def _serve(self, ws: web.WebSocketResponse) -> None:
        token = await self._hello(ws)
        caller = await self._caller(ws, token) if token is not None else None
        if token is None or caller is None:
            return
        self._open[ws] = caller.account
        self._feed.subscribe()
        tell = asyncio.create_task(self._tell(ws, token, caller), name=f"board:{caller.account}")
        try:
            # Nothing is asked of a watcher; reading is how its going is noticed.
            async for _ in ws:
                await ws.close(code=PROTOCOL_ERROR, message=b"protocol_error")
        finally:
            self._feed.unsubscribe()
            tell.cancel()
            await asyncio.gather(tell, return_exceptions=True)

    async def _hello(self, ws: web.WebSocketResponse) -> str | None:
        try:
            first = await ws.receive(timeout=HELLO_TIMEOUT_S)
            if first.type is WSMsgType.TEXT:
                return msgspec.json.decode(first.data, type=Hello).token
        except (TimeoutError, msgspec.DecodeError, UnicodeError, RecursionError):
            pass  # one answer for both: the close below
        await ws.close(code=PROTOCOL_ERROR, message=b"hello_expected")
        return None

    async def _caller(self, ws: web.WebSocketResponse, token: str) -> Caller | None:
        caller = await self._auth.authenticate(token, self._now())
        if caller is None:
            await ws.close(code=UNAUTHORIZED, message=b"unauthorized")
        elif caller.role not in allowed(Action.SEE_WORK) | allowed(Action.SEE_WALLBOARD):
            await ws.close(code=FORBIDDEN, message=b"forbidden")
        else:
            return caller
        return None

    async def _tell(self, ws: web.WebSocketResponse, token: str, caller: Caller) -> None:
        teams = tuple(sorted(self._scopes.of(caller).teams))
        view = self._wall_view(caller.account) if caller.role is Role.WALLBOARD else View()
        try:
            account, role = caller.account, caller.role.value
            titles, beat_us = self._titles(), int(self._beat_s * 1e6)
            named = (titles.reasons, titles.skills, titles.teams)
            welcome = Welcome(
                account, role, teams, self._now(), *named, beat_us, caller.agent_id, titles.limits, self._peers()
            )
            await _write(ws, welcome)
            clock = asyncio.get_running_loop().time
            check_at, beat_at = clock() + CHECK_S, clock() + self._beat_s
            while not ws.closed:
                if (fresh := self._titles()) is not titles and fresh != titles:
                    titles = fresh
                    await _write(ws, Named(self._now(), fresh.reasons, fresh.skills, fresh.teams, fresh.limits))
                message = view.next(self._feed, self._scopes.of(caller), self._now())
                if message is not None or clock() >= beat_at:
                    await _write(ws, message or Beat(self._now(), self._peers()))
                    beat_at = clock() + self._beat_s
                if clock() >= check_at:
                    if await self._caller(ws, token) is None:
                        return
                    check_at = clock() + CHECK_S
                await self._news(view.version, min(check_at, beat_at) - clock())
        except TimeoutError:
            await ws.close(code=SLOW, message=b"slow_client")
        except ConnectionError:
            _log.debug("board_connection_broken", account=caller.account)
        except Exception:  # noqa: BLE001  the page connects again; the log says why
            _log.exception("board_failed", account=caller.account)
            await ws.close(code=1011, message=b"internal")

    async def _news(self, version: int, patience_s: float) -> None:
        """Returns when there is a newer version, or after that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.01, patience_s)):
                await self._feed.wait(version)


async def _write(ws: web.WebSocketResponse, message: Welcome | Named | Snapshot | Change | Wall | Beat) -> None:
    async with asyncio.timeout(WRITE_TIMEOUT_S):
        await ws.send_str(msgspec.json.encode(message).decode())
