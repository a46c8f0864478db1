"""kill -9 of each process while work is open: what was acknowledged is kept, what died is closed, nobody is stuck."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from agents_ws import messages as m
from router.vocabulary import Presence
from tests.e2e.agents import Agent, crew
from tests.e2e.callers import calling
from tests.e2e.kept import assert_journal_and_records_agree, conversations, exported
from tests.e2e.kills import assert_kills_lose_nothing
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.e2e.waiting import wait_until
from tools.call.agent import RefusedError

ROUNDS = 3
SEED = 20


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own, which may die and log so. A wrap-up outlasts its restart."""
    folder = tmp_path_factory.mktemp("mortal")
    server = Server(folder, make_site(folder, wrap_up_s=120))
    try:
        yield server
        assert server.interrupt() == 0
    finally:
        server.close()


@pytest.fixture
def mortal_server(mortal: Server) -> Server:
    """It runs, whatever became of it in the test before."""
    return mortal if mortal.runs else mortal.start()


async def answered(server: Server, folder: Path, agent: Agent, number: str) -> None:
    """A new call reaches this agent and is finished."""
    async with calling(server, folder, number):
        offer = await agent.take()
        await agent.joined()
    await agent.finish(offer.reservation_id)


async def test_kill_9_of_the_server(mortal_server: Server, tmp_path: Path) -> None:
    server = mortal_server
    async with Office(server) as office, AsyncExitStack() as before:
        agents = await before.enter_async_context(crew(server, tmp_path, "agent4"))
        async with calling(server, tmp_path, "2001"):
            wrapping = await agents["agent4"].take()
            await agents["agent4"].joined()
        await agents["agent4"].until(m.WrapUp)
        agents |= await before.enter_async_context(crew(server, tmp_path, "agent1"))
        await before.enter_async_context(calling(server, tmp_path, "2002"))
        talking = await agents["agent1"].take()
        await agents["agent1"].joined()
        await before.enter_async_context(calling(server, tmp_path, "2003"))
        await office.story_has("2003", "queued")

        server.kill()
        server.assert_nothing_left()
        server.start()

        waiting = await office.interaction("2003")
        assert waiting["record"]["outcome"] == "node_lost"
        async with (
            Agent(server, "agent4", tmp_path, returning=True) as agent4,
            Agent(server, "agent1", tmp_path, returning=True) as agent1,
        ):
            for agent, held in ((agent4, wrapping), (agent1, talking)):
                assert agent.snapshot.presence == Presence.READY, "presence outlives the server"
                assert [each.reservation_id for each in agent.snapshot.wrap_ups] == [held.reservation_id]
                done = m.FinishWrapUp(ref=agent.ref(), reservation_id=held.reservation_id, disposition="resolved")
                await agent.ask(done)
            assert (await office.interaction("2001"))["record"]["outcome"] == "handled"
            lost = await office.interaction("2002")
            assert lost["record"]["outcome"] == "node_lost"
            assert lost["record"]["disposition"] == "resolved"
            assert step(lost, "ended")["by"] == "system"
            await answered(server, tmp_path, agent4, "2004")
            await agent4.sign_out()
            await agent1.sign_out()
        await office.quiet()
        assert await assert_journal_and_records_agree(server) > 0
        (calls,) = (await office.get("statistics?by=medium&period=60m"))["rows"]
        expected = conversations(server)
        assert expected["answered"] == 3, "two before the kill, one after it"
        assert {name: calls[name] for name in expected} == expected
        assert (calls["arrived"], calls["diverted"]) == (4, 1)
        exported(server, tmp_path / "killed.journal")
    assert server.errors() == []


async def test_an_agent_who_does_not_come_back_is_offered_nothing(mortal_server: Server, tmp_path: Path) -> None:
    server = mortal_server
    async with Office(server) as office:
        async with crew(server, tmp_path, "agent4", "agent1") as agents:
            server.kill()

            async def all_cut() -> bool:
                return not any(agent.is_connected for agent in agents.values())

            await wait_until(all_cut, 30, "the agents' connections are gone")
            server.start()
        async with Agent(server, "agent1", tmp_path, returning=True) as agent1:
            assert agent1.snapshot.presence == Presence.READY
            # agent4 is the better one, and ready as far as the store knows; but there is nobody.
            await answered(server, tmp_path, agent1, "2005")
            await agent1.sign_out()
        view = await office.interaction("2005")
        assert [each["detail"]["agent"] for each in view["story"] if each["kind"] == "offered"] == ["agent1"]


async def test_kill_9_of_the_media_worker(mortal_server: Server, tmp_path: Path) -> None:
    server = mortal_server
    async with Office(server) as office, crew(server, tmp_path, "agent1") as agents:
        agent = agents["agent1"]
        async with calling(server, tmp_path, "2006") as talking:
            offer = await agent.take()
            await agent.joined()
            async with calling(server, tmp_path, "2007") as waiting:
                await office.story_has("2007", "queued")
                old = server.child("media.worker")
                old.kill()
                async with asyncio.timeout(30):
                    await talking.ended.wait()
                    await waiting.ended.wait()
        await agent.finish(offer.reservation_id)
        assert (await office.interaction("2006"))["record"]["outcome"] == "handled"
        assert (await office.interaction("2007"))["record"]["outcome"] == "abandoned"

        async def leg_is_back() -> bool:
            with suppress(RefusedError):
                await agent.reopen_leg()
                return True
            return False

        await wait_until(leg_is_back, 30, "a new worker takes the agent's leg")
        assert server.child("media.worker").pid != old.pid
        await answered(server, tmp_path, agent, "2008")
    async with Office(server) as office:
        await office.quiet()
        await assert_journal_and_records_agree(server)


async def test_kill_9_of_the_embedded_valkey(mortal_server: Server, tmp_path: Path) -> None:
    server = mortal_server
    before = len(server.errors())
    async with Office(server) as office, crew(server, tmp_path, "agent1") as agents:
        agent = agents["agent1"]
        async with calling(server, tmp_path, "2009") as caller:
            offer = await agent.take()
            await agent.joined()
            server.child("valkey-server").kill()
            # Decided while the store is away; acknowledged only when it is back.
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
            assert not caller.ended.is_set() or "ended" in kinds(await office.story_has("2009", "ended"))
        await agent.finish(offer.reservation_id)
        assert (await office.interaction("2009"))["record"]["outcome"] == "handled"
        await answered(server, tmp_path, agent, "2010")
    async with Office(server) as office:
        await office.quiet()
        await assert_journal_and_records_agree(server)
    errors = {error["event"] for error in server.errors()[before:]}
    assert errors <= {"embedded_valkey_died", "store_away", "projection_failed", "journal_not_rotated"}


@pytest.mark.sipp
async def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await assert_kills_lose_nothing(tmp_path, ROUNDS, SEED)
