"""The end of legs and rooms in the media engine: what is gone already is as good as closed."""

import structlog

from voice.ports import MediaEngine, MediaUnavailableError

log = structlog.get_logger(__name__)


async def close_leg(media: MediaEngine, leg_id: str) -> None:
    """Never fails: a worker that is lost has no legs any more."""
    try:
        await media.close_leg(leg_id)
    except MediaUnavailableError as error:
        log.info("leg_already_gone", leg_id=leg_id, reason=error.reason)


async def close_room(media: MediaEngine, room_id: str) -> None:
    """Nobody is in it any more; never fails."""
    try:
        await media.set_room(room_id, {})
    except MediaUnavailableError as error:
        log.info("room_already_gone", room_id=room_id, reason=error.reason)
