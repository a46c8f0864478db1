"""Two whole servers on a store that fails over beneath them: sentinels that promote a replica, a cluster whose slot
moves and whose master dies. Routing pauses and says so, every request is answered, and everybody goes on.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import aiohttp
import pytest

from agents_ws import messages as m
from config.setting_readers import MAIN_SHARD
from store.keys import shard_keys
from tests.e2e.agents import RawAgent
from tests.e2e.office import Office
from tests.e2e.pair import Pair
from tests.e2e.server import Server
from tests.e2e.test_nodes import ready
from tests.e2e.visitors import Visitor
from tests.e2e.waiting import wait_until
from tests.redis_sites import cluster_of, watched

pytestmark = pytest.mark.timeout(300)

REFS = (f"f{number}" for number in itertools.count(1))
# Long enough for everybody to see that routing pauses: a site would have the same or more.
DOWN_AFTER_MS = 2500
WAIT_S = 60.0
AHEAD = 5
ALERT = 'jackfield_alerts_open{kind="store"}'
MEANWHILE = {"store_away", "not_forwarded", "store_went_back", "journal_not_rotated", "projection_failed"}


@asynccontextmanager
async def two_nodes(folder: Path, url: str, *more: str) -> AsyncIterator[Pair]:
    """Both end in order, and log nothing but that the store was away."""
    pair = Pair(folder, url, more=more)
    try:
        for node in (pair.one, pair.two):
            await asyncio.to_thread(node.start)
            node.expected_errors |= MEANWHILE
        yield pair
        assert await asyncio.to_thread(pair.two.interrupt) == 0
        assert await asyncio.to_thread(pair.one.interrupt) == 0
        assert [pair.one.errors(), pair.two.errors()] == [[], []]
    finally:
        pair.one.close()
        pair.two.close()


@dataclass
class Program:
    """Brings work in at both nodes by turns, each piece until it is acknowledged; never far ahead of what is `done`.

    `answers` counts by status.
    """

    pair: Pair
    key: str
    done: list[str]
    made: dict[str, str] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S))
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="program")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._http.close()

    async def comes_in(self, count: int) -> bool:
        """Whether so many were acknowledged. Fails when it has been answered what nobody should be."""
        if self._task.done():
            self._task.result()
        return len(self.made) >= count

    async def stop(self) -> None:
        """What is under way is acknowledged first."""
        self._stopping = True
        await asyncio.wait_for(self._task, WAIT_S)

    async def _run(self) -> None:
        for number, node in enumerate(itertools.cycle((self.pair.one, self.pair.two))):
            if self._stopping:
                return
            while len(self.made) > len(self.done) + AHEAD and not self._stopping:
                await asyncio.sleep(0.05)
            await self._bring(f"w{number}", node)
            await asyncio.sleep(0.1)

    async def _bring(self, name: str, node: Server) -> None:
        work = {"medium": "chat", "queue": "web_chat", "channel": "web"}
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": name}
        nodes = itertools.cycle((node, self.pair.two, self.pair.one))
        while name not in self.made:
            try:
                async with self._http.post(f"{next(nodes).base}/api/v1/work", json=work, headers=headers) as answer:
                    self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
                    body = await answer.json()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)  # that node is down: the next one is asked, with the same key
                continue
            if answer.status == 201:
                self.made[name] = body["interaction_id"]
            else:
                assert answer.status == 503, body
                await asyncio.sleep(0.2)


@asynccontextmanager
async def working(agent: RawAgent) -> AsyncIterator[list[str]]:
    """The agent takes and finishes whatever is offered; gives the interactions of what is finished."""
    done: list[str] = []
    offered: dict[str, str] = {}

    async def work() -> None:
        while (message := await agent.next(WAIT_S)) is not None:
            match message:
                case m.Offer(reservation_id=held, interaction_id=interaction_id):
                    offered[held] = interaction_id
                    await agent.send(m.Accept(ref=next(REFS), reservation_id=held))
                case m.Assignment(reservation_id=held, state="connected"):
                    await agent.send(m.HangUp(ref=next(REFS), reservation_id=held))
                case m.WrapUp(reservation_id=held):
                    await agent.send(m.FinishWrapUp(ref=next(REFS), reservation_id=held, disposition="resolved"))
                case m.WrapUpEnded(reservation_id=held):
                    done.append(offered[held])
                case m.PresenceShown(presence="not_ready"):  # an offer ran out while the store was away
                    await agent.send(m.SetPresence(ref=next(REFS), presence="ready"))
            if (number := getattr(message, "seq", None)) is not None:
                await agent.send(m.Ack(seq=number))

    task = asyncio.create_task(work(), name="agent")
    try:
        yield done
        assert not task.done(), "the page was closed" if task.exception() is None else task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def paused(office: Office) -> bool:
    """Whether this node says that it waits for the store."""
    async with office._http.get(f"{office.server.base}/readyz") as answer:
        return answer.status == 503 and "wait for the store" in await answer.text()


async def alerted(office: Office) -> bool:
    """Whether the supervisors' page shows it."""
    shown = (await office.get("alerts?state=open"))["items"]
    return "store" in [each["kind"] for each in shown] and (await office.metrics()).get(ALERT) == 1


async def well(office: Office) -> bool:
    """Whether this node takes work as ever, and nobody is told anything else."""
    async with office._http.get(f"{office.server.base}/readyz") as answer:
        return answer.status == 200 and (await office.metrics()).get(ALERT, 0) == 0


async def at_each(offices: tuple[Office, ...], what: Callable[[Office], Awaitable[bool]], name: str) -> None:
    """Waits until it holds at each node."""
    await asyncio.gather(*(wait_until(partial(what, office), WAIT_S, name) for office in offices))


async def records_have(office: Office, interactions: set[str]) -> None:
    """Each is closed as handled, once, whichever node it came by."""

    async def closed() -> bool:
        for each in interactions:
            async with office._http.get(f"{office.server.base}/api/v1/interactions/{each}") as answer:
                record = (await answer.json()).get("record")  # which may come a moment later
            if record is None or (record["state"], record["outcome"]) != ("closed", "handled"):
                return False
        return True

    await wait_until(closed, WAIT_S, "all are recorded as handled", every_s=0.5)


async def through(pair: Pair, http: aiohttp.ClientSession, broken: Callable[[], None]) -> Program:
    """Everybody works at both nodes; `broken` takes the store away until it comes back by itself; all goes on."""
    agent, _ = await ready(pair.one, http, "agent2")
    key = await asyncio.to_thread(pair.make_key)
    async with Visitor(pair.two) as visitor, Office(pair.one) as one, Office(pair.two) as two:
        await visitor.open("Where is my parcel?")
        held: m.Offer = await agent.until(m.Offer)
        await agent.send(m.Accept(ref=next(REFS), reservation_id=held.reservation_id))
        await visitor.until_state("talking")
        await agent.send(m.SetPresence(ref=next(REFS), presence="not_ready"))
        await agent.until(m.Done)
        busy, _ = await ready(pair.two, http, "agent1")
        async with working(busy) as done, Program(pair, key, done) as program:
            await wait_until(lambda: _soon(len(done) >= 3), WAIT_S, "work is done")
            await asyncio.to_thread(broken)
            await at_each((one, two), paused, "it waits for the store")
            # What somebody really does meanwhile: the agent ends the chat, and the visitor is told once it holds.
            await agent.send(m.HangUp(ref=next(REFS), reservation_id=held.reservation_id))
            await at_each((one, two), alerted, "supervisors see that routing pauses")
            await at_each((one, two), well, "the store is there again")
            await ended_by_now(agent, held)
            await visitor.until_state("ended", WAIT_S)
            before = len(program.made)
            await wait_until(partial(program.comes_in, before + 10), WAIT_S, "work comes in")
            await program.stop()
            made = set(program.made.values())
            await wait_until(lambda: _soon(made <= set(done)), WAIT_S, "all that was acknowledged is done")
        assert sorted(done) == sorted(made), "something became two items, or was handled twice"
        await records_have(one, made)
        assert not [line for node in (pair.one, pair.two) for line in node.log() if line["event"] == "node_lost"]
        return program


async def ended_by_now(agent: RawAgent, held: m.Offer) -> None:
    """The wrap-up that the agent's own hanging up began, finished."""
    await agent.until(m.WrapUp, WAIT_S)
    done = m.FinishWrapUp(ref=next(REFS), reservation_id=held.reservation_id, disposition="resolved")
    await agent.send(done)
    await agent.until(m.WrapUpEnded, WAIT_S)


async def _soon(value: bool) -> bool:
    return value


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_master_that_dies_is_followed_by_what_the_sentinels_promote(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """Each commit waits for one of two replicas: what is promoted lacks nothing, and nothing has to be put back."""
    with watched(tmp_path / "redis", replicas=2, down_after_ms=DOWN_AFTER_MS) as site:
        async with two_nodes(tmp_path, site.url, "--replicas=1") as pair:
            await through(pair, http, site.master[0].kill)
            assert len(site.promoted()) == 1
            events = {line["event"] for node in (pair.one, pair.two) for line in node.log()}
            assert "store_went_back" not in events


async def test_a_cluster_whose_slot_moves_and_whose_master_dies(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """Nobody waits for replicas here: what the promoted one lacks is put back from the owner's memory."""
    slot = shard_keys(MAIN_SHARD).head
    with cluster_of(tmp_path / "redis", 3, replicas=True, down_after_ms=DOWN_AFTER_MS) as cluster:
        async with two_nodes(tmp_path, cluster.url) as pair:
            before = cluster.holder(slot)

            def move_and_kill() -> None:
                cluster.move(slot, (before + 1) % 3)
                assert cluster.holder(slot) != before
                cluster.processes[cluster.holder(slot)].kill()

            await through(pair, http, move_and_kill)
