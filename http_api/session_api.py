"""Signing in and out. Attempts are limited for each account and each address."""

import ipaddress
from collections.abc import Callable
from typing import Annotated

import msgspec
import structlog
from aiohttp import web

from http_api.guard import CALLER, bearer_token
from http_api.limiter import AttemptLimiter
from http_api.ports import Auth
from http_api.problems import ProblemError
from http_api.routes import EVERYBODY_SIGNED_IN, Route, read_body, reply
from records.accounts import MAX_PASSWORD

PERIOD_US = 300 * 1_000_000
_log = structlog.get_logger(__name__)


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's name and password."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSWORD)]


class Me(msgspec.Struct, frozen=True):
    """Who is signed in. `agent_id` is null for an account that takes no work; microseconds since the epoch."""

    account: str
    role: str
    agent_id: str | None
    expires_at: int


class NewSession(Me, frozen=True):
    """A new session; the token is shown here only."""

    token: str


def remote_address(request: web.Request) -> str:
    """The other end of the connection."""
    return request.remote or ""


class SessionApi:
    """POST and DELETE /session, GET /me. Failed attempts count: 10 an account, 100 an address, in five minutes."""

    def __init__(
        self,
        auth: Auth,
        now: Callable[[], int],
        *,
        account_attempts: int = 10,
        address_attempts: int = 100,
        address_of: Callable[[web.Request], str] = remote_address,
    ) -> None:
        self._address_of = address_of
        self._auth = auth
        self._now = now
        self._accounts = AttemptLimiter(account_attempts, PERIOD_US)
        self._addresses = AttemptLimiter(address_attempts, PERIOD_US)

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/session",
                handler=self.sign_in,
                operation="signIn",
                summary="Sign in; the answer has the token for all other requests",
                body=Credentials,
                replies={201: NewSession},
                problems=(401, 429),
            ),
            Route(
                method="DELETE",
                path="/api/v1/session",
                handler=self.sign_out,
                operation="signOut",
                summary="End this session",
                roles=EVERYBODY_SIGNED_IN,
                replies={204: None},
            ),
            Route(
                method="GET",
                path="/api/v1/me",
                handler=self.me,
                operation="getMe",
                summary="Who is signed in",
                roles=EVERYBODY_SIGNED_IN,
                replies={200: Me},
            ),
        )

    async def sign_in(self, request: web.Request) -> web.Response:
        """201 with a token; 401 for a wrong name or password, 429 after too many."""
        given = await read_body(request, Credentials)
        address = _address_key(self._address_of(request))
        self._charge(self._addresses, address)
        self._charge(self._accounts, given.account)
        opened = await self._auth.sign_in(given.account, given.password, self._now())
        if opened is None:
            _log.warning("sign_in_failed", address=address)
            raise ProblemError(401, "wrong-credentials", "The account or the password is wrong.")
        self._accounts.refund(given.account)
        self._addresses.refund(address)
        caller = opened.caller
        session = NewSession(
            account=caller.account,
            role=caller.role.value,
            agent_id=caller.agent_id,
            expires_at=caller.expires_at,
            token=opened.token,
        )
        return reply(session, 201)

    async def sign_out(self, request: web.Request) -> web.Response:
        """204; the token is worth nothing from now on."""
        await self._auth.sign_out(bearer_token(request))
        return web.Response(status=204)

    async def me(self, request: web.Request) -> web.Response:
        """Account, role and agent."""
        caller = request[CALLER]
        return reply(Me(caller.account, caller.role.value, caller.agent_id, caller.expires_at))

    def _charge(self, limiter: AttemptLimiter, key: str) -> None:
        wait_us = limiter.charge(key, self._now())
        if wait_us > 0:
            seconds = str(-(-wait_us // 1_000_000))
            raise ProblemError(429, "too-many-attempts", "Too many attempts to sign in.", {"Retry-After": seconds})


def _address_key(remote: str) -> str:
    """An IPv6 customer has a /64 at least, so addresses in it count as one."""
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
