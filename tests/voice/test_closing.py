"""What is gone already is as good as closed: whoever closes goes on."""

from collections.abc import Mapping

import pytest

from tests.voice.fakes import Media
from voice.closing import close_leg, close_room
from voice.ports import MediaUnavailableError


async def test_a_leg_and_a_room_are_closed() -> None:
    media = Media()
    await media.open_rtp("leg")
    await close_room(media, "room")
    await close_leg(media, "leg")
    assert media.rooms == [("room", {})]
    assert media.open_legs == set()


async def test_a_worker_that_is_lost_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(_room_id: str, _gains: Mapping[tuple[str, str], float]) -> None:
        raise MediaUnavailableError("worker_lost")

    media = Media()
    media.fail = {"close_leg"}
    monkeypatch.setattr(media, "set_room", lost)
    await close_room(media, "room")
    await close_leg(media, "leg")
    assert media.asked == ["close_leg leg"]
