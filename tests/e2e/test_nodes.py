"""Two whole servers on one Redis and one database: agents on either, work from either, and the owner's death."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agents_ws import messages as m
from chat.endpoint import CHATS
from tests.chat.test_sniff import PNG
from tests.e2e.agents import RawAgent, sign_in
from tests.e2e.pair import Pair, events, running_pair
from tests.e2e.server import Server
from tests.e2e.visitors import Visitor
from tests.postgres import fresh_database
from tests.waiting import until

REFS = map(str, itertools.count(1))


@pytest.fixture
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """On SQLite, or with the parameter "postgresql" on that."""
    on_postgres = getattr(request, "param", "") == "postgresql"
    database = asyncio.run(fresh_database(request.getfixturevalue("postgres_server"))) if on_postgres else ""
    with running_pair(tmp_path, database) as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ready(server: Server, http: aiohttp.ClientSession, account: str) -> tuple[RawAgent, str]:
    """An agent who takes chats on this node, and their token."""
    token = await sign_in(server, http, account)
    agent = RawAgent(server, http)
    await connected(agent, token)
    await agent.send(m.SetPresence(ref=next(REFS), presence="ready"))
    await agent.until(m.Done)
    return agent, token


async def connected(agent: RawAgent, token: str) -> m.Snapshot:
    await agent.connect(token)
    snapshot: m.Snapshot = await agent.until(m.Snapshot)
    return snapshot


async def submit(server: Server, http: aiohttp.ClientSession, key: str) -> dict[str, Any]:
    """A program's chat-like work."""
    work = {"medium": "chat", "queue": "web_chat", "channel": "web"}
    async with http.post(f"{server.base}/api/v1/work", json=work, headers={"Authorization": f"Bearer {key}"}) as answer:
        assert answer.status == 201, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def handled(agent: RawAgent, timeout_s: float = 10.0) -> m.Offer:
    """The next offer, accepted, ended and finished; `timeout_s` is for each message."""
    offer: m.Offer = await agent.until(m.Offer, timeout_s)
    await agent.send(m.Accept(ref=next(REFS), reservation_id=offer.reservation_id))
    await ended(agent, offer, timeout_s=timeout_s)
    return offer


async def ended(agent: RawAgent, offer: m.Offer, state: str = "", timeout_s: float = 10.0) -> None:
    """What was accepted, joined, ended and finished."""
    while state != "connected":
        state = (await agent.until(m.Assignment, timeout_s)).state
    await agent.send(m.HangUp(ref=next(REFS), reservation_id=offer.reservation_id))
    await agent.until(m.WrapUp, timeout_s)
    done = m.FinishWrapUp(ref=next(REFS), reservation_id=offer.reservation_id, disposition="resolved")
    await agent.send(done)
    await agent.until(m.WrapUpEnded, timeout_s)


@pytest.mark.parametrize("pair", ["postgresql"], indirect=True)
async def test_work_of_one_node_reaches_an_agent_on_the_other_and_the_owners_death_ends_nothing(
    pair: Pair, http: aiohttp.ClientSession
) -> None:
    key = pair.make_key()
    assert [line["owner"] for line in events(pair.two, "shard_followed")] == ["one.1"]
    agent, _ = await ready(pair.two, http, "agent1")
    for node in (pair.one, pair.two):
        made = await submit(node, http, key)
        assert (await handled(agent)).interaction_id == made["interaction_id"]

    elsewhere, token = await ready(pair.one, http, "agent2")
    await submit(pair.two, http, key)
    await submit(pair.two, http, key)
    kept: m.Offer = await agent.until(m.Offer)
    lost: m.Offer = await elsewhere.until(m.Offer)
    await elsewhere.send(m.Accept(ref=next(REFS), reservation_id=lost.reservation_id))
    await elsewhere.until(m.Assignment)
    pair.one.kill()
    await agent.send(m.Accept(ref=next(REFS), reservation_id=kept.reservation_id))
    await ended(agent, kept)
    assert len(events(pair.two, "shard_taken_over")) == 1
    moved = RawAgent(pair.two, http)
    snapshot = await connected(moved, token)
    assert snapshot.presence == "ready"
    assert [each.reservation_id for each in snapshot.assignments] == [lost.reservation_id]
    await ended(moved, lost, snapshot.assignments[0].state)
    await until(lambda: bool(events(pair.two, "node_lost")), "the loss of the first is told")

    pair.one.start()  # again, and now it follows
    assert [line["owner"] for line in events(pair.one, "shard_followed")] == ["two.1"]
    await submit(pair.one, http, key)
    await submit(pair.one, http, key)
    await asyncio.gather(handled(agent), handled(moved))
    assert pair.one.interrupt() == 0
    assert pair.two.interrupt() == 0
    assert pair.two.errors() == []


async def test_a_paused_owner_steps_down_when_it_wakes_and_one_that_is_drained_hands_over(
    pair: Pair, http: aiohttp.ClientSession
) -> None:
    key = pair.make_key()
    agent, token = await ready(pair.two, http, "agent1")
    asleep, _ = await ready(pair.one, http, "agent2")
    await asleep.send(m.SetPresence(ref=next(REFS), presence="not_ready"))
    await asleep.until(m.Done)
    pair.one.send(signal.SIGSTOP)
    made = await submit(pair.two, http, key)
    assert (await handled(agent)).interaction_id == made["interaction_id"]
    assert len(events(pair.two, "shard_taken_over")) == 1
    heard = len(asleep.got)
    pair.one.send(signal.SIGCONT)
    pair.one.expected_errors = {"task_failed", "unstructured"}  # the last says why it stopped
    assert await asyncio.to_thread(pair.one.ended) == 1
    while await asleep.next() is not None:
        pass
    assert not [one for one in asleep.got[heard:] if isinstance(one, m.Offer | m.Assignment)]
    assert {line["task"] for line in events(pair.one, "task_failed")} & {"pump", "lease", "heartbeat"}

    pair.one.start()
    back = RawAgent(pair.one, http)
    await connected(back, await sign_in(pair.one, http, "agent2"))
    await back.send(m.SetPresence(ref=next(REFS), presence="ready"))
    await back.until(m.Done)
    await connected(agent, token)
    assert await pair.drain(pair.two) == "drained; calls and chats that were still open: 0"
    bye = await agent.until(m.Bye)
    assert bye.code == m.ByeCode.SHUTDOWN
    assert await asyncio.to_thread(pair.two.ended) == 0
    made = await submit(pair.one, http, key)
    assert (await handled(back)).interaction_id == made["interaction_id"]
    assert events(pair.one, "node_lost") == []
    assert pair.one.interrupt() == 0
    assert pair.one.errors() == []


async def spoken(agent: RawAgent, text: str) -> int:
    """The number of what was said, once the agent's page has it: by itself, or on the chat's card as it is drawn."""
    async with asyncio.timeout(30):
        while (message := await agent.next()) is not None:
            card = getattr(message, "chat", None)
            lines = [message] if isinstance(message, m.ChatMessage) else card.lines if card is not None else ()
            for line in lines:
                if line.text == text:
                    return int(line.number)
    raise AssertionError("the page was closed")


async def shown_at_the_other(pair: Pair, visitor: Visitor, http: aiohttp.ClientSession, token: str) -> None:
    """A picture that the visitor sends to their node, as the agent has it from the other."""
    url, naming = f"{pair.one.base}{CHATS}/{visitor.chat_id}/files", {"client_id": "f1", "name": "parcel.png"}
    headers = {"Authorization": f"Bearer {visitor.token}"}
    async with http.post(url, data=PNG, params=naming, headers=headers) as answer:
        file_id = (await answer.json())["file"]["id"]
    url = f"{pair.two.base}/api/v1/interactions/{visitor.chat_id}/files/{file_id}"
    while True:
        async with http.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            if answer.status != 503:  # the nodes have to know each other again
                assert (answer.status, await answer.read()) == (200, PNG)
                return
        await asyncio.sleep(0.1)


async def test_a_visitor_of_one_node_and_an_agent_of_the_other_talk_on_through_the_death_of_the_visitor_s(
    pair: Pair, http: aiohttp.ClientSession
) -> None:
    agent, token = await ready(pair.two, http, "agent1")
    async with Visitor(pair.one) as visitor:
        await visitor.open("Where is my parcel?")
        offer: m.Offer = await agent.until(m.Offer)
        assert offer.chat is not None
        assert [line.text for line in offer.chat.lines] == ["Where is my parcel?"]
        held = offer.reservation_id
        await agent.send(m.Accept(ref=next(REFS), reservation_id=held))
        await visitor.until_state("talking")
        await agent.send(m.SayInChat(ref=next(REFS), reservation_id=held, client_id="a1", text="On its way"))
        await visitor.until(lambda page: page.texts == ["Where is my parcel?", "On its way"])
        await visitor.say("Thank you")
        assert await spoken(agent, "Thank you") == 3

        pair.one.kill()
        await visitor.move(pair.two)
        await visitor.until_said("Thank you")  # what was said is told after the welcome
        assert visitor.texts == ["Where is my parcel?", "On its way", "Thank you"]
        await visitor.say("Anybody there?")
        await spoken(agent, "Anybody there?")
        await agent.send(m.SayInChat(ref=next(REFS), reservation_id=held, client_id="a2", text="I am"))
        await visitor.until(lambda page: page.texts[-1] == "I am")

        pair.one.start()
        await visitor.move(pair.one)  # brings its chat along, away from the agent's node
        await visitor.say("On the other node again")
        assert await spoken(agent, "On the other node again") == 6
        await shown_at_the_other(pair, visitor, http, token)
        await agent.send(m.HangUp(ref=next(REFS), reservation_id=held))
        await visitor.until_state("ended")
    assert pair.one.interrupt() == 0
    assert pair.two.interrupt() == 0
    assert pair.one.errors() == []
    assert pair.two.errors() == []
