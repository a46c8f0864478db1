"""What only the owner of the shard does: records, journal files, the day and the hours, webhooks, programs' work."""

from server.core.member import ShardMember
from server.management import Management
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from server.persistence.records_process import RecordsProcess
from server.persistence.rotation import Rotation
from server.tasks import TaskOwner

# Without the records nothing of the owner's work is kept: it had better end.
PROJECTION = "projection"
ROTATION = "rotation"


class Duties:
    """`begin` where the node owns the shard from its start; `take_up` when it has taken it over."""

    def __init__(
        self,
        shard: ShardMember,
        folder: JournalFolder,
        projection: RecordsProcess,
        management: Management,
        tasks: TaskOwner,
        days: int,
    ) -> None:
        self._shard = shard
        self._folder = folder
        self._projection = projection
        self._management = management
        self._tasks = tasks
        self._days = days
        self.journal = KeptJournal(shard.store, folder)

    async def begin(self) -> None:
        """Before the first turn: the segment begins, and the records have what the journal has. Raises StoreError."""
        owner = self._shard.owner
        self._rotation = self._rotate()
        await self._rotation.begin(owner.restored_under, owner.restored_at)
        self._tasks.spawn(self._projection.run(), PROJECTION)
        await self._projection.catch_up(self._shard.image.applied)

    def go_on(self) -> None:
        """The pump runs."""
        self._tasks.spawn(self._rotation.run(), ROTATION, endless=True)
        self._tasks.spawn(self._management.own(self._tasks, self.journal, self._shard.last_us), "duties")

    def take_up(self) -> None:
        """In the middle: the segment that another owner began goes on."""
        self._tasks.spawn(self._projection.run(), PROJECTION)
        self._rotation = self._rotate()
        self._tasks.spawn(self._rotation.resume(), ROTATION, endless=True)
        self._tasks.spawn(self._management.own(self._tasks, self.journal, self._shard.last_us), "duties")

    def _rotate(self) -> Rotation:
        shard = self._shard
        return Rotation(
            shard.store,
            shard.owner.lease,
            self._folder,
            lambda: self._projection.position,
            unsettled=shard.pump.unsettled,
            days=self._days,
        )
