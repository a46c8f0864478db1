"""The part of a node that browsers and programs reach: the API, the pages, the sockets, and visitors' chats."""

from collections.abc import Iterable

from http_api.app import Ports
from http_api.calls_api import CallsApi
from http_api.chat_files_api import ChatFilesApi
from http_api.chats_api import ChatsApi
from http_api.guidance_api import GuidanceApi
from http_api.help_api import HelpApi
from http_api.nodes_api import NodesApi
from http_api.notes_api import NotesApi
from http_api.own_replies_api import OwnRepliesApi
from http_api.profiles_api import ProfilesApi
from http_api.recordings_api import RecordingsApi
from http_api.routes import Route
from http_api.shards_api import ShardsApi
from http_api.site_api import SiteApi
from http_api.targets_api import TargetsApi
from http_api.what_if_api import WhatIfApi
from records.api_keys import ApiKeys
from records.decisions import Decisions
from records.own_replies import OwnReplies
from server.calls import media_port
from server.calls.bans import Bans
from server.calls.floor_calls import FloorCalls
from server.calls.monitoring import Monitoring
from server.calls.recording_desk import RecordingDesk
from server.calls.web_calls import web_call_endpoint
from server.chats.chat_monitoring import ChatMonitoring
from server.chats.chat_service import ChatParts, ChatService, WaitSeconds
from server.clock import wall_us
from server.commands.control import Command, Control
from server.core_part import CorePart
from server.desks.customer_desk import CustomerDesk
from server.desks.customer_news import CustomerNews
from server.desks.follow_up_news import FollowUpNews
from server.desks.guidance import guidance_of
from server.desks.note_desk import NoteDesk
from server.desks.target_watch import TargetWatch
from server.desks.targets import TransferTargets
from server.desks.titles import Titles
from server.draining import Draining
from server.explain.explanations import Explainer
from server.explain.past_decisions import PastDecisions
from server.floor.board import Checks
from server.floor.what_if import WhatIf
from server.ground import Ground
from server.ids import interaction_ids
from server.nodes.node_desk import NodeDesk, NodeState
from server.nodes.shard_desk import ShardDesk, sums_of
from server.reload import Followers, Reloader
from server.site_desk import SiteDesk
from server.voice_part import VoicePart
from server.web.port import GuardedSignIn, Web
from store.lease import ShardHead


class WebPart:
    """`start` opens the doors; the node closes `control`, `chats` and `web` each in its turn."""

    def __init__(self, ground: Ground, core: CorePart, voice: VoicePart) -> None:
        self._ground = ground
        self._core = core
        self._voice = voice
        self.chats = self._build_chats()
        core.speaker.attach_chats(self.chats.observe, self.chats.execute)
        self.site_desk = SiteDesk(Reloader(ground.settings, ground.files, self._followers(), wall_us))
        bans = Bans(voice.ua)
        self.draining = self._build_draining()
        commands: dict[str, Command] = {
            "reload": self.site_desk.command,
            "drain": self.draining.command,
            "bans": bans.show,
            "lift-bans": bans.lift,
        }
        self.control = Control(ground.settings.data_dir, commands)
        self._watch()
        self.web = self._build_web()

    async def start(self) -> None:
        """Listens, and takes commands on the control socket."""
        self._ground.tasks.spawn(self.chats.keeper.run(), "chat_files")
        await self.web.start()
        await self.control.start()

    def _build_draining(self) -> Draining:
        """Callers, visitors and agents are sent elsewhere; programs' work is anybody's."""
        conductor, chats = self._voice.conductor, self.chats.conductor

        def shut() -> None:
            conductor.draining = chats.draining = True
            self.web.endpoint.drain()
            self._voice.moved_calls.leave()
            if self._ground.peers.reached:
                self.chats.endpoint.send_away()
                self.chats.guests.close()

        def open_here() -> int:
            # Visitors take their chats along; one whose visitor is away is taken up by the shard's owner.
            others = bool(self._ground.peers.reached)
            left = chats.directory.watched if others else chats.counts["chats"]
            return conductor.counts["calls"] + conductor.counts["far_calls"] + left

        limit_s = self._ground.settings.drain_s
        return Draining((shut,), open_here, self._voice.desk, self._ground.stop, limit_s, self._voice.hand_over)

    def open_things(self) -> dict[str, int]:
        """What is open now, for the metrics and for finding leaks."""
        voice, core, ground = self._voice, self._core, self._ground
        pulses = voice.engine.pulses
        return {
            **voice.conductor.counts,
            **self.chats.counts,
            "sip_calls": voice.ua.open_calls,
            "sip_transactions": voice.ua.open_transactions,
            "sip_connections": voice.ua.open_connections,
            "media_legs": sum(pulse.legs for pulse in pulses),
            "recordings": len(voice.recorder),
            "media_ports": sum(pulse.ports_in_use for pulse in pulses),
            "sdp_sides": len(voice.sdp),
            "contexts": len(core.contexts),
            "tasks": len(ground.tasks) + len(ground.calls),
            "sockets": voice.hub.counts.connections,
            "work": core.pump.dispatcher.open_work(),
            "pump_backlog": core.pump.backlog,
        }

    def _watch(self) -> None:
        metrics, management = self._ground.metrics, self._core.management
        metrics.watch_queues(management.board.gauges)
        metrics.watch_open(self.open_things)
        metrics.watch_alerts(management.alerts.counts)
        metrics.watch_sip(lambda: self._voice.ua.counters)

    def _build_web(self) -> Web:
        ground, core, voice = self._ground, self._core, self._voice
        auth = GuardedSignIn(
            voice.sign_in,
            voice.people.login_allowed,
            ApiKeys(ground.storage.database),
            voice.desk.belongs,
            core.management.wallboards,
            voice.hub.signed_out,
        )
        # The pages that may embed the widget may call from it: one list for both.
        may_connect = self.chats.endpoint.origins.may_connect
        media = media_port.MediaPort(voice.engine)
        return Web(
            self._ports(auth),
            voice.desk,
            voice.hub,
            (ground.settings.bind, ground.settings.http_port),
            None if ground.certificate is None else ground.certificate.context,
            web_call_endpoint(core.current, voice.conductor, media, core.pump, may_connect, ground.address_of),
            (
                *self.chats.routes(),
                *SiteApi(self.site_desk).routes(),
                *NodesApi(self._nodes()).routes(),
                *ShardsApi(self._shards()).routes(),
                *self._call_routes(),
                *core.management.routes(),
                *self._what_if_routes(),
            ),
            core.management.board_socket(auth, ground.pages),
            ground.address_of,
            ground.pages,
        )

    def _ports(self, auth: GuardedSignIn) -> Ports:
        ground, core, voice, management = self._ground, self._core, self._voice, self._core.management
        decisions = Decisions(ground.storage.database)
        checks = {
            "store": core.check_store,
            "media": voice.check_media,
            "records": core.check_records,
            "drain": self.draining.check,
        }
        return Ports(
            auth=auth,
            interactions=core.interactions,
            customers=core.customers,
            board=management.board,
            scopes=management.scopes,
            supervision=management.supervision,
            explanations=Explainer(core.pump.dispatcher, decisions, PastDecisions(core.journal)),
            rules=management.rules,
            programs=management.programs,
            follow_ups=voice.follow_ups,
            messages=voice.messages,
            statistics=management.statistics,
            titles=Titles(management.site),
            alerts=management.alerts,
            audit=management.audit,
            deliveries=management.deliveries,
            health=Checks(checks),
            metrics=ground.metrics,
            now=wall_us,
        )

    def _recordings_api(self) -> RecordingsApi:
        voice, management = self._voice, self._core.management
        desk = RecordingDesk(
            voice.recordings_dir,
            voice.recordings,
            voice.kept,
            voice.conductor.recorded,
            voice.desk.calls.live,
            management.audit,
            wall_us,
        )
        return RecordingsApi(desk, management.scopes, Titles(management.site), management.audit, wall_us)

    def _call_routes(self) -> tuple[Route, ...]:
        core, voice, management = self._core, self._voice, self._core.management
        monitoring = Monitoring(voice.listening_desk, voice.desk.calls, core.pump, management.audit, wall_us)
        self.chat_monitoring = ChatMonitoring(
            self.chats.homes,
            self.chats.live,
            core.current,
            core.pump,
            management.audit,
            voice.desk.calls.helped,
            wall_us,
        )
        self.chats.live.changed = management.feed.attach("chats", self.chats.live)
        voice.desk.calls.help.changed = management.feed.attach("help", voice.desk.calls.help)
        voice.desk.calls.help.attach(self._ground.peers)
        targets = TransferTargets(core.current, management.board, voice.desk.calls.availability)
        watch = voice.desk.targets = voice.desk.news.targets = TargetWatch(targets.of, voice.hub.send)
        core.current.on_change(lambda _site: watch.refresh())
        calls = FloorCalls(voice.desk.calls.live)
        calls.changed = management.feed.attach("calls", calls)
        voice.far_desk.changed = calls.touch
        self._follow_up_news()
        guidance = GuidanceApi(lambda: guidance_of(core.current.site))
        return (
            *CallsApi(monitoring, management.scopes).routes(),
            *ChatsApi(self.chat_monitoring, management.scopes).routes(),
            *HelpApi(voice.desk.calls.help, management.scopes).routes(),
            *TargetsApi(targets.of).routes(),
            *self._recordings_api().routes(),
            *guidance.routes(),
            *OwnRepliesApi(OwnReplies(self._ground.storage.database), wall_us).routes(),
            *ChatFilesApi(self.chats.agent_files, core.interactions, management.scopes).routes(),
            *ProfilesApi(self._customers(), core.interactions, management.scopes).routes(),
            *NotesApi(self._notes(), core.interactions, management.scopes).routes(),
        )

    def _follow_up_news(self) -> None:
        ground, voice = self._ground, self._voice
        news = FollowUpNews(voice.follow_ups, self._core.current, voice.desk.pages, voice.hub.send, ground.peers)
        news.changed = self._core.management.feed.attach("follow_ups", news)
        voice.follow_ups.changed = news.note
        ground.tasks.spawn(news.run(), "follow_ups", endless=True)

    def _what_if_routes(self) -> tuple[Route, ...]:
        shard, core, management = self._ground.storage.shard, self._core, self._core.management
        self.what_if = WhatIf(
            shard.store,
            None,
            lambda: core.pump.dispatcher.policy,
            management.overlay,
            management.site,
            management.statistics,
            management.demands,
            core.pump.now,
            wall_us,
        )
        return WhatIfApi(self.what_if, management.plans, management.scopes).routes()

    def _nodes(self) -> NodeDesk:
        ground, voice = self._ground, self._voice

        def state() -> NodeState:
            return NodeState(
                "draining" if self.draining.begun else "up",
                "owner" if self._core.pump.owning else "follower",
                voice.conductor.counts["calls"],
                self.chats.counts["chats"],
                len(voice.desk.pages()),
            )

        alive, audit = ground.storage.register.alive, self._core.management.audit
        return NodeDesk(ground.peers, alive, state, self.draining.command, ground.tasks, audit, wall_us)

    def _shards(self) -> ShardDesk:
        ground, core, site = self._ground, self._core, self._core.current
        board = core.pump.dispatcher

        async def pages_of(shard: str) -> Iterable[str]:
            return (await ground.storage.register_of(shard).pages()).values()

        async def head_of(shard: str) -> ShardHead:
            return await ground.storage.shard.store.beside(shard).head()

        desk = ShardDesk(
            ground.settings.shard,
            self._voice.links,
            ground.peers,
            lambda: sums_of(board, site.site, core.check_store() or ""),
            lambda: site.site.routing.elsewhere,
            pages_of,
            head_of,
            ground.tasks,
        )
        site.on_change(desk.follow)
        return desk

    def _customers(self) -> CustomerDesk:
        core = self._core
        news = CustomerNews(core.pump.dispatcher, core.interactions, self._voice.hub.send)
        core.contexts.here_again = news.opened
        return CustomerDesk(self._ground.storage.database, core.management.audit, news, wall_us)

    def _notes(self) -> NoteDesk:
        core, hub = self._core, self._voice.hub
        return NoteDesk(self._ground.storage.database, core.pump.dispatcher, lambda: core.current.site, hub, wall_us)

    def _followers(self) -> Followers:
        voice = self._voice
        return Followers(
            management=self._core.management,
            people=voice.people,
            credentials=voice.credentials,
            engine=voice.engine,
            conductor=voice.conductor,
            chats=self.chats,
            desk=voice.desk,
            tasks=self._ground.tasks,
        )

    def _build_chats(self) -> ChatService:
        ground, core, voice = self._ground, self._core, self._voice
        parts = ChatParts(
            core.pump,
            core.contexts,
            voice.desk,
            voice.hub,
            ground.storage.database,
            ground.calls,
            WaitSeconds(core.expected_wait),
            ground.address_of,
            ground.settings.data_dir / "files",
            ground.peers,
            core.pump.store.senders,
            lambda: core.pump.owning,
            ground.pages,
            ground.settings.shard,
            voice.links,
            voice.follow_ups,
        )
        return ChatService(
            core.current,
            ground.files.chats,
            parts,
            node=ground.storage.member.label,
            new_id=interaction_ids(wall_us),
            serve_demo=ground.settings.on_loopback,
        )
