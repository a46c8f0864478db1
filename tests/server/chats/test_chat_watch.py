"""Who reads along is there as long as they go on reading."""

from pathlib import Path

import pytest

from server.chats import chat_watch
from server.chats.chat_acts import ReadAlong
from tests.server.chat_nodes import one_node
from tests.waiting import until


async def test_who_does_not_read_on_listens_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with one_node(tmp_path) as node, node.place.page() as page:
        await page.open("hello")
        chat = node.place.conductor.chat("chat1")
        assert chat is not None
        monkeypatch.setattr(chat_watch, "GONE_S", 60.0)
        assert await node.watch.listen(chat, "bob", "listen") == ""
        assert [one.customer for one in node.watch.live()] == ["Visitor"]
        monkeypatch.setattr(chat_watch, "GONE_S", 0.01)
        asked = ReadAlong(agent_id="bob", interaction_id="chat1", after=0, version=None, wait_s=0)
        assert [line.text for line in (await node.watch.read(chat, asked)).lines] == ["hello"]
        await until(lambda: node.watch.mode("bob", "chat1") == "")
        assert node.watch.stop(chat, "bob") == ""
