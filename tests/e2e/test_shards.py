"""Two shards on one Redis, each with a site and a database of its own: work and calls overflow into the other one."""

import asyncio
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from agents_ws import messages as m
from chat.endpoint import CHATS
from records.database import sqlite_url
from store.connection import open_store
from store.keys import shard_keys
from tests.chat.test_sniff import PNG
from tests.databases import made
from tests.e2e.agents import Agent, RawAgent
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, Hearing, come_to_hear, write_voices
from tests.e2e.office import Office
from tests.e2e.pair import events
from tests.e2e.server import ROOT, Server
from tests.e2e.site import AFTER_SALES, make_site
from tests.e2e.test_nodes import REFS, handled, ready, spoken, submit
from tests.e2e.test_trunks import NUMBER, TRUNK, heard_by
from tests.e2e.visitors import Visitor
from tests.e2e.waiting import wait_until
from tests.ports import HOST, free_port
from tests.valkey import running_server
from tests.waiting import until
from tools.call.caller import Caller

CALLED_BACK = '[after_sales]\ncallback_key = "7"\n'
PATIENT_S = 60.0
BOTH = {"agent1": {"caller"}, "caller": {"agent1"}}
ELSEWHERE = '[elsewhere.far_{of}]\nshard = "south"\nmedium = "{medium}"\n'
CLOSED = '[{queue}]\nopening = "closed"\nwhen_closed = {{ queue = "far_{of}" }}\n'
FAR = (
    '\n[far_{of}]\ntitle = "Of the other shard"\nmedium = "{medium}"\ndispositions = ["resolved"]\nreject_rest_s = 1\n'
)
OVERFLOWING = (("web_chat", "chat", "chat"), ("orders", "calls", "voice"))


class Shards:
    """`north` has one node, `south` two, the first of which owns it. The north's chat queue is closed."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.store_url = store_url
        self.trunk_port = free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)
        self._folder = folder
        sites = {name: self._site(name) for name in ("north", "south")}
        self.north = self._server("north", "north", sites["north"])
        self.south, self.standby = (self._server(name, "south", sites["south"]) for name in ("south", "standby"))

    @property
    def all(self) -> tuple[Server, ...]:
        return self.north, self.south, self.standby

    def start(self) -> None:
        """Both shards at the same time; in the south the first to start owns it."""
        with ThreadPoolExecutor() as pool:
            north = pool.submit(self.north.start)
            self.south.start()
            self.standby.start()
            north.result()

    def _site(self, name: str) -> Path:
        (self._folder / name).mkdir()
        made(self._folder / name / "shared.db")
        site = make_site(self._folder / name)
        queues = site / "queues.toml"
        for queue, of, medium in OVERFLOWING:
            if name == "north":
                with (site / "routing.toml").open("a") as routing:
                    routing.write(ELSEWHERE.format(of=of, medium=medium))
                closed = CLOSED.format(queue=queue, of=of)
                queues.write_text(queues.read_text().replace(f"[{queue}]\n", closed, 1))
            else:
                queues.write_text(queues.read_text() + FAR.format(of=of, medium=medium))
        queues.write_text(queues.read_text().replace("[after_sales]\n", CALLED_BACK, 1))
        (site / "calls.toml").write_text(TRUNK.format(host=HOST, port=self.trunk_port))
        return site

    def _database(self, shard: str) -> str:
        return sqlite_url(self._folder / shard / "shared.db")

    def _server(self, name: str, shard: str, site: Path) -> Server:
        folder = self._folder / f"node-{name}"
        folder.mkdir()
        # The lease is the usual one: a dead process is noticed by its door, and a busy machine deposes nobody.
        flags = [f"--redis-url={self.store_url}", f"--node={name}", f"--shard={shard}"]
        return Server(folder, site, [*flags, f"--database-url={self._database(shard)}"])

    def make_key(self) -> str:
        """A program's, in the north."""
        command = [sys.executable, "-m", "server", "make-api-key", "crm", f"--database-url={self._database('north')}"]
        made = subprocess.run(
            [*command, f"--site={self.north.site}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return made.stdout.split()[-1]

    def outcomes(self, shard: str) -> dict[str, tuple[str, str]]:
        """State and outcome of each interaction in the shard's records."""
        with closing(sqlite3.connect(self._folder / shard / "shared.db")) as records:
            return {
                key: (state, end) for key, state, end in records.execute("SELECT id, state, outcome FROM interactions")
            }

    async def open_in_the_north(self) -> int:
        """How many items the north's rows have."""
        connection = await open_store(self.store_url)
        try:
            return int(await connection.run("HLEN", shard_keys("north").work))
        finally:
            await connection.aclose()


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    with running_server(tmp_path / "store") as store_url:
        made = Shards(tmp_path, store_url)
        try:
            made.start()
            yield made
        finally:
            for server in made.all:
                server.close()


async def test_work_and_chats_overflow_to_the_other_shard_and_its_owners_death_loses_none(shards: Shards) -> None:
    key = shards.make_key()
    async with aiohttp.ClientSession() as http, Visitor(shards.north) as visitor:
        agent, token = await ready(shards.standby, http, "agent1")
        first = await submit(shards.north, http, key)
        offer = await handled(agent, PATIENT_S)
        assert (offer.interaction_id, offer.queue) == (first["interaction_id"], "far_chat")
        # A visitor for whom no node is reached waits on: that is not what this is about.
        await both_nodes_reached(shards)
        chat = await a_chat_that_goes_over(shards, visitor, agent)

        # One is on its way while the owner there dies, one comes afterwards: each is handled there, once.
        made = [first]
        for killed in (True, False):
            made.append(await submit(shards.north, http, key))
            if killed:
                shards.south.kill()
            assert (await handled(agent, PATIENT_S)).interaction_id == made[-1]["interaction_id"]
        await until(lambda: bool(events(shards.standby, "shard_taken_over")), "the other node of the shard owns it")
        await it_goes_on_without_its_host(shards, visitor, agent, chat, token)
        await until_empty(shards)
    for server in (shards.north, shards.standby):
        assert server.interrupt() == 0
        assert server.errors() == []
    every = [chat.interaction_id, *(one["interaction_id"] for one in made)]
    assert shards.outcomes("north") == dict.fromkeys(every, ("closed", "handed_over"))
    assert shards.outcomes("south") == dict.fromkeys(every, ("closed", "handled"))


async def both_nodes_reached(shards: Shards) -> None:
    """By the north, each once or more: a connection may break on a busy machine."""

    def reached() -> bool:
        return {line["label"] for line in events(shards.north, "peer_found")} >= {"south.1", "standby.1"}

    await until(reached, "both nodes of the south are reached", PATIENT_S)


async def a_chat_that_goes_over(shards: Shards, visitor: Visitor, agent: RawAgent) -> m.Offer:
    """A visitor of the north talks with an agent of the south, whose page has all that was said."""
    await visitor.open("Where is my parcel?", data={"order": "7"})
    offer: m.Offer = await agent.until(m.Offer, PATIENT_S)
    assert events(shards.north, "host_found")[-1]["node"] == "south.1"
    assert (offer.queue, offer.interaction_id, offer.data) == ("far_chat", visitor.chat_id, {"order": "7"})
    assert offer.chat is not None
    assert [line.text for line in offer.chat.lines] == ["Where is my parcel?"]
    held = offer.reservation_id
    await agent.send(m.Accept(ref=next(REFS), reservation_id=held))
    status = await visitor.until_state("talking", PATIENT_S)
    assert status.agent
    await agent.send(m.SayInChat(ref=next(REFS), reservation_id=held, client_id="a1", text="On its way"))
    await visitor.until_said("On its way", PATIENT_S)
    await visitor.say("Thank you")
    assert await spoken(agent, "Thank you") == 3
    assert visitor.bye is None, "the page is where it was"
    return offer


async def it_goes_on_without_its_host(
    shards: Shards, visitor: Visitor, agent: RawAgent, offer: m.Offer, token: str
) -> None:
    """The host has died with the south's owner: another node there has the chat, with the same agent."""
    held = offer.reservation_id
    await visitor.say("Anybody there?", "v2")
    async with asyncio.timeout(PATIENT_S):
        while "Anybody there?" not in visitor.texts:
            if visitor.bye is not None:
                await visitor.resume()
            await visitor.say("Anybody there?", "v2")
            await asyncio.sleep(0.2)
    await spoken(agent, "Anybody there?")
    await agent.send(m.SayInChat(ref=next(REFS), reservation_id=held, client_id="a2", text="I am"))
    await visitor.until_said("I am", PATIENT_S)
    assert visitor.texts == ["Where is my parcel?", "On its way", "Thank you", "Anybody there?", "I am"]
    async with aiohttp.ClientSession() as http:
        await a_picture_goes_over(shards, visitor, http, token)
    await agent.send(m.HangUp(ref=next(REFS), reservation_id=held))
    await visitor.until_state("ended", PATIENT_S)
    await agent.send(m.FinishWrapUp(ref=next(REFS), reservation_id=held, disposition="resolved"))
    await agent.until(m.WrapUpEnded, PATIENT_S)


async def a_picture_goes_over(shards: Shards, visitor: Visitor, http: aiohttp.ClientSession, token: str) -> None:
    """Sent to the visitor's node, read at the agent's, and at the visitor's again."""
    url, naming = f"{shards.north.base}{CHATS}/{visitor.chat_id}/files", {"client_id": "f1", "name": "parcel.png"}
    own = {"Authorization": f"Bearer {visitor.token}"}
    async with http.post(url, data=PNG, params=naming, headers=own) as answer:
        assert answer.status == 201, await answer.text()
        file_id = (await answer.json())["file"]["id"]
    there = f"{shards.standby.base}/api/v1/interactions/{visitor.chat_id}/files/{file_id}"
    for where, who in ((there, {"Authorization": f"Bearer {token}"}), (f"{url}/{file_id}", own)):
        async with http.get(where, headers=who) as answer:
            assert (answer.status, await answer.read()) == (200, PNG)


class Line:
    """The agent of the south, and callers of the north; `hear` says who hears whom."""

    def __init__(self, shards: Shards, agent: Agent, folder: Path) -> None:
        self.shards = shards
        self.agent = agent
        self.folder = folder

    @asynccontextmanager
    async def call(self, number: str) -> AsyncIterator[Caller]:
        async with calling(self.shards.north, self.folder, number) as caller:
            await caller.speak_on("caller.wav")
            yield caller

    async def hear(self, caller: Caller, wanted: dict[str, set[str]]) -> None:
        every: dict[str, Hearing] = {"agent1": AgentEar(self.agent), "caller": CallerEar(caller, self.folder)}
        assert await come_to_hear({name: every[name] for name in wanted}, wanted) == wanted

    async def joined(self, number: str) -> m.Offer:
        """The agent has taken the offer of this caller."""
        offer = await self.agent.take(PATIENT_S)
        assert (offer.queue, offer.caller.number) == ("far_calls", number)
        await self.agent.joined(PATIENT_S)
        return offer


@pytest.mark.baresip
async def test_callers_speak_with_agents_of_the_other_shard_also_when_the_host_dies(
    shards: Shards, tmp_path: Path
) -> None:
    write_voices(tmp_path)
    async with Agent(shards.standby, "agent1", tmp_path) as agent:
        agent.speak()
        line = Line(shards, agent, tmp_path)
        # A caller for whom no node is reached stays: that is not what this is about.
        await both_nodes_reached(shards)
        ended = [await a_call_that_its_caller_ends(line), await a_call_that_its_agent_ends(line)]
        promised = await a_callback_that_goes_over(line)
        ended.append(await a_call_whose_host_dies(line))
        await agent.ask(m.SetPresence(ref=agent.ref(), presence="not_ready", reason="lunch"))
        await a_call_that_is_abandoned(line)
        await until_empty(shards)
        await agent.sign_out()
    for server in (shards.north, shards.standby):
        assert server.interrupt() == 0
        assert server.errors() == []
    there = shards.outcomes("south")
    assert sorted(there.values()) == [("closed", "abandoned"), *4 * [("closed", "handled")]]
    assert {one for one, end in there.items() if end == ("closed", "handled")} == {*ended, promised}
    here = {**dict.fromkeys(there, ("closed", "handed_over")), promised: ("closed", "callback")}
    assert shards.outcomes("north") == here


async def a_call_that_its_caller_ends(line: Line) -> str:
    agent = line.agent
    async with line.call("0755100200") as caller:
        offer = await line.joined("0755100200")
        await line.hear(caller, BOTH)
        await agent.ask(m.Hold(ref=agent.ref(), reservation_id=offer.reservation_id, on=True))
        await line.hear(caller, {"agent1": set(), "caller": {"music"}})
        await agent.ask(m.Hold(ref=agent.ref(), reservation_id=offer.reservation_id, on=False))
        await line.hear(caller, BOTH)
    await agent.finish(offer.reservation_id)
    return offer.interaction_id


async def a_call_that_its_agent_ends(line: Line) -> str:
    """Rejected once: it is offered again there, and goes back to nobody."""
    agent = line.agent
    async with line.call("0755100201") as caller:
        rejected: m.Offer = await agent.until(m.Offer, PATIENT_S)
        await agent.ask(m.Reject(ref=agent.ref(), reservation_id=rejected.reservation_id))
        offer = await line.joined("0755100201")
        assert offer.interaction_id == rejected.interaction_id
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        await asyncio.wait_for(caller.ended.wait(), PATIENT_S)
    await agent.finish(offer.reservation_id)
    return offer.interaction_id


async def a_callback_that_goes_over(line: Line) -> str:
    """A caller of the north asks to be called back there; a supervisor moves the item to the south, which calls."""
    agent, north, south = line.agent, line.shards.north, line.shards.standby
    async with calling(north, line.folder, NUMBER, AFTER_SALES) as caller, Office(north) as office:
        await both_shards_seen(office)
        await office.story_has(NUMBER, "queued")
        await caller.press("7")
        await asyncio.wait_for(caller.ended.wait(), PATIENT_S)
        promised: str = (await office.story_has(NUMBER, "callback_chosen"))["record"]["id"]
        async with softphone(
            south, line.folder, NUMBER, line.folder / "caller.wav", sip_port=line.shards.trunk_port
        ) as customer:
            assert await office.send("POST", f"work/{promised}/move", {"queue": "far_calls"}) == (204, "")
            offer = await line.joined(NUMBER)
            wanted = {"agent1": {"caller"}}
            assert await come_to_hear({"agent1": AgentEar(agent)}, wanted) == wanted
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
            await customer.until("CALL_CLOSED")
            heard_by(customer, "agent1")
    await agent.finish(offer.reservation_id)
    assert offer.interaction_id == promised
    return promised


async def both_shards_seen(office: Office) -> None:
    """Where the site runs; one that is slow to answer counts as not reached for the moment."""

    async def seen() -> bool:
        shards = [
            (one["shard"], one["reached"], one.get("nowhere", [])) for one in (await office.get("shards"))["shards"]
        ]
        return shards == [("north", True, []), ("south", True, [])]

    await wait_until(seen, PATIENT_S, "both shards are reached, and no exit leads nowhere")


async def a_call_that_is_abandoned(line: Line) -> None:
    before = len(events(line.shards.north, "host_found"))
    async with line.call("0755100202") as caller:
        await until(lambda: len(events(line.shards.north, "host_found")) > before, "it has a host", PATIENT_S)
        await line.hear(caller, {"caller": {"music"}})
    wanted = ("closed", "abandoned")
    await until(lambda: wanted in line.shards.outcomes("south").values(), "it is abandoned there", PATIENT_S)


async def a_call_whose_host_dies(line: Line) -> str:
    """The caller waits anew, in front, and speaks with the same agent by another node."""
    agent, shards = line.agent, line.shards
    async with line.call("0755100203") as caller:
        first = await line.joined("0755100203")
        assert events(shards.north, "host_found")[-1]["node"] == "south.1", "hosts take turns"
        await line.hear(caller, BOTH)
        shards.south.kill()
        await agent.finish(first.reservation_id)
        offer = await line.joined("0755100203")
        assert offer.interaction_id == first.interaction_id
        await line.hear(caller, BOTH)
    await agent.finish(offer.reservation_id)
    return offer.interaction_id


async def until_empty(shards: Shards) -> None:
    """Returns when nothing is in the north's account any more."""
    deadline = time.monotonic() + 60
    while (left := await shards.open_in_the_north()) > 0:
        assert time.monotonic() < deadline, f"{left} items are still in the north's account"
        await asyncio.sleep(0.05)
