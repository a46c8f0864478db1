"""One node, whole: builds every part, starts them in order, and stops them in the opposite one."""

import asyncio
import gc
import itertools
import secrets
from contextlib import AsyncExitStack, suppress

import structlog

from agents_ws.endpoint import OriginPolicy
from agents_ws.hub import Hub
from config.settings import Settings
from config.site import Site
from config.whole import WholeSite
from http_api.app import Ports
from http_api.calls_api import CallsApi
from http_api.routes import Route
from http_api.site_api import SiteApi
from http_api.targets_api import TargetsApi
from media.events import MediaEvent
from records.accounts import Accounts
from records.api_keys import ApiKeys
from records.customers import Customers
from records.decisions import Decisions
from records.follow_ups import FollowUps
from records.interactions import Interactions
from records.notes import Notes
from records.phones import Phones
from records.sessions import Sessions, SignIn
from router.estimates import WaitEstimates
from router.events import NodeLost
from router.rows import Turn
from server import media_port, signalling
from server.board import MAX_BACKLOG, Checks
from server.call_backs import CallBacks
from server.cards import Cards
from server.chat_service import ChatParts, ChatService, WaitSeconds
from server.clock import wall_us
from server.contexts import InteractionContexts
from server.control import Control
from server.desk import Desk
from server.explanations import Explainer
from server.forwarded import ClientAddress
from server.ids import interaction_ids
from server.ivr_services import ivr_services
from server.journal_files import JournalFolder
from server.kept_journal import KeptJournal
from server.management import Management
from server.monitoring import Monitoring
from server.past_decisions import PastDecisions
from server.people import People
from server.pump import Pump, PumpClosedError
from server.reach import Reach
from server.records_process import RecordsProcess
from server.records_worker import Setup
from server.reload import Followers, Reloader
from server.rotation import Rotation
from server.sdp_port import SdpPort
from server.site_desk import SiteDesk
from server.speaker import Speaker
from server.storage import SHARD, Storage, open_storage
from server.targets import TransferTargets
from server.tasks import TaskOwner
from server.telephony import REALM, media_workers, user_agent
from server.titles import Titles
from server.tls import certificate, renew
from server.trunks import TrunkLines
from server.voice_site import voice_site
from server.web import GuardedSignIn, Web
from server.web_calls import web_call_endpoint
from sip.events import SipEvent
from store.errors import StoreError
from telemetry.metrics import Metrics
from telemetry.routing import RoutingMeter
from voice.conductor import Conductor
from voice.runner import VoicePorts
from voice.site import VoiceSite

log = structlog.get_logger(__name__)

HANG_UP_GRACE_S = 3.0
LAST_COMMITS_S = 3.0
# Tasks without which the node is of no use: when one of them fails, the node stops and says so.
VITAL = ("pump", "lease", "heartbeat", "projection", "embedded")


class Node:
    """`start`, then `wait`, then `stop`."""

    def __init__(self, settings: Settings, files: WholeSite) -> None:
        self.settings = settings
        self._files = files
        self.metrics = Metrics()
        self.tasks = TaskOwner(self._task_failed)
        self.calls = TaskOwner(self._task_failed)
        self.failed: str | None = None
        self.address_of = ClientAddress(settings.trusted_proxies, settings.proxy_header)
        self._certificate = certificate(settings.tls_cert, settings.tls_key)
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """Everything up and listening. Raises what makes it impossible, after taking down what was up."""
        try:
            self.storage = await open_storage(self.settings, self._stack)
            self._keep_storage()
            await self._build_core()
            await self._build_voice()
            await self._build_web()
            await self._begin()
        except BaseException:
            await self.stop()
            raise

    @property
    def site(self) -> Site:
        """The site as it is now."""
        return self.current.site

    async def wait(self) -> None:
        """Returns when `request_stop` was called or a vital task failed (`failed` says which)."""
        await self._stop.wait()

    def request_stop(self) -> None:
        """For signal handlers."""
        self._stop.set()

    def reload(self) -> None:
        """For a signal handler: certificate and site are read again; what is bad is logged and not used."""
        renew(self._certificate)
        if hasattr(self, "site_desk"):
            self.tasks.spawn(self.site_desk.hang_up(), "reload")

    async def stop(self) -> None:
        """Calls end, agents are told, everything decided is committed and recorded, then the stores close."""
        if hasattr(self, "control"):
            await self.control.aclose()
        if hasattr(self, "chats"):
            self.chats.close()
        if hasattr(self, "conductor"):
            self.conductor.close()
            await self.calls.aclose(HANG_UP_GRACE_S)
        if hasattr(self, "chats"):
            await self.chats.aclose()
        if hasattr(self, "web"):
            await self.web.aclose()
        if hasattr(self, "ua"):
            await self.ua.aclose()
        if hasattr(self, "engine"):
            await self.engine.aclose()
        if hasattr(self, "pump"):
            await self._commit_the_rest()
            self.pump.close()
            self.projection.close()
            self.management.close()
        for endless in ("rotation", "lease", "heartbeat", "embedded"):
            self.tasks.cancel(endless)
        await self.tasks.aclose()
        await self._leave()
        await self._stack.aclose()

    def _keep_storage(self) -> None:
        """At once: however long the rest of the start takes, lease and heartbeat must not run out."""
        self.tasks.spawn(self.storage.shard.renew(), "lease")
        self.tasks.spawn(self.storage.beat(), "heartbeat")
        self.tasks.spawn(self.storage.keep_embedded(), "embedded")

    # --- building -----------------------------------------------------------------------------------------------

    async def _build_core(self) -> None:
        storage, shard = self.storage, self.storage.shard
        self.interactions = Interactions(storage.database)
        customers = Customers(storage.database)
        self.contexts = InteractionContexts(customers, self.interactions, Notes(storage.database), self.tasks, wall_us)
        self.meter = RoutingMeter(self.metrics, {})
        self.meter.restore(shard.image)
        self.contexts.prefers = self._prefers
        self.speaker = Speaker(self.meter, self.contexts)
        shard.committed = self.metrics.committed
        self.management = Management(self._files, storage.database, wall_us)
        policy = await self.management.load()
        self.current = self.management.current
        self.waits = WaitEstimates(policy)
        self.waits.restore(shard.image)
        self.pump: Pump = await shard.restore(policy, self.speaker, self._decided)
        settings, folder = self.settings, JournalFolder(self.settings.data_dir / "journal", SHARD)
        setup = Setup(storage.store_url, settings.database_url, SHARD, str(folder.path), settings.log_level)
        self.projection = RecordsProcess(setup, self._projected)
        position, days = (lambda: self.projection.position), settings.journal_days
        self.rotation = Rotation(shard.store, shard.lease, folder, position, unsettled=self.pump.unsettled, days=days)
        await self.rotation.begin(shard.restored_under, shard.restored_at)
        self.tasks.spawn(self.projection.run(), "projection")
        await self.projection.catch_up(shard.image.applied)
        new_id = interaction_ids(wall_us)
        self.journal = KeptJournal(shard.store, folder)
        await self.management.attach(self.pump, self.journal, shard.image, new_id, self.waits)
        self.speaker.attach_management(self.management.observe)

    async def _build_voice(self) -> None:
        storage, settings = self.storage, self.settings
        self.people = People(
            self.current, Accounts(storage.database), Phones(storage.database), REALM, serve_demo=settings.on_loopback
        )
        await self.people.make_demo_accounts(self.site, wall_us())
        self.engine = media_workers(settings, self.site.prompts_dir, storage.shard.lease.epoch, self._media_event)
        await self.engine.start()
        self.credentials = signalling.PhoneCredentials(await self.people.phone_secrets(self.site))
        self.ua = user_agent(settings, storage, self.credentials, self._certificate, self._sip_event)
        self._build_desk(storage)
        self.sdp = SdpPort(lambda: secrets.randbits(40))
        self.follow_ups = FollowUps(storage.database)
        self.messages = settings.data_dir / "messages"
        services = await ivr_services(
            self.current, self.engine, self.follow_ups, self.messages, self.contexts, self.tasks, self._stack
        )
        media = media_port.MediaPort(self.engine)
        self.lines = TrunkLines(self.current, self.ua)
        ports = VoicePorts(
            self.ua, media, self.sdp, self.pump, self.contexts, self.desk, services, self.lines, self.expected_wait
        )
        self._new_id = interaction_ids(wall_us)
        self.conductor = Conductor(self._voice_site(), ports, self.calls)
        self.lines.refused = self.conductor.call_failed
        self.desk.calls.call_back = CallBacks(
            self.follow_ups,
            self.interactions,
            self.contexts,
            self.pump,
            self.current,
            self.conductor.numbers.may_dial,
            lambda agent_id: self.desk.calls.availability(agent_id) == "free",
            node=storage.member.label,
            new_id=self._new_id,
            wall=wall_us,
        ).call
        self.current.on_change(self._follow)
        self._follow(self.site)

    def _build_desk(self, storage: Storage) -> None:
        board = self.pump.dispatcher
        self.reach = Reach(self.pump.tell, lambda agent_id: row.generation if (row := board.agent(agent_id)) else 0)
        self.sign_in = SignIn(Accounts(storage.database), Sessions(storage.database, self.settings.session_us))
        self.desk = Desk(
            self.pump,
            Cards(self.current),
            self.contexts,
            self.reach,
            self.sign_in,
            Notes(storage.database),
            self.tasks,
            wall_us,
        )
        sessions = itertools.count(1)
        self.hub = Hub(now=self.pump.now, new_session_id=lambda: f"{secrets.token_urlsafe(12)}-{next(sessions)}")

    async def _build_web(self) -> None:
        self.desk.attach(self.hub, self.conductor)
        self.speaker.attach(self.desk, self.conductor, self.projection)
        self._build_chats()
        self._build_reload()
        management = self.management
        self.metrics.watch_queues(management.board.gauges)
        self.metrics.watch_open(self.open_things)
        self.metrics.watch_alerts(management.alerts.counts)
        self.metrics.watch_sip(lambda: self.ua.counters)
        auth = GuardedSignIn(self.sign_in, self.people.login_allowed, ApiKeys(self.storage.database), self.desk.belongs)
        ports = Ports(
            auth=auth,
            interactions=self.interactions,
            customers=Customers(self.storage.database),
            board=management.board,
            scopes=management.scopes,
            supervision=management.supervision,
            explanations=Explainer(self.pump.dispatcher, Decisions(self.storage.database), PastDecisions(self.journal)),
            rules=management.rules,
            programs=management.programs,
            follow_ups=self.follow_ups,
            messages=self.messages,
            statistics=management.statistics,
            titles=Titles(management.site),
            alerts=management.alerts,
            audit=management.audit,
            deliveries=management.deliveries,
            health=Checks({"store": self._check_store, "media": self._check_media, "records": self._check_records}),
            metrics=self.metrics,
            now=wall_us,
            login_allowed=lambda _account: True,
        )
        tls = None if self._certificate is None else self._certificate.context
        media = media_port.MediaPort(self.engine)
        # The pages that may embed the widget may call from it: one list for both.
        may_connect = self.chats.endpoint.origins.may_connect
        calls = web_call_endpoint(self.current, self.conductor, media, self.pump, may_connect, self.address_of)
        watch = management.board_socket(auth, OriginPolicy())
        address = (self.settings.bind, self.settings.http_port)
        self.web = Web(
            ports,
            self.desk,
            self.hub,
            address,
            tls,
            calls,
            (*self.chats.routes(), *SiteApi(self.site_desk).routes(), *self._call_routes()),
            watch,
            self.address_of,
        )

    def _call_routes(self) -> tuple[Route, ...]:
        management = self.management
        monitoring = Monitoring(self.conductor, self.desk.calls, self.pump, management.audit, wall_us)
        targets = TransferTargets(self.current, management.board, self.desk.calls.availability)
        return (*CallsApi(monitoring, management.scopes).routes(), *TargetsApi(targets.of).routes())

    def _build_reload(self) -> None:
        followers = Followers(
            management=self.management,
            people=self.people,
            credentials=self.credentials,
            engine=self.engine,
            conductor=self.conductor,
            chats=self.chats,
            desk=self.desk,
            tasks=self.tasks,
        )
        self.site_desk = SiteDesk(Reloader(self.settings, self._files, followers, wall_us))
        self.control = Control(self.settings.data_dir, {"reload": self.site_desk.command})

    def _voice_site(self) -> VoiceSite:
        return voice_site(self.current, self.storage.member.label, self._new_id)

    def _follow(self, site: Site) -> None:
        """What is made from the site, made anew."""
        self.meter.targets = {name: queue.service_level.threshold_us for name, queue in site.queues.items()}
        self.conductor.site = self._voice_site()
        phones = {each.agent_id: each.sip_user if each.station == "sip" else "" for each in site.agents.values()}
        self.reach.follow(phones, self.ua.registered)

    def _build_chats(self) -> None:
        storage = self.storage
        estimates = WaitSeconds(self.expected_wait)
        parts = ChatParts(
            self.pump, self.contexts, self.desk, self.hub, storage.database, self.calls, estimates, self.address_of
        )
        self.chats = ChatService(
            self.current,
            self._files.chats,
            parts,
            node=storage.member.label,
            new_id=interaction_ids(wall_us),
            serve_demo=self.settings.on_loopback,
        )
        self.speaker.attach_chats(self.chats.execute)

    async def _begin(self) -> None:
        """From here on things happen: commits first, then the past is tidied, then the doors open."""
        storage = self.storage
        self.tasks.spawn(self.pump.run(), "pump")
        self.tasks.spawn(self.rotation.run(), "rotation")
        for label in await storage.register.lost(storage.member):
            await self.pump.post(NodeLost(label), "start")
            await storage.register.forget(label)
        self.management.begin(self.tasks)
        await self.chats.restore()
        await self.ua.start()
        self.lines.follow(self.site)
        self.current.on_change(self.lines.follow)
        await self.web.start()
        await self.control.start()
        # The long-lived objects are all there: keep the collector from walking them again and again.
        gc.collect()
        gc.freeze()

    async def _commit_the_rest(self) -> None:
        """So that the records have the last turns too. A store that is away must not hold up the end."""
        with suppress(TimeoutError, PumpClosedError):
            async with asyncio.timeout(LAST_COMMITS_S):
                await self.pump.drain()

    async def _leave(self) -> None:
        """Strikes this incarnation off, unless it failed: calls may stand in the rows, for the next start."""
        if hasattr(self, "storage") and self.failed is None:
            with suppress(StoreError):
                await self.storage.register.forget(self.storage.member.label)

    def open_things(self) -> dict[str, int]:
        """What is open now, for the metrics and for finding leaks."""
        pulses = self.engine.pulses
        return {
            **self.conductor.counts,
            **self.chats.counts,
            "sip_calls": self.ua.open_calls,
            "sip_transactions": self.ua.open_transactions,
            "sip_connections": self.ua.open_connections,
            "media_legs": sum(pulse.legs for pulse in pulses),
            "media_ports": sum(pulse.ports_in_use for pulse in pulses),
            "sdp_sides": len(self.sdp),
            "contexts": len(self.contexts),
            "tasks": len(self.tasks) + len(self.calls),
            "sockets": self.hub.counts.connections,
            "work": self.pump.dispatcher.open_work(),
            "pump_backlog": self.pump.backlog,
        }

    def expected_wait(self, work_id: str) -> int | None:
        """How long a waiting item is likely to wait from now, in microseconds; None while too little is known."""
        place = self.pump.place(work_id)
        estimate = self.waits.estimate_of(work_id, place) if place is not None else None
        return estimate.expected_us if estimate is not None else None

    def _decided(self, turn: Turn, elapsed_us: int) -> None:
        self.metrics.decided(elapsed_us)
        self.waits.observe(turn)

    def _prefers(self, queue: str) -> bool:
        rules = self.pump.dispatcher.policy.queues.get(queue)
        return rules is not None and rules.preferred_patience_us > 0

    def _check_store(self) -> str | None:
        if self.pump.away or self.pump.backlog > MAX_BACKLOG:
            return f"{self.pump.backlog} decisions wait for the store"
        return None

    def _check_media(self) -> str | None:
        return None if any(pid is not None for pid in self.engine.worker_pids) else "no media process is alive"

    def _check_records(self) -> str | None:
        behind = self.pump.sequence - self.projection.position
        return f"the records are {behind} turns behind" if behind > MAX_BACKLOG else None

    # --- events -------------------------------------------------------------------------------------------------

    def _sip_event(self, event: SipEvent) -> None:
        signalling.hand_over(event, self.conductor, self._phone_changed)

    def _media_event(self, event: MediaEvent) -> None:
        media_port.hand_over(event, self.conductor, _log_failed_leg)

    def _phone_changed(self, user: str, registered: bool) -> None:
        agent_id = self.reach.agent_of(user)
        if agent_id is not None:
            self.desk.phone_changed(agent_id, registered=registered)

    def _projected(self, position: int) -> None:
        self.metrics.journal_lag(max(0, self.pump.sequence - position))

    def _task_failed(self, name: str, _error: BaseException) -> None:
        self.metrics.task_failed(name.partition(":")[0])
        if name in VITAL:
            self.failed = name
            self._stop.set()


def _log_failed_leg(leg_id: str, reason: str) -> None:
    log.info("leg_failed", leg_id=leg_id, reason=reason)
