"""One connection: silence, violations, too many, and a page that does not read."""

import asyncio
import socket
from pathlib import Path

from chat import messages as c
from chat.limits import ChatLimits
from tests.chat.house import house
from tests.chat.pages import KEY


async def test_nothing_said_in_time(tmp_path: Path) -> None:
    limits = ChatLimits(hello_timeout_s=0.05)
    async with house(tmp_path, limits=limits) as place, place.page() as silent:
        assert (await silent.until(c.Bye)).code is c.ByeCode.HELLO_TIMEOUT


async def test_too_much_said_and_two_beginnings(tmp_path: Path) -> None:
    async with house(tmp_path, limits=ChatLimits(request_burst=5)) as place:
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
        await second.speak("m", "still here")
        assert (await second.lines(2))[-1].text == "still here"


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
            async with asyncio.timeout(30):
                while not place.endpoint.endings["slow_client"]:
                    number += 1
                    await place.conductor.agent_says("ann", reservation, f"a{number}", "x" * 20_000)
            runner = place.conductor.directory.live["chat1"]
            assert len(runner.tail) == 10
            page.ws._response.close()  # an orderly close would wait for a server that is gone
        async with place.page() as again:
            await again.say(c.Resume(token=page.token, after=runner.last - 50))
            lines = await again.lines(50)
            assert [line.number for line in lines] == list(range(runner.last - 49, runner.last + 1))
