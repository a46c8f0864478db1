"""A scripted caller: a SIP user agent and one RTP leg of Jackfield's own, on ports of their own."""

import asyncio
import secrets
from pathlib import Path

from media.engine import EngineSettings, InProcessEngine
from media.events import MediaEvent
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.sdp import Origin, build_offer, negotiate
from sip.settings import Settings
from sip.ua import Ua

LEG = "caller"
CALL = "call"


class CallFailedError(Exception):
    """The server did not take the call; the text says why."""


class Caller:
    """`async with Caller(...)`, then `dial`, `press`, `say`, `hang_up`. `ended` is set when the far side hangs up."""

    def __init__(self, user: str, voices: Path, host: str = "127.0.0.1", display: str = "make call") -> None:
        self.user = user
        self._display = display
        self.ended = asyncio.Event()
        self.heard = asyncio.Event()
        self._host = host
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._played: dict[str, asyncio.Event] = {}
        self._ua = Ua(
            Settings(now=monotonic_us, ids=random_ids(), host=host, port=0, user_agent="Jackfield make call"),
            self._sip_event,
        )
        engine = EngineSettings(prompt_root=voices, bind_host=host, rtp_ports=(40000, 40999), no_media_us=0)
        self._media = InProcessEngine(engine, self._media_event)

    async def __aenter__(self) -> "Caller":
        await self._media.start()
        await self._ua.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ua.aclose()
        await self._media.aclose()

    async def dial(self, target: str, timeout_s: float = 10.0) -> None:
        """Calls `target` (sip:...) and returns when it is answered. Raises CallFailedError."""
        host, port = await self._media.open_rtp(LEG)
        offer = build_offer(host=host, port=port, origin=Origin(secrets.randbits(40), 0, self._host))
        self._ua.dial(CALL, target, offer, from_user=self.user, from_display=self._display)
        try:
            async with asyncio.timeout(timeout_s):
                answer = negotiate(await self._answered)
        except TimeoutError:
            raise CallFailedError(f"no answer from {target} within {timeout_s:.0f} s: is the server running?") from None
        await self._media.set_remote(
            LEG,
            host=answer.remote_host,
            port=answer.remote_port,
            codec="PCMA" if answer.codec == "PCMA" else "PCMU",
            payload_type=answer.payload_type,
            dtmf_payload_type=answer.dtmf_payload_type,
            send=answer.direction.sends,
            receive=answer.direction.receives,
        )

    async def press(self, digits: str) -> None:
        """Keys, by RFC 4733."""
        await self._media.send_digits(LEG, digits)

    async def say(self, file: str) -> None:
        """Speaks a recording (a WAV below the voices folder) to its end."""
        done = self._played[file] = asyncio.Event()
        await self._media.play(LEG, file, [file])
        await done.wait()

    async def speak_on(self, file: str) -> None:
        """Speaks it again and again until something else is said: a telephone that sends nothing is hung up on."""
        await self._media.play(LEG, "on", [file], loop=True)

    async def record(self, path: Path) -> None:
        """Keeps what is heard and said from now on (stereo WAV)."""
        await self._media.record(LEG, str(path))

    def hang_up(self) -> None:
        """BYE, or CANCEL."""
        self._ua.hangup(CALL)

    def _sip_event(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallAnswered(_, sdp) if not self._answered.done():
                self._answered.set_result(sdp)
            case sip.CallFailed(_, code, reason) if not self._answered.done():
                self._answered.set_exception(CallFailedError(f"the server answered {code} {reason}"))
            case sip.CallEnded():
                self.ended.set()
            case _:
                return

    def _media_event(self, event: MediaEvent) -> None:
        if event.kind == "played" and event.play_id in self._played:
            self._played[event.play_id].set()
        elif event.kind == "connected":
            self.heard.set()
