"""One connection over real sockets: requests, violations, silence, slow clients, what outlives a broken line."""

import asyncio
import socket
from typing import Any

import aiohttp
import msgpack
import msgspec
import pytest
from aiohttp import WSMsgType

from agents_ws.limits import EndpointLimits
from agents_ws.messages import (
    Accept,
    Ack,
    Bye,
    ByeCode,
    Done,
    Hello,
    LegAnswer,
    OpenLeg,
    Ping,
    Pong,
    PresenceShown,
    ReadChat,
    Refused,
    SetPresence,
    SignOut,
    Snapshot,
    TypeInChat,
)
from agents_ws.outbox import OutboxLimits
from agents_ws.ports import Refusal
from agents_ws.session import SessionLimits
from router.errors import RoutingEndedError
from router.vocabulary import Presence
from tests.agents_ws.scripted import Client, ScriptedGateway, Stage, signed_in, stage
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("each_codec")

OTHER_FRAME = {WSMsgType.TEXT: WSMsgType.BINARY, WSMsgType.BINARY: WSMsgType.TEXT}


async def test_done_refused_and_failed_requests() -> None:
    async with stage() as place, signed_in(place) as (client, _):
        await client.say(SetPresence(ref="1", presence="ready"))
        assert (await client.hear_until(Done)).ref == "1"
        place.gateway.refusals["accept"] = Refusal("offer_gone", "too late")
        await client.say(Accept(ref="2", reservation_id="r"))
        assert (await client.hear_until(Refused)).code == "offer_gone"
        place.gateway.failures["accept"] = RuntimeError("broken")
        await client.say(Accept(ref="3", reservation_id="r"))
        assert (await client.hear_until(Refused)).code == "internal"
        place.gateway.failures["accept"] = RoutingEndedError()
        await client.say(Accept(ref="5", reservation_id="r"))
        assert (await client.hear_until(Refused)).code == "unavailable"
        await client.say(OpenLeg(ref="4", sdp="v=0"))
        assert (await client.hear_until(LegAnswer)).sdp == "answer to v=0"


async def test_a_repeated_request_is_carried_out_once() -> None:
    async with stage() as place:
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
            await client.say(Accept(ref="1", reservation_id="r"))
            await client.hear_until(Done)
        async with signed_in(place, session=welcome.session, last_seq=1) as (client, _):
            await client.say(Accept(ref="1", reservation_id="r"))
            assert (await client.hear_until(Done)).seq == 2
        assert [call[0] for call in place.gateway.calls].count("accept") == 1


async def test_a_request_that_was_begun_is_finished_without_its_connection() -> None:
    async with stage() as place:
        gate = place.gateway.gates["accept"] = asyncio.Event()
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
            await client.say(Accept(ref="1", reservation_id="r"))
            await until(lambda: ("accept", "ann", "r") in place.gateway.calls, "begun")
            async with signed_in(place, session=welcome.session, last_seq=1) as (new, again):
                assert again.resumed
                gate.set()
                assert (await new.hear_until(Done)).ref == "1"


async def test_opening_a_leg_does_not_hold_up_an_accept() -> None:
    async with stage() as place, signed_in(place) as (client, _):
        gate = place.gateway.gates["open_leg"] = asyncio.Event()
        await client.say(OpenLeg(ref="leg", sdp="v=0"))
        await client.say(OpenLeg(ref="leg2", sdp="v=0"))
        assert (await client.hear_until(Refused)).code == "leg_busy"
        await client.say(Accept(ref="1", reservation_id="r"))
        assert (await client.hear_until(Done)).ref == "1"
        gate.set()
        assert (await client.hear_until(LegAnswer)).ref == "leg"
        await client.say(OpenLeg(ref="leg3", sdp="v=1"))
        assert (await client.hear_until(LegAnswer)).ref == "leg3"


async def test_a_request_without_an_answer_times_out() -> None:
    async with stage(EndpointLimits(command_timeout_s=0.05)) as place, signed_in(place) as (client, _):
        place.gateway.gates["accept"] = asyncio.Event()
        await client.say(Accept(ref="1", reservation_id="r"))
        assert (await client.hear_until(Refused)).code == "timeout"


async def test_signing_out_is_answered_then_final() -> None:
    async with stage() as place, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        await client.say(SignOut(ref="1"))
        assert isinstance(await client.hear(), Done)
        assert (await client.hear_until(Bye)).code is ByeCode.SIGNED_OUT
        assert await client.closed_with() == 4007
        assert place.hub.counts.sessions == 0


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (None, "truncated"),
        ({"type": "dance"}, "dance"),
        ({"type": "hello", "token": "token:ann"}, "hello was said"),
        ({"type": "ack", "seq": 1000}, "acknowledged 1000"),
    ],
)
async def test_violations_end_the_connection_with_a_reason(said: dict[str, Any] | None, says: str) -> None:
    async with stage() as place, signed_in(place) as (client, _):
        packed = (msgpack.packb if client.codec.binary else msgspec.json.encode)(said or {"type": "ping"})
        await client.ws.send_frame(packed if said else packed[:-1], client.frame)
        bye = await client.hear_until(Bye)
        assert bye.code is ByeCode.PROTOCOL_ERROR
        assert says in bye.reason.lower()
        assert await client.closed_with() == 4002


async def test_the_other_kind_of_frame_and_too_large_messages() -> None:
    async with stage(EndpointLimits(max_message_bytes=1000)) as place:
        async with signed_in(place) as (client, _):
            await client.ws.send_frame(b"{}", OTHER_FRAME[client.frame])
            bye = await client.hear_until(Bye)
            assert bye.reason == f"only {client.frame.name.lower()} messages are spoken here"
            assert await client.closed_with() == 4002
        async with signed_in(place) as (client, _):
            await client.ws.send_frame(b" " * 2000, client.frame)
            assert await client.closed_with() == 1009
        await until(lambda: place.hub.counts.connections == 0, "both gone")


async def test_too_many_messages() -> None:
    async with stage(EndpointLimits(burst=5, messages_per_second=1)) as place, signed_in(place) as (client, _):
        for _ in range(8):
            await client.say(Ping())
        assert (await client.hear_until(Bye)).code is ByeCode.TOO_FAST


async def test_silence_is_the_end() -> None:
    limits = EndpointLimits(session=SessionLimits(silence_us=100_000))
    async with stage(limits) as place, signed_in(place) as (client, _):
        assert (await client.hear_until(Bye)).code is ByeCode.HEARTBEAT_LOST
        assert await client.closed_with() == 4003


async def test_a_failing_snapshot_ends_the_connection() -> None:
    async with stage() as place:
        place.gateway.failures["snapshot"] = RuntimeError("store lost")
        async with signed_in(place) as (client, _):
            assert (await client.hear_until(Bye)).code is ByeCode.INTERNAL
        place.gateway.failures.clear()
        async with signed_in(place) as (client, _):
            await client.hear_until(Snapshot)


async def test_a_hanging_snapshot_ends_the_connection() -> None:
    async with stage(EndpointLimits(command_timeout_s=0.05)) as place:
        place.gateway.gates["snapshot"] = asyncio.Event()
        async with signed_in(place) as (client, _):
            assert (await client.hear_until(Bye)).code is ByeCode.INTERNAL


async def test_messages_while_the_snapshot_is_taken_come_after_it() -> None:
    async with stage() as place:
        gate = place.gateway.gates["snapshot"] = asyncio.Event()
        async with signed_in(place) as (client, _):
            await until(lambda: place.hub.send("ann", Done(ref="since")), "the snapshot was begun")
            gate.set()
            first, second = await client.hear(), await client.hear()
            assert isinstance(first, Snapshot)
            assert second == Done(ref="since", seq=first.seq + 1)


async def test_a_client_that_never_acknowledges_is_resynchronised() -> None:
    limits = EndpointLimits(session=SessionLimits(outbox=OutboxLimits(messages=8)))
    async with stage(limits) as place, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        for n in range(20):
            place.hub.send("ann", Done(ref=str(n)))
        snapshot = await client.hear_until(Snapshot)
        assert snapshot.seq > 1
        assert place.hub.counts.resyncs == 1
        await client.say(Ack(seq=snapshot.seq))
        assert place.hub.send("ann", Done(ref="after"))
        assert (await client.hear_until(Done)).ref == "after"


SLOW = EndpointLimits(
    session=SessionLimits(outbox=OutboxLimits(messages=32, size=64 * 1024)), write_timeout_s=0.3, close_timeout_s=0.2
)


async def deaf_client(place: Stage, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """A client whose receive window fills: it says hello and reads no more."""
    ws = await http.ws_connect(place.url, protocols=(Client.spoken.subprotocol,))
    await Client(ws).say(Hello(token="token:ann"))
    await Client(ws).hear()
    transport = ws.get_extra_info("socket")
    transport.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection = ws._conn
    assert connection is not None
    assert connection.transport is not None
    connection.transport.pause_reading()
    return ws


async def test_a_client_that_does_not_read_costs_little_and_is_cut_off() -> None:
    gateway = ScriptedGateway()
    big = PresenceShown(presence=Presence.READY, since_us=1, reason="x" * 8000)
    async with stage(SLOW, gateway=gateway) as place, aiohttp.ClientSession() as http:
        ws = await deaf_client(place, http)
        most = 0
        async with asyncio.timeout(30):
            while not place.endpoint.endings[ByeCode.SLOW_CLIENT]:
                for _ in range(6):
                    place.hub.send("ann", big)
                most = max(most, place.hub.counts.held_bytes)
                await asyncio.sleep(0)
        assert most <= 64 * 1024 + 1024
        assert place.hub.counts.resyncs >= 1
        assert ("disconnected", "ann", 1) in gateway.calls
        ws._response.close()  # an orderly close would wait for a server that is gone


async def test_typing_and_reading_in_a_chat_are_told_and_not_answered() -> None:
    async with stage() as place, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        await client.say(TypeInChat(reservation_id="res-1", on=True))
        await client.say(ReadChat(reservation_id="res-1", number=4))
        await client.say(Ping(ref="p"))
        assert isinstance(await client.hear(), Pong)
        assert place.gateway.calls[1:] == [("chat_typing", "ann", "res-1", True), ("chat_read", "ann", "res-1", 4)]
