"""The web callers' WebSocket over real HTTP: limits, origins, and how it ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.voice.web_rig import Rig
from voice.web_endpoint import PATH, PROTOCOL_ERROR, TOO_FAST, WebCallEndpoint
from voice.web_limits import WebCallLimits
from voice.web_messages import (
    MAX_MESSAGE_BYTES,
    Answer,
    ClientMessage,
    Ended,
    HangUp,
    Ping,
    Pong,
    PressDigit,
    Refused,
    Resume,
    Resumed,
    ServerMessage,
    Start,
    decode_server,
    encode,
)

START = Start(entry="4000", sdp="v=0 offer")


class House:
    """The endpoint behind a real server, and a client."""

    def __init__(self, rig: Rig, endpoint: WebCallEndpoint, url: str, http: aiohttp.ClientSession) -> None:
        self.rig = rig
        self.endpoint = endpoint
        self.url = url
        self.http = http

    async def connect(self, *messages: ClientMessage, **how: str) -> aiohttp.ClientWebSocketResponse:
        ws = await self.http.ws_connect(self.url, headers=how)
        for message in messages:
            await ws.send_str(encode(message))
        return ws

    async def called(self) -> tuple[aiohttp.ClientWebSocketResponse, Answer]:
        """A call that is answered."""
        ws = await self.connect(START)
        async with asyncio.timeout(30):
            while not self.rig.desk.admitted:
                await asyncio.sleep(0.005)
        caller = self.rig.desk.admitted[-1][0]
        self.answering = asyncio.create_task(caller.answer("caller:w1"))
        answer = await told(ws)
        assert isinstance(answer, Answer)
        caller.media_up()
        assert await self.answering
        return ws, answer


async def told(ws: aiohttp.ClientWebSocketResponse) -> ServerMessage:
    raw = await ws.receive(timeout=2)
    assert raw.type is aiohttp.WSMsgType.TEXT, raw
    return decode_server(raw.data)


async def closed(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    raw = await ws.receive(timeout=2)
    assert raw.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), raw
    return ws.close_code


@asynccontextmanager
async def house(limits: WebCallLimits | None = None) -> AsyncIterator[House]:
    rig = Rig(limits)
    endpoint = WebCallEndpoint(
        rig.calls,
        now=lambda: time.monotonic_ns() // 1000,
        origin_allowed=lambda request: request.headers.get("Origin") in (None, "https://good.example"),
        limits=rig.limits,
    )
    app = web.Application()
    app.router.add_get(PATH, endpoint.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as http:
        yield House(rig, endpoint, f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}", http)
        await endpoint.aclose()
    await runner.cleanup()
    left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("web-caller")]
    assert not left


async def until_ended(rig: Rig) -> str:
    async with asyncio.timeout(30):
        while not rig.desk.ended:
            await asyncio.sleep(0.005)
    return rig.desk.ended[0][1]


async def test_a_call_from_the_first_word_to_the_last() -> None:
    async with house() as here:
        ws, _ = await here.called()
        await ws.send_str(encode(PressDigit(digit="5")))
        await ws.send_str(encode(Ping()))
        assert await told(ws) == Pong()
        assert here.rig.desk.digits == ["5"]
        await ws.send_str(encode(HangUp()))
        assert await told(ws) == Ended(reason="caller")
        assert await until_ended(here.rig) == "caller hung up"
        here.rig.desk.admitted[0][0].release()
        assert await closed(ws) == 1000


async def test_a_refused_call_is_told_and_closed() -> None:
    async with house() as here:
        ws = await here.connect(Start(entry="999", sdp="v=0"))
        assert isinstance(await told(ws), Refused)
        assert await closed(ws) == 1000


async def test_a_lost_socket_and_its_successor() -> None:
    async with house() as here:
        ws, answer = await here.called()
        await ws.close()
        second = await here.connect(Resume(token=answer.token))
        assert await told(second) == Resumed()
        await asyncio.sleep(0.2)
        assert not here.rig.desk.ended
        await second.close()
        assert await until_ended(here.rig) == "connection lost"


@pytest.mark.parametrize("first", ["{}", "nonsense", encode(Ping()), encode(HangUp())])
async def test_only_start_or_resume_may_come_first(first: str) -> None:
    async with house() as here:
        ws = await here.connect()
        await ws.send_str(first)
        assert await closed(ws) == PROTOCOL_ERROR


async def test_silence_binary_and_a_second_start_end_the_socket() -> None:
    async with house(WebCallLimits(first_message_s=0.1, resume_within_s=0.1)) as here:
        assert await closed(await here.connect()) == PROTOCOL_ERROR
        ws = await here.connect()
        await ws.send_bytes(b"\x00")
        assert await closed(ws) == PROTOCOL_ERROR
        ws, _ = await here.called()
        await ws.send_str(encode(START))
        assert await closed(ws) == PROTOCOL_ERROR
        assert await until_ended(here.rig) == "connection lost"


async def test_a_message_that_is_too_long_ends_the_socket() -> None:
    async with house() as here:
        ws = await here.connect()
        await ws.send_str("x" * (MAX_MESSAGE_BYTES + 1))
        assert await closed(ws) == 1009


async def test_too_many_messages_end_the_socket() -> None:
    async with house(WebCallLimits(messages_per_second=1, burst=5, resume_within_s=0.1)) as here:
        ws, _ = await here.called()
        for _ in range(8):
            await ws.send_str(encode(PressDigit(digit="1")))
        assert await closed(ws) == TOO_FAST
        assert len(here.rig.desk.digits) == 5


async def test_foreign_origins_are_refused() -> None:
    async with house() as here:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await here.connect(Origin="https://evil.example")
        assert refused.value.status == 403
        ws = await here.connect(Origin="https://good.example")
        await ws.close()
        assert here.endpoint.refused["origin"] == 1


async def test_an_address_has_only_so_many_sockets() -> None:
    async with house(WebCallLimits(calls_per_address=2)) as here:
        sockets = [await here.connect() for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await here.connect()
        assert refused.value.status == 429
        for ws in sockets:
            await ws.close()
        async with asyncio.timeout(30):
            while True:
                try:
                    await (await here.connect()).close()
                    break
                except aiohttp.WSServerHandshakeError:
                    await asyncio.sleep(0.01)


async def test_a_browser_that_does_not_read_is_cut_off() -> None:
    async with house(WebCallLimits(queued_messages=2, resume_within_s=0.1)) as here:
        ws, _ = await here.called()
        caller = here.rig.desk.admitted[0][0]
        for _ in range(4):  # without a turn of the loop nothing is written
            caller.send(Pong())  # type: ignore[attr-defined]
        assert await until_ended(here.rig) == "connection lost"
        await ws.close()


async def test_while_stopping_nobody_comes_in_and_those_inside_are_sent_away() -> None:
    async with house() as here:
        ws, _ = await here.called()
        closing = asyncio.create_task(here.endpoint.aclose())
        assert await closed(ws) == 1001
        await closing
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await here.connect()
        assert refused.value.status == 503
