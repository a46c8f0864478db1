"""Chats between nodes of two shards, and files in both directions; what either side does is in tests/chat."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from chat.endpoint import CHATS
from chat.visits import Look
from records.chat_files import ChatFile
from records.messages import Message
from server.chats.chat_shards import PAGE
from tests.chat.pages import Page
from tests.chat.test_guests import gone_over
from tests.chat.test_sniff import PNG
from tests.chat.two_shards import Shards, two_shards
from tests.waiting import until


async def sent(shards: Shards, page: Page, client_id: str) -> dict[str, Any]:
    """A picture by its visitor's node: the message that it is."""
    url, naming = f"{shards.north.url}{CHATS}/chat1/files", {"client_id": client_id, "name": "parcel.png"}
    headers = {"Authorization": f"Bearer {page.token}"}
    async with aiohttp.ClientSession() as http, http.post(url, data=PNG, params=naming, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        line: dict[str, Any] = await answer.json()
        return line


async def _once() -> AsyncIterator[bytes]:
    yield PNG


def _agent_says(shards: Shards, reservation: str) -> Callable[[ChatFile], Awaitable[Message]]:
    async def say(file: ChatFile) -> Message:
        return await shards.home.conductor.agent_says("ann", reservation, "a1", "", file=file)

    return say


async def had(shards: Shards, page: Page, file_id: str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {page.token}"}
    url = f"{shards.north.url}{CHATS}/chat1/files/{file_id}"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.read()


async def test_files_go_over_with_the_chat_and_afterwards(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        shards.way.cut |= {"n1.1", "n2.1"}
        await page.open("Look at this")
        before = await sent(shards, page, "f0")
        work = shards.north.router.dispatcher.work("chat1")
        assert work is not None
        assert work.stays is not None
        shards.way.cut.clear()
        shards.north.router.skew += 60_000_000
        shards.north.router.expire()
        await until(lambda: shards.hosted, "somebody has made room this time")
        shards.settle()
        shards.south.router.ready("ann")
        reservation = shards.south.router.accept()
        await page.state("talking")
        after = await sent(shards, page, "f1")
        again = await sent(shards, page, "f1")
        assert (before["number"], after["number"], again["number"]) == (2, 3, 3)
        for line in (before, after):
            file, place = await shards.home.files.open("chat1", line["file"]["id"])
            assert (file.name, place.read_bytes()) == ("parcel.png", PNG)
        own = await shards.home.files.receive("chat1", "own.png", _once(), None, _agent_says(shards, reservation))
        assert own.file is not None
        assert await had(shards, page, own.file.id) == (200, PNG)
        assert await had(shards, page, own.file.id) == (200, PNG)
        assert (await had(shards, page, "0" * 32))[0] == 404


async def test_a_long_chat_goes_over_whole(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        shards.way.cut |= {"n1.1", "n2.1"}
        await page.open("0")
        chat = shards.north.conductor.chat("chat1")
        assert chat is not None
        for number in range(1, 2 * PAGE + 2):
            await chat.customer_says(f"v{number}", str(number))
        shards.way.cut.clear()
        shards.north.router.skew += 60_000_000
        shards.north.router.expire()
        await until(lambda: shards.hosted, "somebody has made room")
        shards.settle()
        kept = await shards.south.store.after("chat1", 0, 100)
        assert [line.text for line in kept] == [str(number) for number in range(2 * PAGE + 2)]


async def test_a_host_that_is_drained_sends_its_visitors_to_another(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        await gone_over(shards, page)
        kept = await shards.south.store.get("chat1")
        assert kept is not None
        shards.others, shards.south.conductor.draining = True, True
        asked = len(shards.way.asked)
        look = Look(token_hash=kept.token_hash, after=0)
        assert shards.north.shards is not None
        await shards.north.shards.visit("south", "n1.1", look)
        assert [node for node, _ in shards.way.asked[asked:]][:2] == ["n1.1", "n2.1"]
        shards.others = False
        assert (await shards.north.shards.visit("south", "n1.1", look))[0] == "n1.1", "there is nobody else"
