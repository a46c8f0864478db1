"""A chat that another shard has, on its visitor's node: pages that come later, plain requests, and ways that break."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chat import far_chat
from chat import messages as c
from chat.ports import ChatRefusedError
from tests.chat.house import rest
from tests.chat.pages import KEY, Page
from tests.chat.test_guests import gone_over
from tests.chat.two_shards import Shards, two_shards
from tests.waiting import until


async def back(shards: Shards, page: Page, token: str, after: int = 0) -> None:
    await page.say(c.Resume(token=token, after=after))
    await page.until(c.Welcome)
    assert shards.north.conductor.counts["chats"] == 0, "nothing of it is here"


async def test_a_page_that_comes_back_has_all_that_was_said(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards:
        async with shards.north.page() as page:
            reservation = await gone_over(shards, page)
            token = page.token
        await shards.home.conductor.agent_says("ann", reservation, "a1", "On its way")
        await shards.north.restart()
        async with shards.north.page() as page, shards.north.page() as other:
            await back(shards, page, token)
            assert [line.text for line in await page.lines(2)] == ["Where is my parcel?", "On its way"]
            assert page.status is not None
            assert (page.status.state, page.status.agent) == ("talking", "Ann")
            assert (await other.open("once more", KEY)).status.chat_id == "chat1", "the same key is the same chat"
            await page.say(c.End())
            await page.state("ended")
            await other.state("ended")
        await until(lambda: len(shards.north.conductor.far) == 0, "nobody looks at it any more")


async def test_plain_requests_reach_it(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards:
        async with shards.north.page() as page:
            reservation = await gone_over(shards, page)
            token = page.token

        async def asked(method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
            status, content, _ = await rest(shards.north, method, f"/chat1/{path}", body, token, **query)
            return status, content

        status, read = await asked("GET", "messages")
        assert (status, read["status"]["state"], len(read["messages"])) == (200, "talking", 1)
        reading = asyncio.create_task(asked("GET", "messages", after=1, version=read["status"]["version"], wait=20))
        await shards.home.conductor.agent_says("ann", reservation, "a1", "On its way")
        assert [line["text"] for line in (await reading)[1]["messages"]] == ["On its way"]
        said = await asked("POST", "messages", {"client_id": "v1", "text": "Thank you"})
        again = await asked("POST", "messages", {"client_id": "v1", "text": "Thank you"})
        assert (said[0], said[1]["number"], again[1]["number"]) == (201, 3, 3)
        assert (await asked("POST", "messages", {"client_id": "v2", "text": " "}))[0] == 400
        assert (await asked("POST", "rating", {"score": 4}))[0] == 409
        assert (await asked("POST", "end"))[0] == 204
        await until(lambda: all(place.conductor.open_chats() == () for place in shards.hosts), "it is over there")
        assert (await asked("POST", "rating", {"score": 4}))[0] == 204
        assert (await asked("GET", "messages"))[1]["status"]["rating"] == 4


async def test_while_no_node_there_is_reached_the_page_is_told_and_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_chat, "GRACE_S", 0.1)
    monkeypatch.setattr(far_chat, "AGAIN_S", 0.02)
    monkeypatch.setattr(far_chat, "LOOK_S", 0.1)
    async with two_shards(tmp_path) as shards:
        async with shards.north.page() as page:
            await gone_over(shards, page)
            token = page.token
            shards.way.cut |= {"n1.1", "n2.1"}
            await page.speak("v1", "Hello?")
            refused = await page.until(c.Refused)
            assert (refused.code, refused.client_id) == ("unavailable", "v1")
            assert (await page.until(c.Bye)).code == c.ByeCode.MOVING
        async with shards.north.page() as page:
            await page.say(c.Resume(token=token))
            assert (await page.until(c.Bye)).code == c.ByeCode.MOVING
        shards.way.cut.clear()
        async with shards.north.page() as page:
            await back(shards, page, token, after=1)
            await page.speak("v1", "Hello?")
            assert [line.text for line in await page.lines(1)] == ["Hello?"]


async def test_one_that_the_other_shard_never_had_is_over(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards:
        async with shards.north.page() as page:
            await page.open("Hello?")
            token = page.token
            await page.say(c.End())
            await page.state("ended")
        await shards.north.store.lodge("chat1", "south")
        await shards.south.store.forget("chat1")
        async with shards.north.page() as page:
            await page.say(c.Resume(token=token))
            welcome = await page.until(c.Welcome)
            assert welcome.status.state == "ended"
        chat = await shards.north.store.get("chat1")
        assert chat is not None
        shards.way.cut |= {"n1.1", "n2.1"}
        with pytest.raises(ChatRefusedError):
            await shards.north.conductor.far.find(chat)
