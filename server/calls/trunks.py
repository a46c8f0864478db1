"""Trunks to the telephone network: which numbers may be called, by which of them, and as whom we are known there."""

import os
from collections.abc import Callable, Mapping

import structlog

from config.calls import TrunkConfig
from config.site import Site
from server.current import CurrentSite
from sip.login import Login
from sip.registration import Account
from sip.ua import Ua

log = structlog.get_logger(__name__)


class TrunkLines:
    """voice.ports.Lines over the user agent. `refused` is to be told a call that is not allowed, as a SIP failure."""

    def __init__(self, current: CurrentSite, ua: Ua, environ: Mapping[str, str] = os.environ) -> None:
        self._current = current
        self._ua = ua
        self._environ = environ
        self.refused: Callable[[str, int, str], None] = lambda _call, _code, _reason: None

    def follow(self, site: Site) -> None:
        """Be registered at the trunks that ask for it, and at no others."""
        trunks = [trunk for trunk in site.calls.trunks.values() if trunk.register]
        try:
            self._ua.register([self._account(trunk) for trunk in trunks])
        except ValueError as error:
            log.error("trunks_not_registered", error=str(error))

    def allows(self, number: str) -> bool:
        """Whether one of the trunks' patterns fits."""
        return self._current.site.calls.trunk_for(number) is not None

    def dial(self, call: str, number: str, sdp: bytes) -> None:
        """By the first trunk that may."""
        trunk = self._current.site.calls.trunk_for(number)
        if trunk is None:
            self.refused(call, 403, "the site does not let this number be called")
            return
        self._ua.dial(
            call,
            _uri(trunk, f"{number}@"),
            sdp,
            from_user=trunk.caller or trunk.user or "anonymous",
            from_display="",
            from_host=trunk.domain or (_host(trunk) if trunk.user else ""),
            login=self._login(trunk),
            session_s=trunk.session_s,
        )

    def _account(self, trunk: TrunkConfig) -> Account:
        login = self._login(trunk) or Login(trunk.user, "")
        return Account(trunk.name, _uri(trunk), trunk.domain or _host(trunk), login, trunk.expires_s)

    def _login(self, trunk: TrunkConfig) -> Login | None:
        return Login(trunk.user, self._environ.get(trunk.password_env, "")) if trunk.user else None


def _uri(trunk: TrunkConfig, user: str = "") -> str:
    suffix = "" if trunk.transport == "udp" else f";transport={trunk.transport}"
    return f"sip:{user}{trunk.server}{suffix}"


def _host(trunk: TrunkConfig) -> str:
    return trunk.server.partition(":")[0]
