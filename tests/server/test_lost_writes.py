"""Members of a shard whose store loses writes: it is put back to an earlier state, or comes back empty."""

import asyncio
import contextlib
import gc
import random
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from router import events as facts
from router.vocabulary import OfferState
from server.core.intake import Intake
from server.core.member import Role
from server.core.shard import ShardOwner
from store.connection import open_store
from store.errors import StoreLost
from store.keys import shard_keys
from store.lease import InboxEntry, Request
from store.shard import RedisShardStore
from tests.ports import free_port
from tests.redis_sites import Process, watched
from tests.server.core.test_member import chat, ready, something, storm
from tests.server.crew import POLICY, Crew, Crewman, crew_of
from tests.valkey import started_server
from tests.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """A store that is killed leaves connections that were being made; no later test is to hear of them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Forgetful:
    """A server that can be brought back as it was at `save`, or empty: as a replica that was behind, or had nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: Process
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = started_server(self._folder, self.port)

    def save(self) -> None:
        with Redis(port=self.port) as redis:
            redis.save()

    def go_back(self) -> None:
        """To the last `save`."""
        self.kill()
        self.start()

    def empty(self) -> None:
        """Nothing of it is left, not even the functions."""
        self.kill()
        (self._folder / "dump.rdb").unlink(missing_ok=True)
        self.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Forgetful]:
    made = Forgetful(tmp_path / "server")
    try:
        yield made
    finally:
        made.kill()


async def known(crew: Crew) -> None:
    """The owner has seen who is there, as it does every second."""
    labels = {man.member.member.label for man in crew.all}
    await until(lambda: labels <= crew.all[0].member.sweeper.alive, "the owner knows all nodes")


async def working(crew: Crew) -> None:
    """The second serves an agent, and customers come at the others."""
    ready(crew.all[1], "a0")
    await crew.all[1].member.drain()
    for number, man in enumerate(crew.all[::2]):
        assert await man.member.post(chat(f"w{number}"), "t")


async def busy(crew: Crew) -> None:
    """Some turns have been made from now on."""
    owner, goal = crew.all[0].member, crew.all[0].member.sequence + 30
    await until(lambda: owner.sequence > goal, "it is busy")


async def goes_on(*men: Crewman) -> None:
    """What the agent held they hold still, each has one offer, and work that comes in is decided."""
    held = men[-1].member.dispatcher.reservations_of("a0")
    assert [row.state for row in held] == [OfferState.OFFERED, OfferState.OFFERED]
    for row in held:
        assert await men[-1].member.post(facts.OfferAccepted(row.reservation_id, "a0"), "t")
    assert await men[0].member.post(chat("late"), "t") is not None


@pytest.mark.parametrize("empty", [False, True], ids=["earlier", "empty"])
async def test_the_owner_puts_the_store_back_and_nothing_that_was_acknowledged_is_gone(
    store: Forgetful, shard: str, empty: bool
) -> None:
    async with crew_of(store.url, shard, 3, lease_us=3_000_000) as crew:
        await known(crew)
        store.save()
        await working(crew)
        await crew.alike(*crew.all)
        before = crew.all[0].member.sequence
        (store.empty if empty else store.go_back)()
        await goes_on(*crew.all)
        await crew.alike(*crew.all)
        owner = crew.all[0].member
        assert owner.owning
        head = await owner.store.head()
        assert (head.owner, head.applied > before) == (owner.member.label, True)
        journal = [entry.sequence for entry in await owner.store.read_journal(0, 1_000)]
        assert journal == list(range(1, head.applied + 1))
        assert [man.failed for man in crew.all] == [[], [], []]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_under_way_when_the_store_loses_it_is_decided_once(
    store: Forgetful, shard: str, seed: int
) -> None:
    """Each request of each node makes one turn, in that node's order, though inbox, journal and rows went back."""
    rng = random.Random(seed)
    async with crew_of(store.url, shard, 3, lease_us=3_000_000) as crew:
        await known(crew)
        for round_number in range(3):
            posted = asyncio.create_task(storm(crew.all, seed * 100 + round_number, 150))
            await busy(crew)
            if rng.random() < 0.7:
                store.save()
            await posted
            (store.empty if rng.random() < 0.3 else store.go_back)()
        await crew.alike(*crew.all)
        journal = await crew.all[0].member.store.read_journal(0, 5_000)
        assert len({entry.sequence for entry in journal}) == len(journal)
        assert sum(entry.cause.endswith("storm") for entry in journal) == 450
        for man in crew.all[1:]:
            mark = f"{man.member.member.label}/"
            numbers = [int(entry.cause[len(mark) :].split()[0]) for entry in journal if entry.cause.startswith(mark)]
            assert numbers == list(range(1, len(numbers) + 1))


async def test_a_follower_whose_owner_went_with_the_writes_puts_them_back(store: Forgetful, shard: str) -> None:
    async with crew_of(store.url, shard, 3, lease_us=800_000) as crew:
        await known(crew)
        store.save()
        await working(crew)
        await crew.alike(*crew.all)
        owner, *others = crew.all
        await owner.die()
        store.empty()
        await until(lambda: any(man.member.owning for man in others), "a follower takes over", 20)
        await goes_on(*others)
        await crew.alike(*others)


async def test_a_quiet_owner_finds_out_with_its_next_renewal(store_url: str, shard: str) -> None:
    """Its last commit went to a master that was given up: no connection breaks after that, and nothing is decided."""
    keys = shard_keys(shard)
    async with crew_of(store_url, shard, 2, lease_us=1_500_000) as crew:
        await crew.all[1].member.post(chat("first"), "t")  # nobody is offered it: no deadline brings a turn
        await crew.alike(*crew.all)
        with Redis.from_url(store_url) as redis:
            before = {key: redis.dump(key) for key in (keys.journal, keys.work)}
            applied = crew.all[0].member.sequence
            await crew.all[0].member.post(chat("last"), "t")
            await crew.alike(*crew.all)
            last = crew.all[0].member.sequence
            async with asyncio.timeout(30):
                with redis.pipeline() as lost:
                    for key, dumped in before.items():
                        lost.restore(key, 0, dumped, replace=True)
                    lost.hset(keys.head, "applied", applied)
                    lost.execute()
                while int(redis.hget(keys.head, "applied") or 0) < last:
                    await asyncio.sleep(0.01)
        await crew.alike(*crew.all)
        journal = [entry.sequence for entry in await crew.all[0].member.store.read_journal(0, 1_000)]
        assert journal == list(range(1, crew.all[0].member.sequence + 1))
        assert crew.all[0].member.owning


class Tail:
    """The inbox as it is read on a connection that finds the new master later than others do."""

    def __init__(self, store: RedisShardStore) -> None:
        self.store = store

    async def read_inbox(self, after: str, limit: int, block_ms: int | None = None) -> list[InboxEntry]:
        return await self.store.read_inbox(after, limit, block_ms)


async def test_what_another_node_left_at_the_new_master_stays_there_until_it_is_read(
    store: Forgetful, store_url: str, shard: str
) -> None:
    """It stands under an earlier id than what the owner has still read at the old one, and commits at the new one."""
    async with contextlib.AsyncExitStack() as stack:
        stores = []
        for url in (store.url, store_url):
            connection = await open_store(url)
            stack.push_async_callback(connection.aclose)
            stores.append(RedisShardStore(connection, shard))
        new, old = stores
        owner = await ShardOwner.claim(new, "n1.1", 60_000_000)
        pump = await owner.restore(POLICY, lambda _turn: None, lambda _turn, _us: None)
        running = asyncio.create_task(pump.run())
        for place, label, name in ((new, "n2.1", "w2"), (old, "n3.1", "w3")):
            await place.enrol(label)
            await place.forward(label, 1, [Request("t", chat(name))])
        tail = Tail(old)
        intake = Intake(tail)
        await intake.feed(pump)
        await pump.drain()
        tail.store = new
        intake.begin_again()  # as after any break
        await intake.feed(pump)
        await pump.drain()
        causes = [entry.cause for entry in await new.read_journal(0, 100)]
        assert causes == ["start", "n3.1/1 t", "n2.1/1 t"]
        assert await new.read_inbox("", 10) == []
        pump.close()
        await asyncio.wait_for(running, 30)


async def test_a_failover_beneath_a_crew_loses_nothing_that_was_acknowledged(tmp_path: Path, shard: str) -> None:
    """Sentinels promote a replica while everybody posts; a commit waits for no replica here, memory makes up for it."""
    with watched(tmp_path / "site") as site:
        async with crew_of(site.url, shard, 2, lease_us=3_000_000) as crew:
            posted = asyncio.create_task(storm(crew.all, 7, 300))
            await busy(crew)
            site.master[0].kill()
            await posted
            await until(lambda: bool(site.promoted()), "the replica is promoted", 30)
            await crew.alike(*crew.all)
            journal = await crew.all[0].member.store.read_journal(0, 5_000)
            assert sum(entry.cause.endswith("storm") for entry in journal) == 300
            assert [entry.sequence for entry in journal] == list(range(1, len(journal) + 1))


@contextlib.asynccontextmanager
async def steadily(crew: Crew) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Everybody posts all the time; gives what ends that, and how many events it were."""
    rng, told, ended = random.Random(11), 0, asyncio.Event()

    async def posting() -> None:
        nonlocal told
        while not ended.is_set():
            man = rng.choice(crew.all)
            told += 1
            man.member.tell(something(man, rng, told), "storm")
            await asyncio.sleep(0.005)

    async def end() -> int:
        ended.set()
        await task
        return told

    task = asyncio.create_task(posting(), name="posting")
    try:
        yield end
    finally:
        await end()


async def alike_with(crew: Crew, told: int, master: int) -> None:
    """The first owns the shard as ever, nobody failed, and each event is one turn of what `master` has."""
    await crew.alike(*crew.all)
    with Redis(port=master) as redis:
        applied = int(redis.hget(shard_keys(crew.shard).head, "applied") or 0)
    assert applied == crew.all[0].member.sequence, "what everybody has is at another master"
    journal = await crew.all[0].member.store.read_journal(0, 100_000)
    assert sum(entry.cause.endswith("storm") for entry in journal) == told
    assert [entry.sequence for entry in journal] == list(range(1, len(journal) + 1))


async def test_a_master_that_was_given_up_and_lives_makes_no_second_owner(tmp_path: Path, shard: str) -> None:
    """A node that joins meanwhile finds the new master, where the lease would run out if its owner were not there."""
    with watched(tmp_path / "site") as site:
        async with crew_of(site.url, shard, 2, lease_us=2_000_000) as crew:
            await known(crew)
            async with steadily(crew) as end:
                await busy(crew)
                before = (await crew.all[0].member.store.head()).epoch
                await asyncio.to_thread(site.give_up)
                (new,) = site.promoted()
                ran_out = lease_at(new, shard)
                await hired(crew)
                await until(lambda: lease_at(new, shard) > ran_out + 2_000_000, "somebody has the lease there")
                told = await end()
            await alike_with(crew, told, new)
            head = await crew.all[0].member.store.head()
            assert (head.owner, head.epoch) == (crew.all[0].member.member.label, before)


async def test_a_master_that_stands_still_until_another_is_promoted_ends_no_node(tmp_path: Path, shard: str) -> None:
    """Not as long as the lease. Nothing breaks the connections to it but what the sentinels say; then it goes on."""
    with watched(tmp_path / "site", down_after_ms=2500) as site:
        async with crew_of(site.url, shard, 3, lease_us=60_000_000) as crew:
            await known(crew)
            async with steadily(crew) as end:
                await busy(crew)
                old = await asyncio.to_thread(site.pause_master)
                await until(lambda: site.leads() != old, "another one leads", 60)
                site.wake(old)
                await busy(crew)
                told = await end()
            await alike_with(crew, told, *site.promoted())
            assert crew.all[0].member.owning


async def test_a_master_that_stands_still_for_longer_than_the_lease_leaves_one_owner(
    tmp_path: Path, shard: str
) -> None:
    """Whoever is first at the new one: the owner there is only another one when the former has ended."""
    with watched(tmp_path / "site", down_after_ms=2500) as site:
        async with crew_of(site.url, shard, 3, lease_us=1_000_000) as crew:
            await known(crew)
            async with steadily(crew) as end:
                await busy(crew)
                old = await asyncio.to_thread(site.pause_master)
                await until(lambda: site.leads() != old, "another one leads", 60)
                site.wake(old)
                master = site.leads()
                ran_out = lease_at(master, shard)
                await until(lambda: lease_at(master, shard) > ran_out + 2_000_000, "somebody has the lease there", 30)
                await end()
            await until(lambda: [man.member.owning for man in living(crew)].count(True) == 1, "one of them owns it", 30)
            for man in living(crew):
                assert await man.member.post(chat(f"late at {man.member.member.label}"), "t") is not None
            await crew.alike(*living(crew))
            journal = await living(crew)[0].member.store.read_journal(0, 100_000)
            assert [entry.sequence for entry in journal] == list(range(1, len(journal) + 1))


def living(crew: Crew) -> list[Crewman]:
    """Who has not ended, and is not about to."""
    return [man for man in crew.all if not man.failed and (man.member.owning or man.member.role is Role.FOLLOWER)]


async def hired(crew: Crew) -> None:
    """One more. Sentinels that are short of a processor hold the new master for down at times: then once more."""
    async with asyncio.timeout(60):
        while True:
            try:
                await crew.hire()
            except StoreLost:
                await asyncio.sleep(0.1)
            else:
                return


def lease_at(port: int, shard: str) -> int:
    """When the lease runs out, as that server has it, in microseconds."""
    with Redis(port=port) as redis:
        return int(redis.hget(shard_keys(shard).head, "until") or 0)
