"""A caller by SIP: the INVITE that is answered, and the ACK that confirms it."""

import asyncio

from voice.call_table import CallState
from voice.caller_leg import Elsewhere
from voice.ports import CallOffer, MediaEngine, Sdp, SdpRefusedError, Signalling

CONFIRM_TIMEOUT_S = 40.0  # RFC 3261 section 13.3.1.4 gives the ACK 64*T1 = 32 s; the user agent ends the call then.


class SipCaller:
    """Implements CallerLeg on the SIP user agent. `confirmed` is the ACK."""

    is_shown = False

    def __init__(self, offer: CallOffer, signalling: Signalling, media: MediaEngine, sdp: Sdp) -> None:
        self.call = offer.call
        self._offer = offer
        self._signalling = signalling
        self._media = media
        self._sdp = sdp
        self._leg_id = ""
        self._confirmed: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    async def answer(self, leg_id: str) -> bool:
        """Opens an RTP leg, sends the 200 and waits for the ACK, which answers an INVITE without an offer."""
        self._leg_id = leg_id
        host, port = await self._media.open_rtp(leg_id)
        if self._offer.sdp is None:
            answer = self._sdp.offer(leg_id, host, port)
        else:
            await self._media.set_remote(leg_id, self._sdp.read_offer(leg_id, self._offer.sdp))
            answer = self._sdp.answer(leg_id, host, port)
        self._signalling.answer(self.call, answer)
        return await self._await_ack()

    async def _await_ack(self) -> bool:
        late = asyncio.get_running_loop().call_later(CONFIRM_TIMEOUT_S, self.gone)
        try:
            answer = await self._confirmed
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return False
        finally:
            late.cancel()
        if self._offer.sdp is None:
            if answer is None:
                raise SdpRefusedError("the ACK carried no answer to our offer")
            await self._media.set_remote(self._leg_id, self._sdp.read_answer(self._leg_id, answer))
        return True

    def confirmed(self, sdp: bytes | None) -> None:
        """The caller's ACK came (with the answer, when the INVITE carried no offer)."""
        if not self._confirmed.done():
            self._confirmed.set_result(sdp)

    def media_up(self) -> None:
        """Of no concern: the ACK says that the caller hears us."""

    def gone(self) -> None:
        """Ends the wait for the ACK."""
        if not self._confirmed.done():
            self._confirmed.cancel()

    def moved(self, state: CallState, agent_id: str | None, work_id: str | None) -> None:
        """Nothing is told: a phone has no place for it."""

    def shown(self, state: CallState, agent: str) -> None:
        """Nothing is told, as by `moved`."""

    def move(self, there: Elsewhere) -> bool:
        """By REFER; what the phone says to it is told to the conductor."""
        self._signalling.refer(self.call, f"sip:{there.word}@{there.sip}")
        return True

    def redirect(self, there: Elsewhere) -> bool:
        """302."""
        if there.sip:
            self._signalling.redirect(self.call, f"sip:{there.word}@{there.sip}")
        return bool(there.sip)

    def refuse(self, code: int, reason: str) -> None:
        """A final answer; a call that has its 200 already is hung up when it ends."""
        self._signalling.reject(self.call, code, reason)

    def hang_up(self, reason: str) -> None:
        """BYE, or the final answer that is still due."""
        self._signalling.hangup(self.call, reason)

    def release(self) -> None:
        """Forgets the negotiation."""
        self._sdp.forget(self._leg_id)
