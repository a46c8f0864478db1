"""Acts at a chat's home: also while the chat is still being taken up."""

import asyncio
from pathlib import Path

import pytest

from chat.ports import ChatRefusedError
from server.chats import chat_acts as a
from tests.server.chat_nodes import two_nodes


async def test_who_asks_while_a_chat_is_on_its_way_waits_for_it(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        await page.open("hello")
        one, other = two.one.place.conductor, two.two.place.conductor
        runner = one.chat("chat1")
        assert runner is not None
        chat = await two.one.place.store.get("chat1")
        assert chat is not None
        await one.taking_up.let_go(runner, "n2.1")
        asked = asyncio.ensure_future(two.two.homes.carry_out(a.Show(interaction_id="chat1")))
        await asyncio.sleep(0)
        assert await other.taking_up.take_up(chat) is not None
        (shown,) = await asked
        assert [line.text for line in shown.card.lines] == ["hello"]
        assert await two.one.homes.carry_out(a.Show(interaction_id="chat1")) == ()
        with pytest.raises(ChatRefusedError, match="on its way"):
            await two.one.homes.carry_out(a.LetGo(interaction_id="chat1", node="n1.1"))
