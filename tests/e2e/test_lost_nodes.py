"""A node dies while calls are on it: what becomes of those whose caller, and of those whose agent, it had."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, come_to_hear, write_voices
from tests.e2e.pair import Pair, calling_back, events, running_pair
from tests.e2e.test_trunks import NUMBER
from tests.waiting import until

pytestmark = pytest.mark.baresip


@pytest.fixture
def pair(tmp_path: Path, trunk_port: int) -> Iterator[Pair]:
    with running_pair(tmp_path, edit=partial(calling_back, trunk_port)) as made:
        yield made


async def test_callers_of_a_dead_node_are_called_back_in_front_and_agents_of_one_come_back(
    pair: Pair, tmp_path: Path, trunk_port: int
) -> None:
    write_voices(tmp_path)
    async with Agent(pair.two, "agent1", tmp_path) as agent:
        agent.speak()
        await the_callers_node_dies(pair, agent, tmp_path, trunk_port)
        await asyncio.to_thread(pair.one.start)
        await the_agents_node_dies(pair, agent, tmp_path)
    assert pair.two.interrupt() == 0
    assert pair.two.errors() == []


async def the_callers_node_dies(pair: Pair, agent: Agent, folder: Path, trunk_port: int) -> None:
    async with calling(pair.one, folder, "anonymous"), calling(pair.one, folder, NUMBER):
        talked = await agent.take()
        await agent.joined()
        await until(lambda: len(events(pair.one, "peer_found")) == 1, "the nodes know each other")
        pair.one.kill()
        await agent.finish(talked.reservation_id)  # they are told that it is over
    async with softphone(pair.two, folder, NUMBER, folder / "caller.wav", sip_port=trunk_port) as customer:
        offer = await agent.take()
        assert offer.caller.number == NUMBER
        await agent.joined()
        wanted = {"agent1": {"caller"}}
        assert await come_to_hear({"agent1": AgentEar(agent)}, wanted) == wanted
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        await customer.until("CALL_CLOSED")
        await agent.finish(offer.reservation_id)


async def the_agents_node_dies(pair: Pair, agent: Agent, folder: Path) -> None:
    await agent.ask(m.SetPresence(ref=agent.ref(), presence="not_ready"))
    async with calling(pair.two, folder, "0755100200") as caller:
        await caller.speak_on("caller.wav")
        async with Agent(pair.one, "agent4", folder) as elsewhere:
            taken = await elsewhere.take()
            await elsewhere.joined()
            pair.one.kill()
        wanted = {"caller": {"music"}}
        assert await come_to_hear({"caller": CallerEar(caller, folder)}, wanted) == wanted
        async with Agent(pair.two, "agent4", folder, returning=True) as back:
            back.speak()
            await until(lambda: bool(back.snapshot.assignments), "the call is still theirs")
            wanted = {"agent4": {"caller"}, "caller": {"agent4"}}
            assert await come_to_hear({"agent4": AgentEar(back), "caller": CallerEar(caller, folder)}, wanted) == wanted
            await back.ask(m.HangUp(ref=back.ref(), reservation_id=taken.reservation_id))
            await back.finish(taken.reservation_id)
