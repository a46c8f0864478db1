"""Visitors' way in: opening, limits, origins, plain requests, stopping."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from chat import messages as c
from chat.endpoint import PATH
from chat.limits import ChatLimits
from router.events import WorkQueued
from tests.chat.house import ORIGIN, house, rest
from tests.chat.pages import KEY
from tests.waiting import until


async def test_the_same_key_is_the_same_chat_however_often(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as first, place.page() as second:
            welcomes = await asyncio.gather(first.open("hello"), second.open("hello"))
            assert len({(welcome.token, welcome.status.chat_id) for welcome in welcomes}) == 1
            assert [line.text for line in await second.lines(1)] == ["hello"]
        status, opened, _ = await rest(place, "POST", "", {"entry": "web", "key": KEY, "question": "hello"})
        assert (status, opened["token"]) == (201, welcomes[0].token)
        assert len(place.router.of(WorkQueued)) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"entry": "other"}, "unknown_entry"),
        ({"entry": "closed"}, "closed"),
        ({"question": " \x00\n"}, "empty"),
        ({"question": "x" * 11}, "too_long"),
    ],
)
async def test_what_is_not_opened(tmp_path: Path, more: dict[str, str], code: str) -> None:
    async with house(tmp_path, limits=ChatLimits(text_chars=10)) as place, place.page() as page:
        await page.say(c.Open(**{"entry": "web", "key": KEY, "question": "hello", **more}))  # type: ignore[arg-type]  # texts all
        assert (await page.until(c.Refused)).code == code
        assert isinstance(await page.hear(), c.Bye)
        await until(lambda: place.conductor.counts["chats"] == 0)


async def test_limits_of_an_address_and_of_a_chat(tmp_path: Path) -> None:
    limits = ChatLimits(open_chats_per_address=2, message_burst=3, messages_per_chat=4, open_burst=4)
    async with house(tmp_path, limits=limits) as place, place.page() as page, place.page() as other:
        await page.open(key="a" * 22)
        await other.open(key="b" * 22)
        fields = {"entry": "web", "question": "hello"}
        assert (await rest(place, "POST", "", {**fields, "key": "c" * 22}))[0] == 429
        for number in range(5):
            await page.speak(f"m{number}", "x")
        refused = [(await page.until(c.Refused)).code for _ in range(2)]
        assert refused == ["too_fast"] * 2
        place.router.skew = 60_000_000
        await page.speak("m9", "x")
        assert (await page.until(c.Refused)).code == "too_many_messages"
        await other.say(c.End())
        await other.state("ended")
        await until(lambda: place.conductor.counts["chats"] == 1)
        assert (await rest(place, "POST", "", {**fields, "key": "c" * 22}))[0] == 201


@pytest.mark.parametrize(
    ("raw", "code"),
    [('{"type": "shout"}', 4002), ('{"type": "resume", "token": "x"}', 4001), ('{"type": "ping"}', 4002), (b"x", 4002)],
)
async def test_a_bad_opening(tmp_path: Path, raw: str | bytes, code: int) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await (page.ws.send_bytes(raw) if isinstance(raw, bytes) else page.ws.send_str(raw))
        while (message := await page.ws.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, code)


async def test_origins_and_cors(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            async with place.page(Origin="https://evil.example"):
                pass
        async with place.page(Origin=ORIGIN) as page:
            await page.open()
        async with place.page(Origin=place.url) as page:
            await page.open()
        body = {"entry": "web", "key": KEY, "question": "hello"}
        status, _, headers = await rest(place, "POST", "", body, origin=ORIGIN)
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (201, ORIGIN, "Origin")
        status, refused, headers = await rest(place, "POST", "", body, origin="https://evil.example")
        assert (status, refused["code"], "Access-Control-Allow-Origin" in headers) == (403, "foreign_origin", False)
        status, refused, _ = await rest(place, "POST", "", {**body, "entry": "closed"}, origin=ORIGIN)
        assert (status, refused["code"]) == (403, "foreign_origin"), "each entry has its own"
        for path in ("", "/chat1/messages"):
            status, _, headers = await rest(place, "OPTIONS", path, origin=ORIGIN)
            assert (status, headers["Access-Control-Allow-Headers"]) == (204, "Authorization, Content-Type")


async def test_plain_requests(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.router.ready("ann")
        body = {"entry": "web", "key": KEY, "question": "hello", "name": "Visitor"}
        _, opened, _ = await rest(place, "POST", "", body)
        token, chat = opened["token"], f"/{opened['status']['chat_id']}"
        assert [line["text"] for line in opened["messages"]] == ["hello"]
        poll = asyncio.ensure_future(
            rest(place, "GET", f"{chat}/messages", token=token, after=1, wait=5, version=opened["status"]["version"])
        )
        reservation = place.router.accept()
        assert (await poll)[1]["status"]["state"] == "talking"
        poll = asyncio.ensure_future(rest(place, "GET", f"{chat}/messages", token=token, after=1, wait=5))
        await until(lambda: place.endpoint.counts["visitor_polls"] == 1)
        await place.conductor.agent_says("ann", reservation, "a1", "Yes?")
        assert [line["text"] for line in (await poll)[1]["messages"]] == ["Yes?"]
        said = {"client_id": "m1", "text": "No."}
        for _ in range(2):
            assert (await rest(place, "POST", f"{chat}/messages", said, token))[1]["number"] == 3
        for path, fields in (("typing", {"on": True}), ("receipt", {"delivered": 3, "read": 2}), ("end", None)):
            assert (await rest(place, "POST", f"{chat}/{path}", fields, token))[0] == 204
        await until(lambda: place.conductor.counts["chats"] == 0)
        assert (await rest(place, "POST", f"{chat}/rating", {"score": 5}, token))[0] == 204
        assert (await rest(place, "POST", f"{chat}/messages", said, token))[0] == 409
        _, page, _ = await rest(place, "GET", f"{chat}/messages", token=token)
        assert (page["status"]["rating"], [line["number"] for line in page["messages"]]) == (5, [1, 2, 3])
        assert place.conductor.counts == {"chats": 0, "chats_looked_at": 0}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/chat1/messages", None, 401),
        ("GET", "/chat2/messages", None, 404),
        ("GET", "/chat1/messages?after=-1", None, 400),
        ("POST", "/chat1/messages", {"text": "x"}, 400),
        ("POST", "/chat1/rating", {"score": 0}, 400),
        ("POST", "/chat1/rating", {"score": 3}, 409),
        ("POST", "", {"entry": "web", "key": "short", "question": "x"}, 400),
    ],
)
async def test_bad_requests(tmp_path: Path, method: str, path: str, body: object, status: int) -> None:
    async with house(tmp_path) as place:
        async with place.page() as page:
            await page.open()
        got, refused, _ = await rest(place, method, path, body, "" if status == 401 else page.token)
        assert got == status
        assert refused["type"] == "refused"


async def test_stopping_answers_polls_and_refuses_newcomers(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        token = await place.token()
        poll = asyncio.ensure_future(rest(place, "GET", "/chat1/messages", token=token, after=1, wait=20))
        await until(lambda: place.endpoint.counts["visitor_polls"] == 1)
        await place.stop()
        assert (await poll)[0] == 200
        assert (await rest(place, "GET", "/chat1/messages", token=token))[0] == 503
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await http.ws_connect(f"{place.url}{PATH}")
