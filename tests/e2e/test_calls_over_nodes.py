"""Calls whose caller is on one node and whose agent on another: they hear each other, and the call bar works."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent, PhoneAgent
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, Hearing, who_hears, write_voices
from tests.e2e.office import Office
from tests.e2e.pair import Pair, running_pair
from tests.e2e.server import Server
from tests.e2e.test_trunks import heard_by
from tools.call.caller import Caller

BOTH = {"agent1": {"caller"}, "caller": {"agent1"}}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with running_pair(folder) as made:
        yield made
        assert made.two.interrupt() == 0
        assert made.one.interrupt() == 0
        assert made.one.errors() == made.two.errors() == []


class Scene:
    """A caller on one node who speaks with agent1 on another; `hear` says who hears whom."""

    def __init__(self, agent: Agent, caller: Caller, offer: m.Offer, folder: Path) -> None:
        self.agent = agent
        self.caller = caller
        self.offer = offer
        self.reservation_id = offer.reservation_id
        self._ears: dict[str, Hearing] = {"agent1": AgentEar(agent), "caller": CallerEar(caller, folder)}

    def add(self, name: str, ear: Hearing) -> None:
        """Somebody else comes, whose ear is measured too."""
        self._ears[name] = ear

    async def hear(self) -> dict[str, set[str]]:
        return await who_hears(self._ears)


@asynccontextmanager
async def talking(near: Server, far: Server, folder: Path) -> AsyncIterator[Scene]:
    write_voices(folder)
    async with Agent(far, "agent1", folder) as agent, calling(near, folder, "0755100200") as caller:
        agent.speak()
        await caller.speak_on("caller.wav")
        offer = await agent.take()
        await agent.joined()
        yield Scene(agent, caller, offer, folder)
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


async def test_a_supervisor_of_another_node_than_the_call_s(pair: Pair, tmp_path: Path) -> None:
    """They listen, whisper, barge in and take over at the node of their own page."""
    async with (
        talking(pair.one, pair.two, tmp_path) as scene,
        Agent(pair.two, "supervisor1", tmp_path, returning=True) as supervisor,
        Office(pair.two) as office,
    ):
        supervisor.speak()
        scene.add("supervisor1", AgentEar(supervisor))
        (call,) = (await office.get("calls"))["calls"]
        listener = f"calls/{call['interaction_id']}/listener"
        assert await office.send("PUT", listener, {"mode": "listen"}) == (204, "")
        assert await scene.hear() == {**BOTH, "supervisor1": {"caller", "agent1"}}
        await office.send("PUT", listener, {"mode": "whisper"})
        heard = await scene.hear()
        assert heard == {"caller": {"agent1"}, "agent1": {"caller", "supervisor1"}, "supervisor1": {"caller", "agent1"}}
        await office.send("PUT", listener, {"mode": "barge"})
        everybody = {"caller", "agent1", "supervisor1"}
        assert await scene.hear() == {name: everybody - {name} for name in everybody}
        async with Office(pair.one) as elsewhere:  # where their device is not
            assert await elsewhere.send("DELETE", listener) == (204, "")
        assert await office.send("DELETE", listener) == (409, "not-listening")
        assert await scene.hear() == {**BOTH, "supervisor1": set()}
        await office.send("PUT", listener, {"mode": "listen"})
        await office.send("POST", f"calls/{call['interaction_id']}/take-over", {"comment": "upset"})
        joined = await supervisor.joined()
        await scene.agent.finish(scene.reservation_id)
        assert await scene.hear() == {"caller": {"supervisor1"}, "agent1": set(), "supervisor1": {"caller"}}
        await supervisor.ask(m.HangUp(ref=supervisor.ref(), reservation_id=joined.reservation_id))
        await supervisor.finish(joined.reservation_id)


@pytest.mark.baresip
async def test_a_phone_that_is_registered_at_another_node_than_its_agents_page(pair: Pair, tmp_path: Path) -> None:
    write_voices(tmp_path)
    async with (
        softphone(pair.two, tmp_path, "2001", tmp_path / "agent5.wav", register=True) as phone,
        PhoneAgent(pair.one, "agent5") as page,
        calling(pair.one, tmp_path, "0755100201") as caller,
    ):
        await caller.speak_on("caller.wav")
        await phone.until("CALL_ESTABLISHED")
        while (assignment := await page.until(m.Assignment)).state != "connected":
            pass
        assert await who_hears({"caller": CallerEar(caller, tmp_path)}) == {"caller": {"agent5"}}
        await page.ask(m.HangUp(ref=page.ref(), reservation_id=assignment.reservation_id))
        await phone.until("CALL_CLOSED")
        heard_by(phone, "caller")
        await page.until(m.WrapUp)
        done = m.FinishWrapUp(ref=page.ref(), reservation_id=assignment.reservation_id, disposition="resolved")
        await page.ask(done)
        await page.sign_out()
