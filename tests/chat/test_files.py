"""Files in chats from both sides, on a real router, database, disk and port."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chat import messages as c
from chat.limits import ChatLimits
from chat.ports import ChatRefusedError
from records.chat_files import ChatFile
from records.messages import Message
from tests.chat.house import House, house, rest
from tests.chat.pages import KEY, Page
from tests.chat.test_sniff import PNG, SAMPLES
from tests.chat.test_vault import files, pieces
from tests.waiting import until


async def send(
    place: House, chat: str, token: str, content: Any, name: str = "a.png", client_id: str = "f1", **headers: str
) -> tuple[int, Any]:
    url = f"{place.url}/chat/v1/chats/{chat}/files"
    headers = {"Authorization": f"Bearer {token}", **headers} if token else headers
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=content, params={"name": name, "client_id": client_id}, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def have(place: House, chat: str, token: str, file_id: str) -> tuple[int, bytes, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"{place.url}/chat/v1/chats/{chat}/files/{file_id}", headers={"Authorization": f"Bearer {token}"}
        ) as answer,
    ):
        return answer.status, await answer.read(), answer.headers


async def accepted(place: House, page: Page) -> str:
    """Ann has the chat; her reservation."""
    place.router.ready("ann")
    reservation = place.router.accept()
    await page.state("talking")
    return reservation


async def opened(place: House, key: str = KEY) -> tuple[str, str, Any]:
    """Chat id, token and the whole answer."""
    _, answer, _ = await rest(place, "POST", "", {"entry": "web", "key": key, "question": "hello"})
    return answer["status"]["chat_id"], answer["token"], answer


async def test_a_visitor_s_picture_reaches_the_agent_and_comes_back_to_the_visitor(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        welcome = await page.open()
        assert welcome.files == c.FileLimits(types=tuple(SAMPLES), max_bytes=10 * 1024 * 1024, per_chat=20)
        chat, reservation = welcome.status.chat_id, await accepted(place, page)
        status, said = await send(place, chat, page.token, PNG, "../my photo.exe")
        assert (status, said["number"], said["text"], said["client_id"]) == (201, 2, "", "f1")
        line = (await page.lines(2))[1]
        assert line.file is not None
        assert (line.file.name, line.file.media_type, line.file.size) == ("my photo.exe.png", "image/png", len(PNG))
        shown = place.screens.messages[-1]
        assert shown[:2] == ("ann", reservation)
        assert shown[2].file is not None
        assert shown[2].file.id == line.file.id
        assert await send(place, chat, page.token, PNG) == (201, said), "the same send again is the same message"
        await until(lambda: len(files(place.folder / "files")) == 1, "the second copy is gone")

        status, content, headers = await have(place, chat, page.token, line.file.id)
        assert (status, content) == (200, PNG)
        assert headers["Content-Type"] == "image/png"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["Content-Disposition"].startswith('attachment; filename="my photo.exe.png"')


async def test_an_agent_s_file_reaches_the_visitor(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        welcome = await page.open()
        reservation = await accepted(place, page)

        async def say(file: ChatFile) -> Message:
            return await place.conductor.agent_says("ann", reservation, "a1", "", file=file)

        message = await place.files.receive("chat1", "合同.pdf", pieces(SAMPLES["application/pdf"]), None, say)
        line = (await page.lines(2))[1]
        assert (line.author, line.text, line.client_id) == ("agent", "", None)
        assert line.file is not None
        assert message.file is not None
        assert line.file.name == "合同.pdf"
        status, content, headers = await have(place, welcome.status.chat_id, page.token, line.file.id)
        assert (status, content) == (200, SAMPLES["application/pdf"])
        assert "filename*=UTF-8''%E5%90%88%E5%90%8C.pdf" in headers["Content-Disposition"]

        async def by_another(file: ChatFile) -> Message:
            return await place.conductor.agent_says("bob", reservation, "a2", "", file=file)

        with pytest.raises(ChatRefusedError, match="not a chat of yours"):
            await place.files.receive("chat1", "b.txt", pieces(b"hi"), None, by_another)
        assert len(files(place.folder / "files")) == 1, "nothing is left of what nobody said"


async def test_a_chat_s_files_are_its_own(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        other, other_token, _ = await opened(place, "o" * 22)
        _, said = await send(place, chat, token, PNG)
        file_id = said["file"]["id"]
        assert (await have(place, other, other_token, file_id))[0] == 404
        assert (await have(place, chat, other_token, file_id))[0] == 404
        assert (await have(place, chat, "guessed", file_id))[0] == 404
        assert (await have(place, chat, "", file_id))[0] == 401
        assert (await have(place, chat, token, "..%2f..%2frecords.sqlite"))[0] == 404
        assert (await send(place, chat, "", PNG))[0] == 401


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "file_empty"),
        (b"<svg onload='x()'/>", 415, "file_type"),
        (b"\x7fELF", 415, "file_type"),
        (b"x" * 3000, 413, "file_too_big"),
    ],
)
async def test_what_is_refused_leaves_nothing(tmp_path: Path, content: bytes, status: int, code: str) -> None:
    limits = ChatLimits(file_bytes=2000)
    async with house(tmp_path, limits=limits) as place:
        chat, token, _ = await opened(place)
        answered, refused = await send(place, chat, token, content)
        assert (answered, refused["code"]) == (status, code)
        # Without a length beforehand, it is found out on the way.
        answered, refused = await send(
            place, chat, token, pieces(*(content[at : at + 500] for at in range(0, 3000, 500)))
        )
        assert (answered, refused["code"]) == (status, code)
        assert files(place.folder / "files") == []
        _, page, _ = await rest(place, "GET", f"/{chat}/messages", token=token)
        assert len(page["messages"]) == 1


async def test_bad_requests(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        assert (await send(place, chat, token, PNG, client_id=""))[1]["code"] == "bad_request"
        form = aiohttp.FormData({"file": "x"}, default_to_multipart=True)
        assert (await send(place, chat, token, form))[1]["code"] == "bad_request"


async def test_so_many_files_and_no_more(tmp_path: Path) -> None:
    async with house(tmp_path, limits=ChatLimits(files_per_chat=2)) as place:
        chat, token, answer = await opened(place)
        assert answer["files"]["per_chat"] == 2
        answers = await asyncio.gather(*(send(place, chat, token, PNG, client_id=f"f{n}") for n in range(3)))
        assert sorted(status for status, _ in answers) == [201, 201, 409]
        assert (await send(place, chat, token, PNG, client_id="f9"))[1]["code"] == "too_many_files"


async def test_no_files_where_the_site_takes_none(tmp_path: Path) -> None:
    async with house(tmp_path, limits=ChatLimits(file_types=())) as place:
        chat, token, answer = await opened(place)
        assert "files" not in answer
        assert (await send(place, chat, token, PNG))[1]["code"] == "file_type"


async def test_a_sender_who_goes_away_midway_leaves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        _, writer = await asyncio.open_connection(*place.base)
        head = (
            f"POST /chat/v1/chats/{chat}/files?client_id=f1&name=a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        )
        writer.write(f"{head}Authorization: Bearer {token}\r\n\r\nhalf of it".encode())
        await until(lambda: files(place.folder / "files"), "the upload has begun")
        assert place.files.counts == {"chat_uploads": 1}
        writer.transport.abort()
        await until(lambda: not files(place.folder / "files"), "nothing is left")
        await until(lambda: place.files.counts == {"chat_uploads": 0}, "it is over")


@pytest.mark.parametrize("limits", [ChatLimits(upload_idle_s=0.2), ChatLimits(upload_s=0.2)], ids=["silent", "trickle"])
async def test_a_sender_who_does_not_come_to_an_end_is_refused(tmp_path: Path, limits: ChatLimits) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"half of it"
        while limits.upload_s < 1:
            await asyncio.sleep(0.01)
            yield b"x"
        await asyncio.sleep(30)

    async with house(tmp_path, limits=limits) as place:
        _, token, _ = await opened(place)
        runner = await place.conductor.find(token)
        assert runner is not None
        with pytest.raises(ChatRefusedError) as caught:
            await place.files.visitor_sends(runner, "f1", "a.txt", slow(), None)
        assert caught.value.code == "file_incomplete"
        assert files(place.folder / "files") == []


async def test_a_store_that_is_away_keeps_the_file_until_it_is_known(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        place.store.fail_after = 1
        assert (await send(place, chat, token, PNG))[0] == 503
        status, said = await send(place, chat, token, PNG)
        assert status == 201
        assert (await have(place, chat, token, said["file"]["id"]))[:2] == (200, PNG)


async def test_after_the_end_files_are_read_and_no_more_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        _, said = await send(place, chat, token, PNG)
        await rest(place, "POST", f"/{chat}/end", token=token)
        runner = place.conductor.chat(chat)
        await until(lambda: runner is None or runner.over, "over")
        assert (await send(place, chat, token, PNG, client_id="f2"))[1]["code"] == "chat_over"
        assert (await have(place, chat, token, said["file"]["id"]))[:2] == (200, PNG)


async def test_from_a_page_of_another_origin(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        chat, token, _ = await opened(place)
        assert (await send(place, chat, token, PNG, Origin="https://evil.example"))[0] == 403
        status, said = await send(place, chat, token, PNG, Origin="https://shop.example")
        assert status == 201
        url = f"{place.url}/chat/v1/chats/{chat}/files/{said['file']['id']}"
        headers = {"Origin": "https://shop.example", "Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        async with (
            aiohttp.ClientSession() as http,
            http.options(url, headers={"Origin": "https://shop.example"}) as answer,
        ):
            assert answer.status == 204
