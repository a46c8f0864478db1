"""The part of a node that decides and remembers: the pump over the shard, the site as it is, journal and records."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from records.customers import Customers
from records.interactions import Interactions
from records.meetings import Meetings
from router.dispatcher import Dispatcher
from router.errors import RoutingEndedError
from router.estimates import WaitEstimates
from router.rows import Turn
from server.clock import wall_us
from server.core.member import ShardMember
from server.core.speaker import Speaker
from server.current import CurrentSite
from server.desks.contexts import InteractionContexts
from server.duties import ROTATION, Duties
from server.floor.alert_nodes import AlertNodes
from server.floor.board import MAX_BACKLOG
from server.ground import Ground
from server.ids import interaction_ids
from server.management import Management
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from server.persistence.records_process import RecordsProcess
from server.persistence.records_worker import Setup
from telemetry.routing import RoutingMeter

LAST_COMMITS_S = 3.0


@dataclass(slots=True)
class CorePart:
    """Made by `build_core`. `begin` when every part is there; `commit_the_rest`, then `close`, at the end."""

    pump: ShardMember
    interactions: Interactions
    customers: Customers
    contexts: InteractionContexts
    meter: RoutingMeter
    speaker: Speaker
    management: Management
    current: CurrentSite
    waits: WaitEstimates
    projection: RecordsProcess
    duties: Duties

    @property
    def journal(self) -> KeptJournal:
        """The journal as it is kept: files of this node, and the store."""
        return self.duties.journal

    async def begin(self, ground: Ground) -> None:
        """Turns are committed or followed from now on; work of nodes that are gone is closed first."""
        self.management.begin(ground.tasks)
        self.pump.on_own.append(self.duties.take_up)
        await self.pump.begin()
        if self.pump.owning and not ground.tasks.runs(ROTATION):
            self.duties.go_on()

    async def commit_the_rest(self) -> None:
        """So that the records have the last turns too. A store that is away must not hold up the end."""
        with suppress(TimeoutError, RoutingEndedError):
            async with asyncio.timeout(LAST_COMMITS_S):
                await self.pump.drain()

    def close(self) -> None:
        """No more events; the tasks end when what is pending is done."""
        self.pump.close()
        self.projection.close()
        self.management.close()

    def expected_wait(self, work_id: str) -> int | None:
        """How long a waiting item is likely to wait from now, in microseconds; None while too little is known."""
        self.pump.tell_decided()
        place = self.pump.place(work_id)
        estimate = self.waits.estimate_of(work_id, place) if place is not None else None
        return estimate.expected_us if estimate is not None else None

    def check_store(self) -> str | None:
        """What is wrong with the commits, or None."""
        if self.pump.trouble or self.pump.backlog > MAX_BACKLOG:
            return f"{self.pump.backlog} decisions wait for the store: {self.pump.trouble or 'it is slow'}"
        return None

    def check_records(self) -> str | None:
        """What is wrong with the records, or None."""
        if not self.pump.owning:
            return None  # they are the owner's
        behind = self.pump.sequence - self.projection.position
        return f"the records are {behind} turns behind" if behind > MAX_BACKLOG else None


async def build_core(ground: Ground) -> CorePart:
    """Restored from the rows, with the records as far as the journal goes; nothing is committed yet."""
    storage, settings, metrics = ground.storage, ground.settings, ground.metrics
    shard, database = storage.shard, storage.database
    interactions, customers = Interactions(database), Customers(database)
    contexts = InteractionContexts(customers, interactions, Meetings(database), ground.tasks, wall_us)
    meter = RoutingMeter(metrics, {})
    meter.restore(shard.image.work, shard.image.reservations)
    speaker = Speaker(meter, contexts)
    shard.committed = metrics.committed
    management = Management(ground.files, database, wall_us, settings.shard)
    policy = await management.load()
    waits = WaitEstimates(policy)
    waits.restore(shard.image)

    def decided(turn: Turn, elapsed_us: int) -> None:
        if shard.owning:
            metrics.decided(elapsed_us)
        waits.observe(turn)

    await shard.restore(policy, speaker, decided, speaker.note, speaker.prepare)
    contexts.prefers = lambda queue: _prefers(shard.dispatcher, queue)
    speaker.owning = management.owning = lambda: shard.owning
    folder = JournalFolder(settings.data_dir / "journal", settings.shard)
    setup = Setup(storage.store_url, settings.database_url, settings.shard, str(folder.path), settings.log_level)
    projection = RecordsProcess(setup)
    metrics.watch_journal(lambda: max(0, shard.sequence - projection.position) if shard.owning else 0)
    shard.on_own.append(lambda: _take_up(meter, shard.dispatcher))
    duties = Duties(shard, folder, projection, management, ground.tasks, settings.journal_days)
    if shard.owning:
        await duties.begin()
    await management.attach(shard, duties.journal, shard.image, interaction_ids(wall_us), waits, projection.save)
    AlertNodes(ground.peers, shard.store.head, management.alerts)
    management.board.customer_of = lambda interaction: next(filter(None, contexts.caller(interaction)), "")
    speaker.attach_management(management.observe, management.follow)
    return CorePart(
        pump=shard,
        interactions=interactions,
        customers=customers,
        contexts=contexts,
        meter=meter,
        speaker=speaker,
        management=management,
        current=management.current,
        waits=waits,
        projection=projection,
        duties=duties,
    )


def _prefers(dispatcher: Dispatcher, queue: str) -> bool:
    rules = dispatcher.policy.queues.get(queue)
    return rules is not None and rules.preferred_patience_us > 0


def _take_up(meter: RoutingMeter, dispatcher: Dispatcher) -> None:
    """A node that follows counts nothing: what is open is counted from now on."""
    works = dispatcher.works()
    meter.restore(works, [held for row in works for held in dispatcher.holders(row.work_id)])
