"""The benchmarks' agents, against the real endpoint: they connect, hear, resume, and say what failed."""

import asyncio
from typing import Any

import pytest

from agents_ws.examples import OFFER
from bench import agents
from bench.agents import ACK_EVERY, Agents, Crowd, Step
from tests.agents_ws.scripted import Stage, stage
from tests.waiting import until

SOURCE = "127.0.0.1"


def crowd(place: Stage, *names: str) -> Crowd:
    return Crowd(place.url, [f"token:{name}" for name in names], SOURCE)


async def connect(one: Crowd) -> list[float]:
    """In a thread: it is a loop of its own."""
    return await asyncio.to_thread(one.connect, one.agents)


async def hear(one: Crowd, count: int) -> None:
    """Until so many offers are heard; the heartbeats let a turn end."""
    while len(one.offers) < count:
        await asyncio.wait_for(asyncio.to_thread(one.turn), 30)


async def test_an_agent_hears_offers_and_resumes_where_the_line_broke() -> None:
    async with stage() as place:
        one = crowd(place, "ann")
        [took_us] = await connect(one)
        assert took_us > 0
        assert place.hub.send("ann", OFFER)
        await hear(one, 1)
        [ann] = one.agents
        session = ann.session
        one.abort(ann)
        await until(lambda: not place.hub.connected("ann"), "the break is noticed")
        assert place.hub.send("ann", OFFER)
        await connect(one)
        await hear(one, 2)
        assert ann.session == session
        assert one.offers[0][0] == OFFER.interaction_id
        one.abort(ann)


async def test_it_acknowledges_and_beats_and_says_how_late_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "HEARTBEAT_S", 0.01)
    async with stage() as place:
        one = crowd(place, "ann")
        await connect(one)
        for _ in range(ACK_EVERY):
            place.hub.send("ann", OFFER)
        await hear(one, ACK_EVERY)
        await until(lambda: place.hub.counts.held_messages < ACK_EVERY, "acknowledged")
        while len(one.late) < 3:
            await asyncio.to_thread(one.turn)
        assert min(one.late) >= 0
        assert one.agents[0].step is Step.UP_TO_DATE
        one.abort(one.agents[0])


async def test_who_is_not_let_in_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "PAUSES_S", (0.0,))
    async with stage() as place:
        with pytest.raises(ConnectionError, match="closed"):
            await connect(Crowd(place.url, ["nobody's"], SOURCE))
        with pytest.raises(ConnectionError, match="404"):
            await connect(Crowd(place.url + "x", ["token:ann"], SOURCE))


async def test_all_of_them_and_a_process_of_them(tmp_path: Any) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("token:ann\ntoken:ben\n")
    async with stage() as place:
        here = crowd(place, "cat", "dan")
        assert len(await connect(here)) == 2
        far = await Agents.start(place.url, tokens, "127.0.0.2", nice=5)
        try:
            assert len(await far.connect()) == 2
            assert place.hub.connected("ben")
            assert len(await far.reconnect(1)) == 1
            place.hub.send("ben", OFFER)
            await asyncio.sleep(0)
            assert set(await far.end()) <= {OFFER.interaction_id}
        finally:
            await far.kill()
        for one in here.agents:
            here.abort(one)
