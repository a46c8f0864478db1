"""A replica: the same turns give the same state, and what does not fit is an error at once."""

import pytest
from msgspec import structs
from msgspec.structs import replace

from router import events as facts
from router.dispatcher import Dispatcher
from router.events import Event
from router.policy import Policy
from router.rows import ShardImage, Turn
from router.vocabulary import Medium, Presence
from server.core.replica import JournalGapError, Replica, ReplicaDivergedError, settled_dispatcher
from store.codec import JournalEntry
from tests.router.world import Store
from tests.server.crew import POLICY

EVENTS: tuple[Event, ...] = (
    facts.AgentConnected("a0", 1, "n1.1"),
    facts.PresenceSet("a0", Presence.READY),
    facts.WorkQueued("w1", "i1", Medium.CHAT, "orders"),
    facts.OfferAccepted("w1.1", "a0"),
    facts.WorkQueued("w2", "i2", Medium.CHAT, "orders"),
)


class Owner:
    """A dispatcher with the rows and the journal that it makes."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(POLICY)
        self.rows = Store()
        self.journal: list[JournalEntry] = []

    def post(self, *events: Event) -> None:
        for event in events:
            number = len(self.journal) + 1
            commands = tuple(self.dispatcher.handle(event, number * 1000))
            self.rows.apply(self.dispatcher.drain_changes())
            self.journal.append(JournalEntry(number, number * 1000, "t", event, commands))

    def image(self) -> ShardImage:
        applied = len(self.journal)
        return structs.replace(self.rows.image("p1", applied * 1000), applied=applied)


async def loaded(owner: Owner) -> Replica:
    image = owner.image()

    async def rows() -> ShardImage | None:
        return image

    async def policy(_version: str) -> Policy:
        return POLICY

    replica = await Replica.load(rows, policy)
    assert replica is not None
    return replica


async def test_a_replica_goes_on_from_any_turn_as_the_owner_does() -> None:
    for joined in range(len(EVENTS) + 1):
        owner = Owner()
        owner.post(*EVENTS[:joined])
        replica = await loaded(owner)
        owner.post(*EVENTS[joined:])
        turns: list[Turn] = [replica.apply(entry) for entry in owner.journal[joined:]]
        assert [turn.commands for turn in turns] == [entry.commands for entry in owner.journal[joined:]]
        assert (replica.sequence, replica.clock) == (len(EVENTS), len(EVENTS) * 1000)
        replica.compare(owner.image())


async def test_a_gap_and_another_decision_are_errors() -> None:
    owner = Owner()
    replica = await loaded(owner)
    owner.post(*EVENTS)
    with pytest.raises(JournalGapError):
        replica.apply(owner.journal[1])
    for entry in owner.journal[:2]:
        replica.apply(entry)
    with pytest.raises(ReplicaDivergedError) as diverged:
        replica.apply(replace(owner.journal[2], commands=()))
    assert diverged.value.sequence == 3


async def test_rows_that_differ_are_found() -> None:
    owner = Owner()
    owner.post(*EVENTS)
    replica = await loaded(owner)
    image = owner.image()
    replica.compare(image)
    with pytest.raises(ReplicaDivergedError, match="work w1: recorded None"):
        replica.compare(structs.replace(image, work=image.work[:-1]))


def test_an_image_with_a_match_left_over_is_no_start() -> None:
    owner = Owner()
    owner.post(*EVENTS[:2])
    with_work = Owner()
    with_work.post(EVENTS[2])
    image = structs.replace(owner.image(), work=with_work.image().work)
    assert settled_dispatcher(POLICY, image) is None
    assert settled_dispatcher(POLICY, owner.image()) is not None


async def test_there_is_no_replica_of_a_shard_without_an_owner_or_rules() -> None:
    async def nothing() -> None:
        return None

    async def empty() -> ShardImage:
        return ShardImage((), (), (), None, 0, 0)

    async def policy(_version: str) -> Policy:
        raise AssertionError("nobody asks")

    assert await Replica.load(nothing, policy) is None
    assert await Replica.load(empty, policy) is None
