"""The node's parts in one process, real ones: router, pump, store twin, SQLite, SIP on loopback, media engine.

Only the agents' WebSocket is replaced by a list, and a browser's leg by an RTP leg (tests/media has the real one).
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from argon2 import PasswordHasher

from agents_ws.ports import Refusal
from config.policy import site_policy
from config.site import AgentConfig, QueueConfig, Site
from media.engine import EngineSettings
from media.events import MediaEvent
from records.accounts import Accounts
from records.customers import Customers
from records.database import Database
from records.interactions import Interactions
from records.meetings import Meetings
from records.notes import Notes
from records.projector import Projector
from records.sessions import Sessions, SignIn
from router import events as facts
from router.commands import SendOffer
from router.invariants import check
from router.rows import Turn
from router.vocabulary import OfferState
from server.calls import media_port, signalling
from server.calls.sdp_port import SdpPort
from server.calls.voice_site import voice_site
from server.clock import wall_us
from server.core.pump import Pump
from server.core.shard import ShardOwner
from server.core.speaker import Speaker
from server.current import CurrentSite
from server.desks.cards import Cards
from server.desks.contexts import InteractionContexts
from server.desks.desk import Desk
from server.desks.reach import Reach
from server.ids import interaction_ids
from server.persistence.projection import Projection
from server.tasks import TaskOwner
from sip import events as sip
from sip.clock import random_ids
from sip.sdp import Origin, build_offer
from sip.settings import Settings as SipSettings
from sip.ua import Ua
from store.memory import MemoryShardStore
from store.memory_shard import MemoryShard
from store.shard import RedisShardStore
from telemetry.metrics import Metrics
from telemetry.routing import RoutingMeter
from tests.databases import migrated
from tests.media.phones import Phone
from tests.server.neighbours import AwaitedPort, Engine, ListHub, Outside
from tests.server.sites import ORDERS, agent, small_site
from tests.waiting import until
from voice.conductor import Conductor
from voice.neighbours import VoicePorts
from voice.ports import MediaEngine

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
E = TypeVar("E")


class House:
    """Use `async with built(tmp_path) as house`."""

    def __init__(self, site: Site, database: Database, outside: Outside) -> None:
        self.current = CurrentSite(site)
        self.database = database
        self.outside = outside
        self.failed: list[str] = []
        self.turns: list[Turn] = []
        self.tasks = TaskOwner(lambda name, _error: self.failed.append(name))
        self.calls = TaskOwner(lambda name, _error: self.failed.append(name))
        self.hub = ListHub()
        self.shard = MemoryShard()
        self.rtp: list[Phone] = []
        self._names = itertools.count(1)

    @property
    def site(self) -> Site:
        return self.current.site

    def commit_by(self, commit: Callable[..., Awaitable[None]]) -> None:
        """Every commit goes this way from now on."""
        self.owner.commit = commit  # type: ignore[assignment]
        self.owner.begin = lambda *_: False  # type: ignore[method-assign]

    async def start(self) -> None:
        store = cast("RedisShardStore", MemoryShardStore(self.shard, wall_us))
        self.owner = await ShardOwner.take(store, "n1", 60_000_000)
        self.notes = Notes(self.database)
        self.interactions = Interactions(self.database)
        self.contexts = InteractionContexts(
            Customers(self.database), self.interactions, Meetings(self.database), self.tasks, wall_us
        )
        self.metrics = Metrics()
        self.speaker = Speaker(RoutingMeter(self.metrics, {}), self.contexts)
        self.pump: Pump = await self.owner.restore(
            site_policy(self.site), self._speak, lambda _turn, _us: None, self.speaker.note, self.speaker.prepare
        )
        self.projection = Projection(Projector(self.database), store, lambda _position: None)
        self._build_voice()
        self._build_desk()
        self.desk.attach(self.hub, self.conductor)
        self.speaker.attach(self.desk.news, self.conductor, self.projection)
        self.tasks.spawn(self.pump.run(), "pump")
        self.tasks.spawn(self.projection.run(), "projection")
        await self.engine.start()
        await self.ua.start()

    def _speak(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.speaker(turn)

    def _build_voice(self) -> None:
        settings = EngineSettings(prompt_root=self.site.prompts_dir, rtp_ports=(27_700, 27_999), port_cool_down_us=0)
        self.engine = Engine(settings, self._media_event)
        self.ua = Ua(
            SipSettings(port=0, now=self.pump.now, ids=random_ids()),
            lambda event: signalling.hand_over(event, self.conductor, self._phone_changed),
        )
        self.sdp = SdpPort(itertools.count(1).__next__)

    def _build_desk(self) -> None:
        board = self.pump.dispatcher
        self.reach = Reach(
            self.pump.tell,
            lambda agent_id: row.generation if (row := board.agent(agent_id)) else 0,
            lambda agent_id: board.policy.agents[agent_id].capacity,
        )
        agents = self.site.agents.values()
        self.reach.follow({one.agent_id: one.sip_user if one.station == "sip" else "" for one in agents})
        self.accounts = Accounts(self.database, CHEAP)
        self.sign_in = SignIn(self.accounts, Sessions(self.database))
        self.cards = Cards(self.current)
        self.desk = Desk(
            self.pump, self.cards, self.contexts, self.reach, self.sign_in, self.notes, self.tasks, wall_us
        )
        ports = VoicePorts(
            self.ua,
            cast("MediaEngine", AwaitedPort(self.engine)),
            self.sdp,
            self.pump,
            self.contexts,
            self.desk,
            target=self.desk.calls.dialled,
        )
        site = voice_site(self.current, "n1.1", interaction_ids(wall_us))
        self.conductor = Conductor(site, ports, self.calls)

    def _media_event(self, event: MediaEvent) -> None:
        media_port.hand_over(event, self.conductor, lambda _a, _b: None, lambda _a, _b: None)

    def _phone_changed(self, user: str, registered: bool) -> None:
        self.desk.phone_changed(user, registered=registered)

    async def stop(self) -> None:
        self.conductor.close()
        await self.calls.aclose(3)
        await self.ua.aclose()
        await self.engine.aclose()
        self.pump.close()
        self.projection.close()
        await self.tasks.aclose()
        for phone in self.rtp:
            phone.close()

    # --- agents

    async def ready(self, agent_id: str = "anna") -> int:
        """Sign the agent in and set them ready; returns the generation of their page."""
        generation = await self.desk.connected(agent_id)
        if self.site.agents[agent_id].station == "sip":
            self.desk.phone_changed(agent_id, registered=True)
        else:
            await self.open_leg(agent_id)
        assert await self.desk.set_presence(agent_id, "ready", None) is None
        return generation

    async def open_leg(self, agent_id: str = "anna") -> str:
        """A browser's leg, with its media path up; returns its id."""
        answer = await self.desk.open_leg(agent_id, "offer")
        assert isinstance(answer, str), answer
        leg_id = [leg for leg in self.engine.leg_ids if leg.startswith(f"browser:{agent_id}:")][-1]
        self.conductor.leg_connected(leg_id)
        return leg_id

    async def offer(self, agent_id: str = "anna", count: int = 1) -> SendOffer:
        """The agent's `count`-th offer, once it is committed."""

        def made() -> list[SendOffer]:
            commands = (command for turn in self.turns for command in turn.commands)
            return [one for one in commands if isinstance(one, SendOffer) and one.agent_id == agent_id]

        await until(lambda: len(made()) >= count, f"offer {count} to {agent_id}")
        return made()[count - 1]

    def state(self, reservation_id: str) -> OfferState | None:
        row = self.pump.dispatcher.reservation(reservation_id)
        return row.state if row else None

    async def said(self, word: str, agent_id: str = "anna") -> None:
        """Wait until the last word to the agent about their work is this one."""
        await until(
            lambda: self.hub.words(agent_id)[-1:] == [word], f"{word} to {agent_id} in {self.hub.words(agent_id)}"
        )

    async def reach_state(self, reservation_id: str, state: OfferState | None) -> None:
        """Committed, and told."""
        await until(
            lambda: self.state(reservation_id) is state and not self.pump.backlog,
            f"{reservation_id} in {state}, is {self.state(reservation_id)}",
        )

    # --- callers

    async def speaker_port(self) -> Phone:
        """A far end for RTP."""
        phone = await Phone().open()
        self.rtp.append(phone)
        return phone

    async def dial(self, entry: str = "400", sdp: bytes | None = None, user: str = "0755123") -> str:
        """A caller dials; returns their name of the call."""
        call = f"c{next(self._names)}"
        if sdp is None:
            sdp = offer_of((await self.speaker_port()).port)
        self.outside.ua.dial(call, f"sip:{entry}@127.0.0.1:{self.ua.port}", sdp, from_user=user, from_display="Cai")
        return call

    async def in_menu(self, **how: Any) -> str:
        """A caller who hears the menu."""
        before = self.noted("answered")
        call = await self.dial(**how)
        await self.outside.wait(sip.CallAnswered, call)
        await until(lambda: self.noted("answered") > before, "the menu")
        return call

    async def queued(self, **how: Any) -> str:
        """A caller who pressed 1 and whose work the router has taken."""
        before = self.pump.dispatcher.open_work()
        call = await self.in_menu(**how)
        self.outside.ua.send_digit_info(call, "1")
        await until(lambda: self.pump.dispatcher.open_work() > before, "work")
        return call

    async def talking(self, agent_id: str = "anna") -> tuple[str, str]:
        """Caller and browser agent in conversation; returns the call and the reservation."""
        await self.ready(agent_id)
        call = await self.queued()
        offer = await self.offer(agent_id)
        assert await self.desk.accept(agent_id, offer.reservation_id) is None
        await self.reach_state(offer.reservation_id, OfferState.CONNECTED)
        return call, offer.reservation_id

    async def phone_rings(self, agent_id: str = "ben", *, answer: int = 0) -> tuple[str, str]:
        """A caller is queued and the agent's desk phone rings: the caller's call, the phone's call.

        `answer` 200 answers at once, 300-699 refuses.
        """

        def script(event: sip.SipEvent) -> None:
            if isinstance(event, sip.CallReceived):
                if answer == 200:
                    self.outside.ua.answer(event.call, offer_of(self.rtp[0].port))
                elif answer:
                    self.outside.ua.reject(event.call, answer)

        self.outside.script = script
        before = len(self.outside.seen(sip.CallReceived))
        await self.ready(agent_id)
        call = await self.queued()
        ringing = await self.outside.wait(sip.CallReceived, count=before + 1)
        return call, ringing.call

    # --- what happened

    def noted(self, kind: str) -> int:
        """How often a step of that kind was committed."""
        return sum(isinstance(turn.event, facts.InteractionNoted) and turn.event.kind == kind for turn in self.turns)

    def told(self, kind: type[E]) -> list[E]:
        """Committed events of a kind."""
        return [turn.event for turn in self.turns if isinstance(turn.event, kind)]

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.told(facts.InteractionClosed)]

    def leftovers(self) -> dict[str, object]:
        """Everything that must be empty when nobody calls."""
        conductor = self.conductor
        counts = {name: count for name, count in conductor.counts.items() if name != "browser_legs"}
        found: dict[str, object] = {
            **counts,
            "by_interaction": len(conductor._by_interaction),
            "by_leg": len(conductor._by_leg),
            "contexts": len(self.contexts),
            "sdp": len(self.sdp),
            "cards": len(self.cards),
            "shown_calls": len(self.desk.calls),
            "legs": [leg for leg in self.engine.leg_ids if not leg.startswith("browser:")],
            "stray_browsers": len([leg for leg in self.engine.leg_ids if leg.startswith("browser:")])
            - self.conductor.browsers.count,
            "rooms": len(self.engine.rooms),
            "sip": self.ua.open_calls,
            "outside": self.outside.ua.open_calls,
            "work": self.pump.dispatcher.open_work(),
            "backlog": self.pump.backlog,
            "call_tasks": self.calls.names,
            "tasks": [name for name in self.tasks.names if name not in ("pump", "projection")],
            "failed": self.failed,
            "effects": self.speaker.failures,
        }
        return {name: count for name, count in found.items() if count}

    async def empty(self) -> None:
        """Ends every wrap-up that comes, then nothing may be left."""
        deadline = time.monotonic() + 5
        while self.leftovers() and time.monotonic() < deadline:
            for one in self.site.agents:
                for row in self.pump.dispatcher.reservations_of(one):
                    if row.state is OfferState.WRAP_UP:
                        await self.desk.finish_wrap_up(one, row.reservation_id, "sold", None)
            await asyncio.sleep(0.002)
        assert self.leftovers() == {}
        check(self.pump.dispatcher)


def code(answer: Refusal | str | None) -> str | None:
    """Why it was refused; None when it was not."""
    assert not isinstance(answer, str)
    return None if answer is None else answer.code


def offer_of(port: int, direction: str = "sendrecv", version: int = 0) -> bytes:
    """A peer's description."""
    sdp = build_offer(host="127.0.0.1", port=port, origin=Origin(7, version, "127.0.0.1"))
    return sdp.replace(b"a=sendrecv", b"a=" + direction.encode())


@contextlib.asynccontextmanager
async def built(
    folder: Path,
    agents: Sequence[AgentConfig] | None = None,
    more_queues: Sequence[QueueConfig] = (),
    more_agents: Sequence[AgentConfig] = (),
    **queue: Any,
) -> AsyncIterator[House]:
    """A running house with agents anna (browser) and ben (desk phone), or those given; `queue` changes its queue."""
    outside = Outside()
    await outside.ua.start()
    folder.mkdir(exist_ok=True)
    database = await migrated(folder / "records.sqlite")
    phone = f"sip:ben@127.0.0.1:{outside.ua.port}"
    people = agents if agents is not None else [agent("anna"), agent("ben", station="sip", sip_user=phone)]
    site = small_site({one.agent_id: one for one in (*people, *more_agents)}, replace(ORDERS, **queue))
    site = replace(site, queues={**site.queues, **{one.name: one for one in more_queues}})
    house = House(site, database, outside)
    try:
        await house.start()
        yield house
    finally:
        await house.stop()
        await outside.ua.aclose()
        await database.close()
