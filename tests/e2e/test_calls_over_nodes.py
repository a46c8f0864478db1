"""Calls whose caller is on one node and whose agent on another: they hear each other, and the call bar works."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent, PhoneAgent
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, Hearing, who_hears, write_voices
from tests.e2e.server import Server
from tests.e2e.test_nodes import Pair
from tests.e2e.test_trunks import heard_by
from tests.valkey import running_server
from tools.call.caller import Caller

BOTH = {"agent1": {"caller"}, "caller": {"agent1"}}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with running_server(folder / "store") as store_url:
        made = Pair(folder, store_url)
        try:
            made.one.start()
            made.two.start()
            yield made
            assert made.two.interrupt() == 0
            assert made.one.interrupt() == 0
            assert made.one.errors() == made.two.errors() == []
        finally:
            made.one.close()
            made.two.close()


class Scene:
    """A caller on one node who speaks with agent1 on another; `hear` says who hears whom."""

    def __init__(self, agent: Agent, caller: Caller, offer: m.Offer, folder: Path) -> None:
        self.agent = agent
        self.caller = caller
        self.offer = offer
        self.reservation_id = offer.reservation_id
        self._ears: dict[str, Hearing] = {"agent1": AgentEar(agent), "caller": CallerEar(caller, folder)}

    async def hear(self) -> dict[str, set[str]]:
        return await who_hears(self._ears)


@asynccontextmanager
async def talking(near: Server, far: Server, folder: Path) -> AsyncIterator[Scene]:
    write_voices(folder)
    async with Agent(far, "agent1", folder) as agent, calling(near, folder, "0755100200") as caller:
        agent.speak()
        saying = asyncio.create_task(caller.say("caller.wav"))
        offer = await agent.take()
        await agent.joined()
        try:
            yield Scene(agent, caller, offer, folder)
        finally:
            saying.cancel()
        await agent.sign_out()


@pytest.mark.parametrize("owner_has", ["caller", "agent"])
async def test_a_caller_on_one_node_and_an_agent_on_the_other(pair: Pair, tmp_path: Path, owner_has: str) -> None:
    near, far = (pair.one, pair.two) if owner_has == "caller" else (pair.two, pair.one)
    async with talking(near, far, tmp_path) as scene:
        agent, reservation_id = scene.agent, scene.reservation_id
        assert scene.offer.caller.number == "0755100200"
        assert await scene.hear() == BOTH
        await agent.ask(m.Hold(ref=agent.ref(), reservation_id=reservation_id, on=True))
        assert await scene.hear() == {"agent1": set(), "caller": {"music"}}
        shown: m.Call = agent.waiting(m.Call)[-1]
        assert {one.agent or one.id: one.state for one in shown.parties} == {"customer": "held", "agent1": "here"}
        assert agent.waiting(m.Assignment)[-1].state == "held"
        await agent.ask(m.Hold(ref=agent.ref(), reservation_id=reservation_id, on=False))
        await agent.ask(m.Mute(ref=agent.ref(), reservation_id=reservation_id, on=True))
        assert await scene.hear() == {"agent1": {"caller"}, "caller": set()}
        await agent.ask(m.Mute(ref=agent.ref(), reservation_id=reservation_id, on=False))
        await agent.ask(m.SendDigit(ref=agent.ref(), reservation_id=reservation_id, digit="7"))
        await agent.reopen_leg()  # as when the page is loaded anew
        agent.speak()
        assert await scene.hear() == BOTH
        if owner_has == "caller":
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=reservation_id))
        else:
            scene.caller.hang_up()
        await agent.finish(reservation_id)


@pytest.mark.baresip
async def test_a_phone_that_is_registered_at_another_node_than_its_agents_page(pair: Pair, tmp_path: Path) -> None:
    write_voices(tmp_path)
    async with (
        softphone(pair.two, tmp_path, "2001", tmp_path / "agent5.wav", register=True) as phone,
        PhoneAgent(pair.one, "agent5") as page,
        calling(pair.one, tmp_path, "0755100201") as caller,
    ):
        saying = asyncio.create_task(caller.say("caller.wav"))
        await phone.until("CALL_ESTABLISHED")
        while (assignment := await page.until(m.Assignment)).state != "connected":
            pass
        assert await who_hears({"caller": CallerEar(caller, tmp_path)}) == {"caller": {"agent5"}}
        await page.ask(m.HangUp(ref=page.ref(), reservation_id=assignment.reservation_id))
        await phone.until("CALL_CLOSED")
        heard_by(phone, "caller")
        saying.cancel()
        await page.until(m.WrapUp)
        done = m.FinishWrapUp(ref=page.ref(), reservation_id=assignment.reservation_id, disposition="resolved")
        await page.ask(done)
        await page.sign_out()
