"""What is done with whole chats has a test for each: tests/chat/test_handing_on.py. Here: who may do it."""

from pathlib import Path

import pytest

from chat.floor import ChatFloor
from chat.handing_on import Target
from chat.ports import ChatRefusedError
from tests.chat.house import house


async def test_only_who_has_the_chat_hands_it_on(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann", "bob")
        await page.open()
        reservation = place.router.accept()
        await page.state("talking")
        other = "bob" if place.router.offers[-1].agent_id == "ann" else "ann"
        with pytest.raises(ChatRefusedError) as error:
            await ChatFloor(place.conductor).hand_on(other, reservation, Target(queue="web_chat"), "")
        assert error.value.code == "not_connected"
