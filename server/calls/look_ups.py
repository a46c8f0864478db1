"""What flows look up: GET by HTTP at the programs that the site names, and nowhere else."""

import asyncio
from collections.abc import Mapping

import aiohttp
import msgspec
import structlog

from config.site import LookUpConfig
from ivr.commands import LookUp
from voice.requests import RequestError

log = structlog.get_logger(__name__)

CONNECTIONS = 50


class HttpLookUps:
    """Implements voice's LookUps. Query and answer are personal data: neither is logged.

    No redirect is followed, because it could lead anywhere, and the proxy variables of the environment are not used.
    `tokens` are bearer tokens by service. Close it at the end.
    """

    def __init__(self, services: Mapping[str, LookUpConfig], tokens: Mapping[str, str]) -> None:
        self._services = services
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    def follow(self, services: Mapping[str, LookUpConfig], tokens: Mapping[str, str]) -> None:
        """The site was read again."""
        self._services = services
        self._tokens = tokens

    async def get(self, request: LookUp) -> object:
        """The JSON answer. Raises RequestError: timeout, unreachable, http_<status>, too_large, no_json."""
        service = self._services.get(request.service)
        if service is None:
            raise RequestError("unknown_service")
        try:
            async with asyncio.timeout(request.timeout_us / 1e6):
                body = await self._fetch(service, request)
        except TimeoutError:
            raise RequestError("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            log.warning("look_up_unreachable", service=service.name, error=type(error).__name__)
            raise RequestError("unreachable") from error
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RequestError("no_json") from None

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    async def _fetch(self, service: LookUpConfig, request: LookUp) -> bytes:
        url = f"{service.url.rstrip('/')}/{request.path}" if request.path else service.url
        headers = {"Accept": "application/json"}
        if token := self._tokens.get(service.name):
            headers["Authorization"] = f"Bearer {token}"
        session = self._open()
        async with session.get(url, params=dict(request.query), headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise RequestError(f"http_{response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > service.max_bytes:
                    raise RequestError("too_large")
            return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            # No cookies: one caller's answer must not depend on another caller's.
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session
