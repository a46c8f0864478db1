"""A re-INVITE of a leg that is up: hold, resume, another address (RFC 3261 section 14, RFC 3264 section 8).

One without a description asks for our offer: the 2xx has it, and the ACK the peer's answer (RFC 3261 section 14.2).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError, RemoteMedia, SdpRefusedError

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S = 40.0  # RFC 3261 section 13.3.1.4 gives the ACK 64*T1 = 32 s; the user agent ends the call then.


class Side(Protocol):
    """Whose leg it is."""

    @property
    def leg_id(self) -> str: ...


class Renegotiations:
    """`done` is told what holds from now on; what is refused, or never answered, leaves all as it was."""

    def __init__(self, ports: VoicePorts, done: Callable[[Side, RemoteMedia], None]) -> None:
        self._ports = ports
        self._done = done
        self._answers: dict[str, asyncio.Future[bytes | None]] = {}

    async def offered(self, call: str, side: Side, sdp: bytes | None) -> None:
        """Answers a re-INVITE."""
        signalling = self._ports.signalling
        try:
            remote = await (self._taken(call, side.leg_id, sdp) if sdp is not None else self._asked(call, side.leg_id))
        except SdpRefusedError as error:
            log.info("offer_refused", call=call, reason=str(error))
            signalling.reject_offer(call, 488)
        except MediaUnavailableError as error:
            log.warning("offer_failed", call=call, reason=error.reason)
            signalling.reject_offer(call, 500)
        else:
            if remote is not None:
                self._done(side, remote)

    def confirmed(self, call: str, sdp: bytes | None) -> bool:
        """The ACK of a 2xx, with the answer to our offer; False when it is of no re-INVITE."""
        answer = self._answers.get(call)
        if answer is None:
            return False
        if not answer.done():
            answer.set_result(sdp)
        return True

    def over(self, call: str) -> None:
        """The call has ended: no answer comes any more."""
        if (answer := self._answers.get(call)) is not None and not answer.done():
            answer.set_result(None)

    async def _taken(self, call: str, leg_id: str, sdp: bytes) -> RemoteMedia:
        ports = self._ports
        remote = ports.sdp.read_offer(leg_id, sdp)
        await ports.media.set_remote(leg_id, remote)
        ports.signalling.accept_offer(call, ports.sdp.answer(leg_id, "", 0))
        return remote

    async def _asked(self, call: str, leg_id: str) -> RemoteMedia | None:
        """None where no answer came that can be used: too late to refuse anything."""
        ports = self._ports
        answer = self._answers[call] = asyncio.get_running_loop().create_future()
        try:
            ports.signalling.accept_offer(call, ports.sdp.offer(leg_id, "", 0))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                sdp = await answer
            if sdp is None:
                return None
            remote = ports.sdp.read_answer(leg_id, sdp)
            await ports.media.set_remote(leg_id, remote)
        except (TimeoutError, SdpRefusedError, MediaUnavailableError) as error:
            log.warning("answer_unusable", call=call, reason=str(error))
            return None
        else:
            return remote
        finally:
            del self._answers[call]
