"""The SIP user agent: the asyncio shell around `Core`, and the interface that the rest of Jackfield uses."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence

import structlog

from sip.bindings import BindingStore, MemoryBindings
from sip.core import Core, outgoing
from sip.deadlines import NEVER
from sip.events import SipEvent
from sip.flow import Flow
from sip.guard import Ban
from sip.login import Login
from sip.registrar import Credentials, Registrar
from sip.registration import Account
from sip.settings import Settings
from sip.transport import Tls, Transport

log = structlog.get_logger(__name__)

# A tenth of T1 (RFC 3261 s.17.1.1.1), the shortest time that anything waits.
_SLACK_S = 0.05


class Ua:
    """Answers and makes calls. All methods but `start` and `aclose` are immediate; results come by event.

    Events are delivered on the loop, one at a time, never from inside a method of this class.
    """

    def __init__(
        self,
        settings: Settings,
        on_event: Callable[[SipEvent], None],
        *,
        credentials: Credentials | None = None,
        bindings: BindingStore | None = None,
        tls: Tls | None = None,
    ) -> None:
        """Without `credentials` REGISTER is refused with 405; without `bindings` phones are forgotten at the end.

        `tls` is needed when the settings name a `tls_port`.
        """
        self._settings = settings
        self._on_event = on_event
        self._transport = Transport(settings, self._receive, self._failed, self._count, tls)
        self._core = Core(settings, self._transport.send)
        context = self._core.context
        context.guard.on_ban = self._banned
        self._store: BindingStore = bindings or MemoryBindings()
        self._registrar: Registrar | None = None
        if credentials is not None:
            secret = settings.nonce_secret or secrets.token_bytes(32)
            self._registrar = self._core.registrar = Registrar(context, credentials, secret)
            self._registrar.on_changed = self._save_soon
        self._saver: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed: int | None = None
        self._delivering = False
        self._closing: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Bind the sockets and take over the stored phones. Raises OSError, and what the binding store raises."""
        self._loop = asyncio.get_running_loop()
        if self._registrar is not None:
            self._registrar.restore(await self._store.load(), self._settings.now())
            self._save_soon()
        await self._transport.start()
        self._core.context.port = self._transport.port
        self._core.context.tls_port = self._transport.tls_port
        self._after_command()

    async def aclose(self) -> None:
        """End every call (BYE, CANCEL, 480), wait for it up to the close limit, then close the sockets."""
        self.register(())
        for call in list(self._core.context.calls):
            self.hangup(call, "shutting down")
        self._closing = asyncio.Event()
        self._arm()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.close_limit_us / 1_000_000):
                await self._closing.wait()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._deliver()
        if self._saver is not None:
            await self._saver
        await self._transport.aclose()
        self._loop = None

    @property
    def port(self) -> int:
        """The bound port, also when the settings say 0."""
        return self._transport.port

    @property
    def tls_port(self) -> int:
        """The bound port of TLS; 0 when it is off."""
        return self._transport.tls_port

    def registered(self, user: str) -> bool:
        """Whether the user has a phone that can be dialled now."""
        return self._registrar is not None and self._registrar.registered(user, self._settings.now())

    @property
    def counters(self) -> Mapping[str, int]:
        """What happened so far, by name."""
        return self._core.context.counters

    @property
    def open_calls(self) -> int:
        """Calls whose signalling is not finished."""
        return len(self._core.context.calls)

    @property
    def open_transactions(self) -> int:
        """Running transactions; each is gone at most 32 s after its final answer."""
        return len(self._core.context.layer)

    @property
    def open_connections(self) -> int:
        """Open TCP and TLS connections."""
        return self._transport.connections

    def bans(self) -> list[Ban]:
        """The hosts that are shut out now, the latest first; times by the settings' clock."""
        return self._core.context.guard.bans(self._settings.now())

    def lift_ban(self, host: str) -> bool:
        """Let a host in again; False when it was not shut out."""
        return self._core.context.guard.lift(host)

    def register(self, accounts: Sequence[Account]) -> None:
        """Be registered with these accounts from now on, and with no others; TrunkChanged tells how that goes.

        Raises ValueError for an address that cannot be used.
        """
        self._core.register(accounts, self._settings.now())
        self._after_command()

    def ring(self, call: str, code: int = 180) -> None:
        """Send a provisional answer (101-199)."""
        self._core.ring(call, code, self._settings.now())
        self._after_command()

    def answer(self, call: str, sdp: bytes) -> None:
        """Answer an incoming call; CallConfirmed or CallEnded follows."""
        self._core.answer(call, sdp, self._settings.now())
        self._after_command()

    def reject(self, call: str, code: int, reason: str | None = None) -> None:
        """Refuse an incoming call with 300-699; CallEnded(by local) follows."""
        self._core.reject(call, code, reason, self._settings.now())
        self._after_command()

    def redirect(self, call: str, uri: str) -> None:
        """Refuse an incoming call with 302, so that it is made again to `uri`; CallEnded(by local) follows."""
        self._core.redirect(call, uri, self._settings.now())
        self._after_command()

    def challenge(self, call: str) -> None:
        """Refuse an incoming call with 401, so that its phone calls again with its password; CallEnded follows."""
        self._core.challenge(call, self._settings.now())
        self._after_command()

    def accept_refer(self, call: str) -> None:
        """A REFER is being seen to: the peer is told so, when it wants to be told."""
        self._core.accept_refer(call, self._settings.now())
        self._after_command()

    def finish_refer(self, call: str, code: int) -> None:
        """What came of a REFER: 200, or 300-699. A call that is hung up before ends right after."""
        self._core.finish_refer(call, code, self._settings.now())
        self._after_command()

    def refer(self, call: str, uri: str) -> None:
        """Ask the peer of an answered call to call `uri` in its stead; ReferAnswered follows, and the call goes on."""
        self._core.refer(call, uri, self._settings.now())
        self._after_command()

    def hangup(self, call: str, reason: str | None = None) -> None:
        """End a call in whatever state it is; nothing happens when it is over or unknown."""
        self._core.hangup(call, reason, self._settings.now())
        self._after_command()

    def dial(
        self,
        call: str,
        target: str,
        sdp: bytes,
        *,
        from_user: str,
        from_display: str,
        headers: Mapping[str, str] | None = None,
        from_host: str = "",
        login: Login | None = None,
        session_s: int = 0,
    ) -> None:
        """Ring a registered user (every contact at once) or a SIP URI. `call` is a fresh id of the consumer's.

        `login` answers challenges, `session_s` asks for a session timer (RFC 4028), `from_host` is our own by default.
        CallRinging, CallAnswered, CallFailed follow. Raises ValueError for an id in use or a header not allowed.
        """
        what = outgoing(
            from_user, from_display, sdp, headers or {}, from_host=from_host, login=login, session_s=session_s
        )
        self._core.dial(call, target, what, self._settings.now())
        self._after_command()

    def accept_offer(self, call: str, sdp: bytes) -> None:
        """Answer the pending re-INVITE with 200."""
        self._core.accept_offer(call, sdp, self._settings.now())
        self._after_command()

    def reject_offer(self, call: str, code: int = 488) -> None:
        """Refuse the pending re-INVITE."""
        self._core.reject_offer(call, code, self._settings.now())
        self._after_command()

    def reoffer(self, call: str, sdp: bytes) -> None:
        """Send a re-INVITE; CallAnswered or OfferRefused follows."""
        self._core.reoffer(call, sdp, self._settings.now())
        self._after_command()

    def send_digit_info(self, call: str, digit: str, duration_ms: int = 160) -> None:
        """Send a digit by INFO (application/dtmf-relay)."""
        self._core.send_digit_info(call, digit, duration_ms, self._settings.now())
        self._after_command()

    # -- plumbing

    def _save_soon(self) -> None:
        if self._loop is not None and (self._saver is None or self._saver.done()):
            self._saver = self._loop.create_task(self._save(), name="sip-save-bindings")

    async def _save(self) -> None:
        """Write changed users until none is left; a failure is logged and counted, the next change tries again."""
        registrar = self._registrar
        while registrar is not None and registrar.changed:
            user = registrar.changed.pop()
            try:
                await self._store.save(user, registrar.bindings(user))
            except Exception:
                registrar.changed.add(user)
                self._core.context.count("bindings_unsaved")
                log.exception("phone bindings could not be saved", user=user)
                return

    def _banned(self, ban: Ban) -> None:
        self._core.context.count("bans")
        log.warning("sip_host_banned", host=ban.host, seconds=(ban.until - ban.since) // 1_000_000, times=ban.times)

    def _count(self, name: str) -> None:
        self._core.context.count(name)

    def _receive(self, data: bytes, source: Flow) -> None:
        try:
            self._core.receive(data, source, self._settings.now())
        except Exception:
            # One message that trips a mistake of ours must not take the socket down with it.
            self._core.context.count("internal_errors")
            log.exception("sip message could not be handled", transport=source.transport, host=source.host)
        if self._core.context.events:
            self._deliver()
        self._arm()

    def _failed(self, flow: Flow) -> None:
        self._core.transport_failed(flow, self._settings.now())
        self._deliver()
        self._arm()

    def _expire(self) -> None:
        self._timer = self._armed = None
        try:
            self._core.expire(self._settings.now())
        except Exception:
            self._core.context.count("internal_errors")
            log.exception("sip timer could not be handled")
        self._deliver()
        self._arm()

    def _after_command(self) -> None:
        if self._loop is None:
            return
        self._arm()
        if self._core.context.events and not self._delivering:
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._core.context.events:
                event = self._core.context.events.popleft()
                try:
                    self._on_event(event)
                except Exception:
                    self._core.context.count("consumer_errors")
                    log.exception("consumer failed on a sip event", event_type=type(event).__name__)
        finally:
            self._delivering = False

    def _arm(self) -> None:
        """Keep one loop timer at the earliest deadline; a timer that is early is left, it re-arms itself.

        It rings a little late, for all that is due by then: most deadlines only end the wait for repetitions.
        """
        if self._closing is not None and not self._core.context.calls:
            self._closing.set()
        alarm = self._core.context.alarm
        if self._loop is None or (self._armed is not None and self._armed <= alarm.at):
            return
        due = self._core.next_deadline()
        alarm.at = NEVER if due is None else due
        if due is None or (self._armed is not None and self._armed <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = due
        delay = max(0, due - self._settings.now()) / 1_000_000 + _SLACK_S
        self._timer = self._loop.call_later(delay, self._expire)
