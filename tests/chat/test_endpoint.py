"""Visitors over real sockets: opening, resuming, doubles, limits, origins, slow pages, plain requests, the end."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from chat import messages as c
from chat.endpoint import PATH
from chat.identity import proof_of
from chat.limits import ChatLimits
from chat.machine import Patience
from chat.ports import Identity
from router.events import CustomerLeft, InteractionClosed, WorkQueued
from tests.chat.house import KEY, ORIGIN, SECRET, House, Page, house, rest, until


async def say(page: Page, client_id: str, text: str) -> None:
    await page.say(c.Say(client_id=client_id, text=text))


async def test_the_same_key_is_the_same_chat_however_often(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as first, place.page() as second:
            welcomes = await asyncio.gather(first.open("hello"), second.open("hello"))
            assert len({(welcome.token, welcome.status.chat_id) for welcome in welcomes}) == 1
            assert [line.text for line in await second.lines(1)] == ["hello"]
        status, opened, _ = await rest(place, "POST", "", {"entry": "web", "key": KEY, "question": "hello"})
        assert (status, opened["token"]) == (201, welcomes[0].token)
        assert len(place.router.of(WorkQueued)) == 1


async def test_a_page_that_comes_back_gets_what_it_missed_once(tmp_path: Path) -> None:
    limits = ChatLimits(tail=5, page=3, message_burst=100)
    async with house(tmp_path, limits=limits) as place:
        async with place.page() as page:
            welcome = await page.open()
            for number in range(10):
                await say(page, f"m{number}", f"{number}")
            assert [line.text for line in await page.lines(11)] == ["hello", *map(str, range(10))]
        for after in (0, 4, 8, 11, 999):
            async with place.page() as again:
                await again.say(c.Resume(token=welcome.token or "", after=after))
                await again.until(c.Welcome)
                await again.say(c.Ping())
                numbers: list[int] = []
                while not isinstance(message := await again.hear(), c.Pong):
                    numbers += [line.number for line in message.messages] if isinstance(message, c.Messages) else []
                assert numbers == list(range(after + 1, 12))


async def test_a_repeated_send_is_one_message(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        for _ in range(3):
            await say(page, "same", "once")
        await say(page, "other", "twice")
        assert [(line.number, line.client_id) for line in await page.lines(3)] == [
            (1, "open"),
            (2, "same"),
            (3, "other"),
        ]


async def test_what_could_not_be_kept_is_refused_and_may_be_sent_again(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        place.store.fail_before = 1
        await say(page, "a", "lost")
        assert (await page.until(c.Refused)).client_id == "a"
        await say(page, "a", "lost")
        place.store.fail_after = 1
        await say(page, "b", "kept without a word")
        assert (await page.until(c.Refused)).code == "unavailable"
        await say(page, "c", "next")
        await say(page, "b", "kept without a word")
        place.store.fail_after = 1
        await say(page, "d", "kept, and said again at once")
        await say(page, "d", "kept, and said again at once")
        texts = [line.text for line in await place.conductor._live["chat1"].after(0)]
        await until(lambda: place.conductor._live["chat1"].last == 5)
        texts = [line.text for line in await place.conductor._live["chat1"].after(0)]
        assert texts == ["hello", "lost", "kept without a word", "next", "kept, and said again at once"]
        assert [m.text for m in await place.store.after("chat1", 0, 100)] == texts


async def test_agent_and_visitor_talk(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open("<img src=x onerror=alert(1)>")
        reservation = place.router.accept()
        assert (await page.state("talking")).agent == "Ann"
        conductor = place.conductor
        for _ in range(2):
            message = await conductor.agent_says("ann", reservation, "a1", "Hello")
        assert (message.number, message.name) == (2, "Ann")
        lines = await page.lines(2)
        assert [(line.author, line.name, line.text) for line in lines] == [
            ("customer", "Visitor", "<img src=x onerror=alert(1)>"),
            ("agent", "Ann", "Hello"),
        ]
        await page.say(c.Receipt(delivered=2, read=1))
        await until(lambda: place.screens.receipts == [("ann", reservation, 2, 1)])
        await page.say(c.Typing(on=True))
        await until(lambda: place.screens.typed == [("ann", reservation, True)])
        conductor.agent_types("ann", reservation, on=True)
        await page.until(c.StatusShown, lambda shown: shown.status.typing)
        await say(page, "v1", "Thanks")
        await page.lines(3)
        conductor.agent_reads("ann", reservation, 3)
        await page.until(c.StatusShown, lambda shown: shown.status.read == 3)
        place.end_by_agent(reservation)
        assert (await page.state("ended")).may_rate
        await page.say(c.Rate(score=2))
        await page.until(c.StatusShown, lambda shown: shown.status.rating == 2)
        await page.say(c.Rate(score=5))
        await say(page, "late", "too late")
        assert (await page.until(c.Refused)).code == "chat_over"
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")]
        async with place.page() as again:
            await again.say(c.Resume(token=page.token))
            status = (await again.until(c.Welcome)).status
            assert (status.state, status.rating, status.may_rate) == ("ended", 2, False)


async def test_place_wait_and_the_visitor_s_end(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as first, place.page() as second:
        assert (await first.open(key="a" * 22)).status.place == 1
        status = (await second.open(key="b" * 22)).status
        assert (status.place, status.expected_wait_s) == (2, 60)
        await first.say(c.End())
        ended = await first.state("ended")
        assert (ended.ended_by, ended.may_rate) == ("customer", False)
        await second.until(c.StatusShown, lambda shown: shown.status.place == 1)
        await first.say(c.Rate(score=1))
        assert (await first.until(c.Refused)).code == "not_to_rate"
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")]


async def test_the_locale_demands_an_agent_who_speaks_it(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("bob")
        await page.open(locale="zh-TW")
        assert place.router.offers == []
        place.router.ready("ann")
        assert [offer.agent_id for offer in place.router.offers] == ["ann"]


async def test_identities(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        good = c.User(id="u-1", proof=proof_of(SECRET, "u-1"))
        bad = c.User(id="u-2", proof=proof_of(SECRET, "u-1"))
        for key, more in (
            ("a" * 22, {"user": good, "visitor_id": "v" * 16}),
            ("b" * 22, {"visitor_id": "v" * 16}),
            ("d" * 22, {}),
        ):
            async with place.page() as page:
                await page.open(key=key, **more)
        assert list(place.known.opened.values()) == [
            Identity("user", "u-1", verified=True),
            Identity("visitor", "v" * 16, verified=False),
            None,
        ]
        async with place.page() as page:
            await page.say(c.Open(entry="web", key="c" * 22, question="hi", user=bad))
            assert (await page.until(c.Refused)).code == "bad_proof"
            assert (await page.until(c.Bye)).code is c.ByeCode.REFUSED
        assert len(place.router.of(WorkQueued)) == 3


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
            await say(page, f"m{number}", "x")
        refused = [(await page.until(c.Refused)).code for _ in range(2)]
        assert refused == ["too_fast"] * 2
        place.router.skew = 60_000_000
        await say(page, "m9", "x")
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


async def test_nothing_said_in_time_and_too_much_said(tmp_path: Path) -> None:
    limits = ChatLimits(hello_timeout_s=0.05, request_burst=5)
    async with house(tmp_path, limits=limits) as place:
        async with place.page() as silent:
            assert (await silent.until(c.Bye)).code is c.ByeCode.HELLO_TIMEOUT
        async with place.page() as page:
            await page.open()
            for _ in range(6):
                await page.say(c.Typing(on=True))
            assert (await page.until(c.Bye)).code is c.ByeCode.TOO_FAST
        async with place.page() as page:
            await page.say(c.Open(entry="web", key=KEY, question="x"))
            await page.say(c.Resume(token=page.token or "x"))
            assert (await page.until(c.Bye)).code is c.ByeCode.PROTOCOL_ERROR


async def test_only_so_many_pages_show_a_chat(tmp_path: Path) -> None:
    limits = ChatLimits(connections_per_chat=1)
    async with house(tmp_path, limits=limits) as place, place.page() as first, place.page() as second:
        await first.open()
        await second.open()
        assert (await first.until(c.Bye)).code is c.ByeCode.REPLACED
        await say(second, "m", "still here")
        assert (await second.lines(2))[-1].text == "still here"


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


async def test_a_page_that_does_not_read_is_cut_off_and_nothing_is_queued(tmp_path: Path) -> None:
    limits = ChatLimits(
        write_timeout_s=0.3,
        close_timeout_s=0.1,
        frame_bytes=8192,
        messages_per_chat=5000,
        tail=10,
        text_chars=20_000,
    )
    async with house(tmp_path, limits=limits) as place:
        place.router.ready("ann")
        async with place.page() as page:
            await page.open()
            reservation = place.router.accept()
            await page.state("talking")
            page.ws.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection = page.ws._conn
            assert connection is not None
            assert connection.transport is not None
            connection.transport.pause_reading()
            number = 0
            async with asyncio.timeout(15):
                while not place.endpoint.endings["slow_client"]:
                    number += 1
                    await place.conductor.agent_says("ann", reservation, f"a{number}", "x" * 20_000)
            runner = place.conductor._live["chat1"]
            assert len(runner.tail) == 10
            page.ws._response.close()  # an orderly close would wait for a server that is gone
        async with place.page() as again:
            await again.say(c.Resume(token=page.token, after=runner.last - 50))
            lines = await again.lines(50)
            assert [line.number for line in lines] == list(range(runner.last - 49, runner.last + 1))


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


async def test_a_restart_ends_no_chat(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.router.ready("ann")
        async with place.page() as first, place.page() as second, place.page() as third:
            await first.open(key="a" * 22)
            reservation = place.router.accept()
            await first.state("talking")
            place.router.ready("bob")
            await second.open(key="b" * 22)
            await third.open(key="c" * 22)
            await say(third, "m", "before")
            await third.lines(2)
            await place.stop()
            assert (await third.until(c.Bye)).code is c.ByeCode.SHUTDOWN
        await place.restart()
        states = []
        for page in (first, second, third):
            async with place.page() as again:
                await again.say(c.Resume(token=page.token, after=1))
                states.append((await again.until(c.Welcome)).status.state)
                await say(again, "m", "before")
                await say(again, "n", "after")
                texts = [line.text for line in await again.lines(2)]
                assert texts == ["before", "after"]
        assert states == ["talking", "waiting", "waiting"]
        message = await place.conductor.agent_says("ann", reservation, "a1", "Here I am")
        assert message.number == 4


async def test_the_end_that_was_not_kept_is_kept_at_the_next_start(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as page:
            await page.open()
        await place.stop()
        place.router.tell(CustomerLeft("chat1"), "test")
        await place.restart()
        assert await place.store.not_ended() == ()
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")]
        async with place.page() as page:
            await page.say(c.Resume(token=(await rest_token(place)), after=0))
            assert (await page.until(c.Welcome)).status.state == "ended"


async def rest_token(place: House) -> str:
    """The token of the chat that was opened with KEY."""
    return str((await rest(place, "POST", "", {"entry": "web", "key": KEY, "question": "x"}))[1]["token"])


async def test_patience(tmp_path: Path) -> None:
    patience = Patience(abandon=50_000, agent=50_000)
    async with house(tmp_path, patience) as place:
        async with place.page() as page:
            await page.open()
        await until(lambda: place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")])
        place.router.ready("ann")
        async with place.page() as page:
            await page.open(key="b" * 22)
            place.router.accept()
            await page.state("talking")
            place.screens.pages.clear()
            place.conductor.agent_page("ann", up=False)
            await page.state("waiting")
            assert place.conductor._by_reservation == {}


async def test_stopping_answers_polls_and_refuses_newcomers(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        token = await rest_token(place)
        poll = asyncio.ensure_future(rest(place, "GET", "/chat1/messages", token=token, after=1, wait=20))
        await until(lambda: place.endpoint.counts["visitor_polls"] == 1)
        await place.stop()
        assert (await poll)[0] == 200
        assert (await rest(place, "GET", "/chat1/messages", token=token))[0] == 503
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await http.ws_connect(f"{place.url}{PATH}")
