"""A re-INVITE of a leg that is up: hold, resume, another address (RFC 3261 section 14, RFC 3264 section 8)."""

from collections.abc import Callable
from typing import Protocol

import structlog

from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError, RemoteMedia, SdpRefusedError

log = structlog.get_logger(__name__)


class Side(Protocol):
    """Whose leg it is."""

    @property
    def leg_id(self) -> str: ...


async def renegotiate(
    ports: VoicePorts, call: str, side: Side, sdp: bytes | None, done: Callable[[Side, RemoteMedia], None]
) -> None:
    """Answers it; `done` is told what holds from now on, unless it was refused and all stays as it was."""
    leg_id = side.leg_id
    try:
        if sdp is None:
            raise SdpRefusedError("a re-INVITE without an offer is not taken")
        remote = ports.sdp.read_offer(leg_id, sdp)
        await ports.media.set_remote(leg_id, remote)
        ports.signalling.accept_offer(call, ports.sdp.answer(leg_id, "", 0))
    except SdpRefusedError as error:
        log.info("offer_refused", call=call, reason=str(error))
        ports.signalling.reject_offer(call, 488)
    except MediaUnavailableError as error:
        log.warning("offer_failed", call=call, reason=error.reason)
        ports.signalling.reject_offer(call, 500)
    else:
        done(side, remote)
