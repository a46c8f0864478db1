"""What visitors may do with a chat that they have; what comes of it is in test_conductor.py and test_far_chat.py."""

from pathlib import Path

import pytest

from chat.limits import ChatLimits
from chat.ports import ChatRefusedError
from chat.visiting import text_of
from tests.chat.house import house


@pytest.mark.parametrize(("text", "code"), [(" \n", "empty"), ("x" * 11, "too_long")])
def test_what_is_no_message(text: str, code: str) -> None:
    with pytest.raises(ChatRefusedError) as caught:
        text_of(text, ChatLimits(text_chars=10))
    assert caught.value.code == code


async def test_saying_too_much_and_rating_too_soon_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path, limits=ChatLimits(message_burst=1)) as place, place.page() as page:
        await page.open("Hello?")
        visiting, chat = place.conductor.visiting, place.conductor.chat("chat1")
        assert chat is not None
        await visiting.say(chat, "v1", "one")
        for what in (visiting.say(chat, "v2", "two"), visiting.rate(chat, 5)):
            with pytest.raises(ChatRefusedError, match=r"too many|can be rated"):
                await what
