"""One node, whole: builds its parts, starts them in order, and stops them in the opposite one.

`core_part` decides and remembers, `voice_part` talks, `web_part` serves browsers and programs.
"""

import asyncio
import gc
from contextlib import AsyncExitStack, suppress

from config.settings import Settings
from config.site import Site
from config.whole import WholeSite
from server.collector import Collector
from server.core import member
from server.core_part import CorePart, build_core
from server.ground import Ground
from server.nodes.peer_door import PeerDoor
from server.nodes.peer_link import PeerLink
from server.nodes.peer_pages import PeerPages
from server.persistence.storage import Storage, open_storage
from server.spinning import spin
from server.tasks import TaskOwner
from server.voice_part import VoicePart
from server.web.forwarded import ClientAddress
from server.web.tls import certificate, renew
from server.web_part import WebPart
from store.errors import StoreError
from telemetry.metrics import Metrics

HANG_UP_GRACE_S = 3.0
# Tasks without which the node is of no use: when one of them fails, the node stops and says so.
VITAL = (*member.TASKS, "heartbeat", "projection", "embedded")


class Node:
    """`start`, then `wait`, then `stop`."""

    storage: Storage
    peers: PeerLink
    pages: PeerPages
    core: CorePart
    voice: VoicePart
    web: WebPart

    def __init__(self, settings: Settings, files: WholeSite) -> None:
        self.settings = settings
        self._files = files
        self.metrics = Metrics()
        self.tasks = TaskOwner(self._task_failed)
        self.calls = TaskOwner(self._task_failed)
        self.failed: str | None = None
        self._certificate = certificate(settings.tls_cert, settings.tls_key)
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self.door = PeerDoor()

    async def start(self) -> None:
        """Everything up and listening. Raises what makes it impossible, after taking down what was up."""
        try:
            self.storage = await open_storage(self.settings, self._stack)
            self._keep_storage()
            register = self.storage.register
            self.peers = PeerLink(self.storage.member.label, register.secret, register.addresses, self.tasks)
            self.pages = PeerPages(self.settings.base_url, register.pages, self.peers, self.tasks)
            ground = self._ground()
            self.core = await build_core(ground)
            self.voice = VoicePart(ground, self.core)
            await self.voice.build()
            self.web = WebPart(ground, self.core, self.voice)
            await self._begin(ground)
        except BaseException:
            await self.stop()
            raise

    @property
    def site(self) -> Site:
        """The site as it is now."""
        return self.core.current.site

    async def wait(self) -> None:
        """Returns when `request_stop` was called or a vital task failed (`failed` says which)."""
        await self._stop.wait()

    def request_stop(self) -> None:
        """For signal handlers."""
        self._stop.set()

    def reload(self) -> None:
        """For a signal handler: certificate and site are read again; what is bad is logged and not used."""
        renew(self._certificate)
        if hasattr(self, "web"):
            self.tasks.spawn(self.web.site_desk.hang_up(), "reload")

    async def stop(self) -> None:
        """Calls end, agents are told, everything decided is committed and recorded, then the stores close."""
        await self._stop_serving()
        if hasattr(self, "core"):
            await self.core.commit_the_rest()
            self.core.close()
        self.tasks.cancel_endless()
        # Nothing more is decided here: another node may go on before the records of this one are complete.
        if hasattr(self, "storage"):
            await self.storage.shard.release()
        await self.door.close()
        await self._leave()
        await self.tasks.aclose()
        await self._stack.aclose()

    async def _stop_serving(self) -> None:
        if self.failed is not None and hasattr(self, "web"):
            # Perhaps nothing is decided here any more: agents go to another node before calls have ended.
            await self.web.web.endpoint.aclose()
        if hasattr(self, "web"):
            await self.web.control.aclose()
            self.web.chats.close()
        if hasattr(self, "voice"):
            self.voice.close()
            await self.calls.aclose(HANG_UP_GRACE_S)
        if hasattr(self, "web"):
            await self.web.chats.aclose()
            await self.web.web.aclose()
        if hasattr(self, "voice"):
            await self.voice.aclose()

    def _ground(self) -> Ground:
        return Ground(
            settings=self.settings,
            files=self._files,
            storage=self.storage,
            metrics=self.metrics,
            tasks=self.tasks,
            calls=self.calls,
            certificate=self._certificate,
            address_of=ClientAddress(self.settings.trusted_proxies, self.settings.proxy_header),
            stack=self._stack,
            stop=self.request_stop,
            peers=self.peers,
            pages=self.pages,
        )

    def _keep_storage(self) -> None:
        """At once: however long the rest of the start takes, lease and heartbeat must not run out."""
        self.storage.shard.keep(self.tasks)
        self.tasks.spawn(self.storage.beat(), "heartbeat", endless=True)
        self.tasks.spawn(self.storage.keep_embedded(), "embedded", endless=True)

    async def _begin(self, ground: Ground) -> None:
        """From here on things happen: commits first, then the past is tidied, then the doors open."""
        await self.core.begin(ground)
        if self.settings.redis_url:
            await self._open_door()
        if self.core.pump.owning:
            await self.web.chats.restore()
        self.web.chats.look_after()
        await self.voice.listen()
        await self.web.start()
        # The long-lived objects are all there: keep the collector from walking them again and again.
        gc.collect()
        gc.freeze()
        shard = self.core.pump
        collector = Collector(lambda: (shard.sequence, self.web.web.visitors), lately=shard.decided_lately)
        self.tasks.spawn(collector.run(), "collector", endless=True)
        if self.settings.idle == "spin":
            self.tasks.spawn(spin(), "spin", endless=True)

    async def _open_door(self) -> None:
        """Other nodes on the same store watch it, and speak to this one."""
        settings, storage = self.settings, self.storage
        self.door.serve = self.peers.serve
        address = await self.door.open(settings.bind, settings.peer_port, settings.advertise)
        await storage.register.announce(storage.member, address)
        await storage.register.serve_pages(storage.member, settings.base_url)
        self.pages.begin()
        self.tasks.spawn(self.peers.run(), "peers", endless=True)

    async def _leave(self) -> None:
        """Strikes this incarnation off, unless it failed: calls may stand in the rows, for the next start."""
        if hasattr(self, "storage") and self.failed is None:
            with suppress(StoreError):
                await self.storage.register.forget(self.storage.member.label)

    def _task_failed(self, name: str, _error: BaseException) -> None:
        self.metrics.task_failed(name.partition(":")[0])
        if name in VITAL:
            self.failed = name
            self._stop.set()
