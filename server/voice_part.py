"""The part of a node that talks: phones and trunks, the media workers, calls, and the desk that agents sit at."""

import itertools
import secrets

import structlog

from agents_ws.hub import Hub
from config.site import Site
from media.events import MediaEvent
from records.accounts import Accounts
from records.follow_ups import FollowUps
from records.notes import Notes
from records.phones import Phones
from records.ratings import Ratings
from records.recordings import Recordings
from records.sessions import Sessions, SignIn
from server.calls import media_port, signalling
from server.calls.call_recorder import CallRecorder, close_left_open
from server.calls.far_callbacks import FarCallbacks
from server.calls.far_contexts import FarContexts
from server.calls.far_desk import FarDesk
from server.calls.guest_calls import Host, Lodger
from server.calls.ivr_services import ivr_services
from server.calls.lost_calls import LostCalls
from server.calls.moved_calls import MovedCalls
from server.calls.peer_listening import ListeningDesk, PeerListening
from server.calls.recordings_kept import RecordingsKept
from server.calls.sdp_port import SdpPort
from server.calls.telephony import REALM, media_workers, user_agent
from server.calls.trunk_nodes import TrunkNodes
from server.calls.trunks import TrunkLines
from server.calls.voice_site import voice_site
from server.calls.web_calls import names_of
from server.clock import wall_us
from server.core_part import CorePart
from server.desks.call_backs import CallBacks
from server.desks.cards import Cards
from server.desks.desk import Desk
from server.desks.own_day import OwnDays
from server.desks.reach import Reach
from server.draining import Handed
from server.ground import Ground
from server.ids import interaction_ids
from server.nodes.shard_links import ShardLinks
from server.web.people import People, public_accounts
from sip.events import SipEvent
from voice.conductor import Conductor
from voice.neighbours import VoicePorts
from voice.site import VoiceSite

log = structlog.get_logger(__name__)

# By then this node has ended, and does not begin to call anybody.
HAND_OVER_US = 10_000_000


class VoicePart:
    """`build`, then `listen`; `aclose` when the calls are over."""

    def __init__(self, ground: Ground, core: CorePart) -> None:
        database, board = ground.storage.database, core.pump.dispatcher
        self._ground = ground
        self._core = core
        self._new_id = interaction_ids(wall_us)
        self.people = People(
            core.current, public_accounts(database), Phones(database), REALM, serve_demo=ground.settings.on_loopback
        )
        self.reach = Reach(
            core.pump.tell,
            lambda agent_id: row.generation if (row := board.agent(agent_id)) else 0,
            lambda agent_id: rules.capacity if (rules := board.policy.agents.get(agent_id)) else (),
            ground.storage.member.label,
        )
        self.sign_in = SignIn(Accounts(database), Sessions(database, ground.settings.session_us))
        self.desk = Desk(
            core.pump,
            Cards(core.current),
            core.contexts,
            self.reach,
            self.sign_in,
            Notes(database),
            ground.tasks,
            wall_us,
        )
        sessions = itertools.count(1)
        self.hub = Hub(now=core.pump.now, new_session_id=lambda: f"{secrets.token_urlsafe(12)}-{next(sessions)}")
        self.sdp = SdpPort(itertools.count(secrets.randbits(40)).__next__)
        self.follow_ups = FollowUps(database)
        self.messages = ground.settings.data_dir / "messages"
        self.recordings = Recordings(database)
        self.recordings_dir = ground.settings.data_dir / "recordings"
        self.kept = RecordingsKept(self.recordings_dir, self.recordings, wall_us, ground.storage.member.name)

    async def build(self) -> None:
        """Media workers run, calls can be conducted; nobody hears us yet."""
        ground, core = self._ground, self._core
        settings, storage, current = ground.settings, ground.storage, core.current
        await self.people.make_demo_accounts(current.site, wall_us())
        self.engine = media_workers(settings, current.site.prompts_dir, storage.member.incarnation, self._media_event)
        await self.engine.start()
        self.credentials = signalling.PhoneCredentials(await self.people.phone_secrets(current.site))
        self.ua = user_agent(settings, storage, self.credentials, ground.certificate, self._sip_event)
        services = await ivr_services(
            current, self.engine, self.follow_ups, self.messages, core.contexts, ground.tasks, ground.stack
        )
        self.recorder = await self._call_recorder()
        media = media_port.MediaPort(self.engine)
        self.lines = TrunkLines(current, self.ua)
        self.nodes = TrunkNodes(ground.peers, core.pump, storage.shard.store.head, self.ua.registered)
        FarContexts(ground.peers, core.pump, core.contexts)
        self.far_desk = FarDesk(ground.peers, core.pump, self.nodes, self.desk)
        listening = PeerListening(ground.peers, self.far_desk.node_of)
        label, shard = storage.member.label, settings.shard
        links = self.links = ShardLinks(f"{shard}/{label}", storage.register_of, ground.tasks)
        ports = VoicePorts(
            self.ua,
            media,
            self.sdp,
            core.pump,
            core.contexts,
            self.far_desk,
            services,
            self.lines,
            self.recorder,
            core.expected_wait,
            self.desk.calls.dialled,
            self.nodes,
            listening,
            self.desk.calls.ask_by_phone,
            Lodger(shard, links, core.pump, core.contexts),
        )
        self.conductor = Conductor(self._voice_site(), ports, ground.calls)
        self.recorder.lost = self.conductor.recorded.lost
        self.lines.refused = self.conductor.call_failed
        self.desk.calls.call_back = self._call_backs().call
        self.lost_calls = LostCalls(
            core.pump,
            current,
            core.contexts,
            core.interactions,
            self.conductor.numbers.may_dial,
            storage.member.label,
        )
        storage.shard.sweeper.before = self.lost_calls.call_back
        core.contexts.calls_back = self.lost_calls.of_queue
        sip = f"{settings.advertise}:{settings.sip_port}"
        self.moved_calls = MovedCalls(
            ground.peers,
            core.pump,
            core.contexts,
            self.conductor,
            sip,
            settings.base_url,
            redirects=settings.drain_calls == "redirect",
        )
        host = Host(
            label,
            ground.peers,
            core.pump,
            self.conductor.shards.guests,
            storage.register_of,
            core.pump.store.senders,
            lambda: core.pump.owning,
            lambda interaction_id: interaction_id in self.conductor.interactions,
            names_of(current),
        )
        ground.tasks.spawn(host.look_after(), "guests", endless=True)
        far_callbacks = FarCallbacks(
            links,
            ground.peers,
            core.pump,
            core.contexts,
            self.conductor.numbers.may_dial,
            lambda: core.pump.owning,
            ground.tasks,
        )
        core.speaker.attach_handoffs(far_callbacks.observe)
        core.pump.on_own.append(far_callbacks.take_up)
        self._take_up = far_callbacks.take_up
        current.on_change(links.follow)
        links.follow(current.site)
        self.desk.attach(self.hub, self.conductor)
        self.nodes.serve(self.conductor.nodes, self._phones_here, self._far_phone_changed)
        self.far_desk.serve(self.desk.calls)
        self.far_desk.heard = self.conductor.listening.far.parties
        listening.serve(self.conductor.listening)
        self.listening_desk = ListeningDesk(ground.peers, self.conductor.listening, self._device_node)
        self.desk.calls.far = self.far_desk
        self.desk.news.days = OwnDays(
            core.management.figures.agent,
            Ratings(storage.database),
            self.desk.pages,
            self.hub.send,
            lambda: current.site.time_zone,
            wall_us,
        )
        ground.tasks.spawn(self.desk.news.days.run(), "own_days", endless=True)
        core.speaker.attach(self.desk.news, self.conductor, core.projection)
        core.speaker.attach_far_pages(self.far_desk.observe)
        current.on_change(self._follow)
        self._follow(current.site)

    async def listen(self) -> None:
        """Phones, callers and trunks reach us from now on."""
        if self._core.pump.owning:
            self._take_up()
        self._ground.tasks.spawn(self.kept.run(), "retention", endless=True)
        await self.ua.start()
        self.lines.follow(self._core.current.site)
        self._core.current.on_change(self.lines.follow)

    async def aclose(self) -> None:
        """Signalling first, then media; safe however far `build` came."""
        if hasattr(self, "ua"):
            await self.ua.aclose()
        if hasattr(self, "engine"):
            await self.engine.aclose()

    def close(self) -> None:
        """Calls are ended; the tasks of `ground.calls` do it."""
        if hasattr(self, "conductor"):
            self.conductor.close()

    async def hand_over(self) -> Handed:
        """Callers who are on the line when this node has to end: to another node now, or to whoever is there then."""
        moved = await self.moved_calls.move_all()
        return Handed(len(moved), await self.lost_calls.hand_over(HAND_OVER_US, moved))

    def check_media(self) -> str | None:
        """What is wrong with the media workers, or None."""
        return None if any(pid is not None for pid in self.engine.worker_pids) else "no media process is alive"

    def _call_backs(self) -> CallBacks:
        core = self._core
        return CallBacks(
            self.follow_ups,
            core.interactions,
            core.contexts,
            core.pump,
            core.current,
            self.conductor.numbers.may_dial,
            lambda agent_id: self.desk.calls.availability(agent_id) == "free",
            node=self._ground.storage.member.label,
            new_id=self._new_id,
            wall=wall_us,
        )

    async def _call_recorder(self) -> CallRecorder:
        ground, current = self._ground, self._core.current
        await close_left_open(self.recordings_dir, self.recordings, wall_us)
        return CallRecorder(
            self.engine,
            self.recordings_dir,
            self.recordings,
            ground.tasks,
            ground.metrics,
            node=ground.storage.member.label,
            site=lambda: current.site,
            wall=wall_us,
        )

    def _voice_site(self) -> VoiceSite:
        return voice_site(self._core.current, self._ground.storage.member.label, self._new_id)

    def _follow(self, site: Site) -> None:
        """What is made from the site, made anew."""
        self._core.meter.targets = {name: queue.service_level.threshold_us for name, queue in site.queues.items()}
        self.conductor.follow(self._voice_site())
        phones = {each.agent_id: each.sip_user if each.station == "sip" else "" for each in site.agents.values()}
        self.reach.follow(phones, self.ua.registered)

    def _phones_here(self) -> list[str]:
        agents = self._core.current.site.agents.values()
        return [each.sip_user for each in agents if each.station == "sip" and self.ua.registered(each.sip_user)]

    def _sip_event(self, event: SipEvent) -> None:
        signalling.hand_over(event, self.conductor, self._phone_changed)

    def _media_event(self, event: MediaEvent) -> None:
        media_port.hand_over(event, self.conductor, _log_failed_leg, self.recorder.failed)

    def _device_node(self, agent_id: str) -> str:
        """The other node where an agent's phone is registered or their page is; "" for this one, and for none."""
        user, row = self.conductor.site.phone_of(agent_id), self._core.pump.dispatcher.agent(agent_id)
        node = self.nodes.phone_at(user) if user is not None else row.node if row is not None and row.connected else ""
        return node if node != self._ground.storage.member.label else ""

    def _far_phone_changed(self, user: str) -> None:
        agent_id = self.reach.agent_of(user)
        if agent_id is not None:
            self.desk.far_phone_changed(agent_id, registered=self.nodes.elsewhere(user))

    def _phone_changed(self, user: str, registered: bool) -> None:
        self.nodes.tell_phones()
        agent_id = self.reach.agent_of(user)
        if agent_id is not None:
            self.desk.phone_changed(agent_id, registered=registered)


def _log_failed_leg(leg_id: str, reason: str) -> None:
    log.info("leg_failed", leg_id=leg_id, reason=reason)
