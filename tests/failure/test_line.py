"""Two lines call each other."""

import asyncio
import socket

from sip import events as sip
from tests.failure.line import Line
from tests.ports import HOST, free_port


async def test_a_call_is_answered_and_ends_on_both_sides() -> None:
    heard: asyncio.Queue[sip.SipEvent] = asyncio.Queue()
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(2)]
    async with Line(HOST, ports[0], heard.put_nowait) as caller, Line(HOST, ports[1], heard.put_nowait) as called:
        caller.dial("one", f"sip:4300@{HOST}:{ports[1]}", "075500001")
        received = await heard.get()
        assert isinstance(received, sip.CallReceived)
        assert (received.from_user, received.to_user) == ("075500001", "4300")
        assert received.offer is not None
        assert called.answer(received.call, received.offer)
        both = {type(await heard.get()), type(await heard.get())}
        assert both == {sip.CallAnswered, sip.CallConfirmed}
        called.hang_up(received.call)
        both = {type(await heard.get()), type(await heard.get())}
        assert both == {sip.CallEnded}


async def test_nonsense_for_sound_is_refused() -> None:
    heard: asyncio.Queue[sip.SipEvent] = asyncio.Queue()
    async with Line(HOST, free_port(socket.SOCK_DGRAM), heard.put_nowait) as line:
        assert not line.answer("none", b"nonsense")
