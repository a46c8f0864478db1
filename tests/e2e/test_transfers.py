"""Hold, transfers, conference and drop between real callers and agents, measured by what each of them hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, Hearing, come_to_hear, who_hears, write_voices
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import ORDERS
from tools.call.agent import RefusedError
from tools.call.caller import Caller

MUSIC = {"music"}
NOBODY: set[str] = set()


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 3, "offer_timeout_s": 6}


class Scene:
    """A caller who speaks with agent1; more agents come in by `enter`."""

    def __init__(self, server: Server, folder: Path, stack: AsyncExitStack) -> None:
        self._server = server
        self._folder = folder
        self._stack = stack
        self.agents: dict[str, Agent] = {}
        self.ears: dict[str, Hearing] = {}

    async def enter(self, account: str, *, ready: bool = True) -> Agent:
        agent = await self._stack.enter_async_context(Agent(self._server, account, self._folder, returning=not ready))
        self.agents[account] = agent
        self.ears[account] = AgentEar(agent)
        agent.speak()
        return agent

    async def begin(self, number: str) -> tuple[Caller, Agent, str]:
        """The caller, agent1 and the reservation that they are joined by."""
        agent = await self.enter("agent1")
        caller = await self._stack.enter_async_context(calling(self._server, self._folder, number, ORDERS))
        self.ears = {"caller": CallerEar(caller, self._folder), **self.ears}
        await caller.speak_on("caller.wav")
        offer = await agent.take()
        await agent.joined()
        return caller, agent, offer.reservation_id

    async def hear(self) -> dict[str, set[str]]:
        return await who_hears(self.ears)

    async def come_to_hear(self, **wanted: set[str]) -> None:
        """These ears hear exactly that, however late on a busy machine."""
        assert await come_to_hear({name: self.ears[name] for name in wanted}, wanted) == wanted


@asynccontextmanager
async def scene(server: Server, folder: Path) -> AsyncIterator[Scene]:
    write_voices(folder)
    async with AsyncExitStack() as stack:
        made = Scene(server, folder, stack)
        yield made
        for agent in made.agents.values():
            if agent.is_connected:
                await agent.sign_out()


async def parties(agent: Agent, **wanted: str) -> m.Call:
    """Waits until the page shows these parties in these states, and nobody else; named by account or `customer`."""
    async with asyncio.timeout(30):
        while True:
            shown: m.Call = await agent.until(m.Call)
            if {one.agent or one.id: one.state for one in shown.parties} == wanted:
                return shown


async def test_warm_transfer_to_a_named_agent(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("warm-1")
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}}
        four = await s.enter("agent4")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, agent="agent4", warm=True))
        await parties(one, customer="held", agent1="here", agent4="coming")
        offer = await four.take()
        assert offer.caller.number == "warm-1"
        await parties(one, customer="held", agent1="here", agent4="here")
        assert await s.hear() == {"caller": MUSIC, "agent1": {"agent4"}, "agent4": {"agent1"}}
        await one.ask(m.CompleteTransfer(ref=one.ref(), reservation_id=first))
        await parties(four, customer="here", agent4="here")
        assert await s.hear() == {"caller": {"agent4"}, "agent1": NOBODY, "agent4": {"caller"}}
        await one.finish(first, "passed_on")
        assert not caller.ended.is_set(), "the customer's leg outlives the first agent's"
        await four.ask(m.HangUp(ref=four.ref(), reservation_id=offer.reservation_id))
        await four.finish(offer.reservation_id)
        async with asyncio.timeout(30):
            await caller.ended.wait()
    view = await office.interaction("warm-1")
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent4")
    assert step(view, "transfer_asked") == {"agent": "agent4", "by": "agent1", "warm": "yes"}
    assert [kind for kind in kinds(view) if kind in ("joined", "held", "transfer_completed", "closed")] == [
        "joined",
        "held",
        "joined",
        "transfer_completed",
        "closed",
    ]
    await office.quiet()


async def test_consult_swap_conference_and_drop(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("confer-1")
        two = await s.enter("agent2")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, queue="after_sales", warm=True))
        await two.take()
        shown = await parties(one, customer="held", agent1="here", agent2="here")
        assert await s.hear() == {"caller": MUSIC, "agent1": {"agent2"}, "agent2": {"agent1"}}
        await one.ask(m.Swap(ref=one.ref(), reservation_id=first))
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}, "agent2": MUSIC}
        await one.ask(m.Conference(ref=one.ref(), reservation_id=first))
        everybody = {"caller", "agent1", "agent2"}
        assert await s.hear() == {name: everybody - {name} for name in everybody}
        await one.ask(m.Mute(ref=one.ref(), reservation_id=first, on=True))
        muted = await parties(two, customer="here", agent1="here", agent2="here")
        assert await s.hear() == {"caller": {"agent2"}, "agent1": {"caller", "agent2"}, "agent2": {"caller"}}
        assert [party.id for party in muted.parties if party.muted] in ([], [first.rpartition(".")[0]])
        await one.ask(m.Mute(ref=one.ref(), reservation_id=first, on=False))
        colleague = next(party.id for party in shown.parties if party.agent == "agent2")
        await one.ask(m.DropParty(ref=one.ref(), reservation_id=first, party=colleague))
        await two.until(m.WrapUp)
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}, "agent2": NOBODY}
        with pytest.raises(RefusedError, match="nobody_else"):
            await one.ask(m.Swap(ref=one.ref(), reservation_id=first))
        caller.hang_up()
        await one.finish(first)
    assert (await office.interaction("confer-1"))["record"]["outcome"] == "handled"
    await office.quiet()


async def test_blind_transfer_to_a_queue(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("blind-1")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, queue="after_sales"))
        await one.finish(first, "passed_on")
        assert await s.hear() == {"caller": MUSIC, "agent1": NOBODY}
        two = await s.enter("agent2")
        offer = await two.take()
        assert offer.queue == "after_sales"
        await two.joined()
        assert await s.hear() == {"caller": {"agent2"}, "agent1": NOBODY, "agent2": {"caller"}}
        caller.hang_up()
        await two.finish(offer.reservation_id)
    view = await office.interaction("blind-1")
    assert (view["record"]["outcome"], view["record"]["queue"]) == ("handled", "after_sales")
    await office.quiet()


async def test_a_colleague_who_declines(running_server: Server, office: Office, tmp_path: Path) -> None:
    """Asked with the customer on hold, they are called off; when the customer waits for them, others may come."""
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("decline-1")
        four = await s.enter("agent4")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, agent="agent4", warm=True))
        offer = await four.until(m.Offer)
        await four.ask(m.Reject(ref=four.ref(), reservation_id=offer.reservation_id))
        await parties(one, customer="held", agent1="here")
        await one.ask(m.Hold(ref=one.ref(), reservation_id=first, on=False))
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}, "agent4": NOBODY}
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, agent="agent4"))
        await one.finish(first, "passed_on")
        offer = await four.until(m.Offer)
        await four.ask(m.Reject(ref=four.ref(), reservation_id=offer.reservation_id))
        again = await one.take()
        await one.joined()
        assert (await s.hear())["caller"] == {"agent1"}
        caller.hang_up()
        await one.finish(again.reservation_id)
    assert (await office.interaction("decline-1"))["record"]["outcome"] == "handled"
    await office.quiet()


async def test_a_caller_who_leaves_in_the_middle_of_a_consult(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("leave-1")
        two = await s.enter("agent2")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, queue="after_sales", warm=True))
        offer = await two.take()
        await parties(one, customer="held", agent1="here", agent2="here")
        caller.hang_up()
        await one.finish(first)
        await two.finish(offer.reservation_id)
        await office.quiet()


async def test_nobody_is_transferred_to_who_cannot_take_it(running_server: Server, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("refused-1")
        targets: tuple[tuple[dict[str, Any], str], ...] = (
            ({"agent": "agent4"}, "agent_unavailable"),
            ({"agent": "agent1"}, "unknown_agent"),
            ({"agent": "nobody"}, "unknown_agent"),
            ({"queue": "web_chat"}, "unknown_queue"),
            ({"queue": "nowhere"}, "unknown_queue"),
            ({}, "unclear_target"),
            ({"agent": "agent4", "queue": "orders"}, "unclear_target"),
        )
        for target, code in targets:
            with pytest.raises(RefusedError, match=code):
                await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, **target))
        for command in (m.CompleteTransfer, m.Swap, m.Conference):
            with pytest.raises(RefusedError, match="nobody_else"):
                await one.ask(command(ref=one.ref(), reservation_id=first))
        with pytest.raises(RefusedError, match="unknown_party"):
            await one.ask(m.DropParty(ref=one.ref(), reservation_id=first, party="nobody"))
        await one.ask(m.DropParty(ref=one.ref(), reservation_id=first, party="customer"))
        async with asyncio.timeout(30):
            await caller.ended.wait()
        await one.finish(first)
