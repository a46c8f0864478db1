"""The benchmarks' agents, against the real endpoint: they connect, hear, resume, and say what failed."""

import asyncio
from typing import Any

import pytest

from agents_ws.examples import OFFER
from agents_ws.messages import Ack, Ping, encode
from bench import agents
from bench.agents import ACK_EVERY, Agent, Agents, connect_all, frames, masked
from tests.agents_ws.scripted import Stage, stage
from tests.waiting import until

SOURCE = "127.0.0.1"


def agent(place: Stage, name: str = "ann", offers: list[tuple[str, int]] | None = None) -> Agent:
    return Agent(place.url, f"token:{name}", [] if offers is None else offers)


async def test_an_agent_hears_offers_and_resumes_where_the_line_broke() -> None:
    offers: list[tuple[str, int]] = []
    async with stage() as place:
        ann = agent(place, offers=offers)
        assert await ann.connect(SOURCE) > 0
        assert place.hub.send("ann", OFFER)
        await until(lambda: len(offers) == 1, "the offer is heard")
        session = ann.session
        assert ann.line is not None
        ann.line.abort()
        await until(lambda: not place.hub.connected("ann"), "the break is noticed")
        assert place.hub.send("ann", OFFER)
        await ann.connect(SOURCE)
        await until(lambda: len(offers) == 2, "what was missed comes")
        assert ann.session == session
        assert offers[0][0] == OFFER.interaction_id
        ann.line.abort()


async def test_it_acknowledges_and_beats() -> None:
    async with stage() as place:
        ann = agent(place)
        await ann.connect(SOURCE)
        for _ in range(ACK_EVERY):
            place.hub.send("ann", OFFER)
        await until(lambda: place.hub.counts.held_messages < ACK_EVERY, "acknowledged")
        assert ann.line is not None
        ann.line.say(Ping())
        ann.line.say(Ack(seq=ACK_EVERY))
        ann.line.abort()


async def test_who_is_not_let_in_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "PAUSES_S", (0.0,))
    async with stage() as place:
        with pytest.raises(ConnectionError):
            await Agent(place.url, "nobody's", []).connect(SOURCE)
        with pytest.raises(ConnectionError, match="404"):
            await Agent(place.url + "x", "token:ann", []).connect(SOURCE)


async def test_all_of_them_and_a_process_of_them(tmp_path: Any) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("token:ann\ntoken:ben\n")
    async with stage() as place:
        here = [agent(place, name) for name in ("cat", "dan")]
        assert len(await connect_all(here, SOURCE)) == 2
        far = await Agents.start(place.url, tokens, "127.0.0.2")
        try:
            assert len(await far.connect()) == 2
            assert place.hub.connected("ben")
            assert len(await far.reconnect(1)) == 1
            place.hub.send("ben", OFFER)
            await asyncio.sleep(0)
            assert set(await far.end()) <= {OFFER.interaction_id}
        finally:
            await far.kill()
        for one in here:
            assert one.line is not None
            one.line.abort()


def test_frames_come_out_whole_and_in_order() -> None:
    short, long = encode(Ping()), b"x" * 300
    wire = bytes((0x81, len(short))) + short + b"\x81\x7e\x01\x2c" + long
    buffer = bytearray(wire[:-1])
    assert frames(buffer) == [(1, short)]
    assert frames(buffer) == []
    buffer += wire[-1:]
    assert frames(buffer) == [(1, long)]
    assert buffer == b""


def test_what_an_agent_says_is_masked() -> None:
    assert masked(b"hi") == b"\x81\x82\x00\x00\x00\x00hi"
    assert masked(b"x" * 200)[:8] == b"\x81\xfe\x00\xc8\x00\x00\x00\x00"
