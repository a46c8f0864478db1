"""Work of programs in a house whose queue takes chats: a crash between keeping and queueing, and after the accept."""

import asyncio
import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from http_api.supervision_api import Refused
from http_api.work_api import CustomerRef, NewWork, Submitted
from records.accounts import Role
from records.customers import Customers
from records.projector import Projector
from records.sessions import Caller
from records.submissions import Submission, Submissions, body_hash
from records.tables import submissions
from router.errors import RoutingEndedError
from router.events import (
    AgentConnected,
    AssignmentConnected,
    InteractionClosed,
    OfferAccepted,
    PresenceSet,
    WorkCancelled,
    WorkQueued,
)
from router.vocabulary import Medium, OfferState, Presence
from server.clock import wall_us
from server.ids import interaction_ids
from server.web.programs import Programs
from tests.server.house import House, built
from tests.server.sites import agent

CRM = Caller("key:crm", Role.API, None, 0)
ATTEMPT_US = 1_500_000
WORK = NewWork(medium="chat", queue="orders", channel="shop", customer=CustomerRef("shop", "7"), data={"subject": "x"})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    anna = agent("anna", capacity={"chat": 1})
    async with built(tmp_path / "house", [anna], medium=Medium.CHAT) as made:
        yield made


def programs(house: House, *, observing: bool = True) -> Programs:
    customers, submissions = Customers(house.database), Submissions(house.database)
    recorded = Projector(house.database).position
    made = Programs(house.pump, submissions, customers, interaction_ids(wall_us), wall_us, recorded, ATTEMPT_US)
    if observing:
        house.speaker.attach_management(made.observe, made.follow)
    return made


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (NewWork(medium="chat", queue="nowhere", channel="shop"), "unknown_queue"),
        (NewWork(medium="email", queue="orders", channel="shop"), "wrong_medium"),
    ],
)
async def test_what_no_queue_takes_leaves_the_key_free(house: House, work: NewWork, code: str) -> None:
    made = programs(house)
    assert await made.submit(CRM, work, "k", b"x") == Refused(code, _any_message(code, work))
    assert isinstance(await made.submit(CRM, WORK, "k", b"y"), Submitted)
    assert len(house.told(WorkQueued)) == 1


def _any_message(code: str, work: NewWork) -> str:
    return f"there is no queue {work.queue}" if code == "unknown_queue" else "queue orders takes chat, not email"


async def test_a_request_that_was_kept_but_not_queued_is_queued_by_its_repeat(house: House) -> None:
    kept = Submission(
        work_id="api-1", interaction_id="i1", submitter="key:crm", idempotency_key="k", body_hash=body_hash(b"x"), at=1
    )
    await Submissions(house.database).begin(kept)
    for _ in range(2):
        assert await programs(house).submit(CRM, WORK, "k", b"x") == Submitted("api-1", "i1")
    assert [event.work_id for event in house.told(WorkQueued)] == ["api-1"]
    (customer,) = await Customers(house.database).find("7", "shop")
    assert customer


async def test_begin_joins_what_was_accepted_before_the_crash(house: House) -> None:
    made = programs(house, observing=False)
    done = await made.submit(CRM, WORK, None, b"")
    assert isinstance(done, Submitted)
    for event in (
        AgentConnected("anna", 2**60),
        PresenceSet("anna", Presence.READY),
        OfferAccepted(f"{done.work_id}.1", "anna"),
    ):
        await house.pump.post(event, "test")
    assert house.state(f"{done.work_id}.1") is OfferState.ACCEPTED  # nobody observed the turns, as in a crash
    made.begin()
    await house.pump.drain()
    assert house.told(AssignmentConnected) == [AssignmentConnected(f"{done.work_id}.1")]
    made.observe(house.turns[-1])
    assert house.told(InteractionClosed) == []


async def test_a_repeat_finds_what_was_queued_and_is_over(house: House) -> None:
    """The node that queued it died before it said so, and the item was handled before its program asked again."""
    done = await programs(house).submit(CRM, WORK, "k", b"x")
    assert isinstance(done, Submitted)
    await _unconfirmed(house, done.work_id)
    await house.pump.post(WorkCancelled(done.work_id, by="sup"), "test")
    assert house.pump.dispatcher.work(done.work_id) is None
    assert await programs(house).submit(CRM, WORK, "k", b"x") == done
    assert len(house.told(WorkQueued)) == 1
    kept = await Submissions(house.database).of_work(done.work_id)
    assert kept is not None
    assert kept.queued


async def test_a_repeat_finds_what_is_still_open(house: House) -> None:
    done = await programs(house).submit(CRM, WORK, "k", b"x")
    assert isinstance(done, Submitted)
    await _unconfirmed(house, done.work_id)
    assert await programs(house).submit(CRM, WORK, "k", b"x") == done
    assert len(house.told(WorkQueued)) == 1
    assert house.told(InteractionClosed) == []


async def test_a_repeat_is_not_told_of_what_is_decided_and_may_never_be_committed(house: House) -> None:
    """As at an owner that was deposed while the store was silent: its memory has the item, nobody else does."""
    made = programs(house)
    first = await made.submit(CRM, WORK, "k", b"x")
    assert isinstance(first, Submitted)
    await _unconfirmed(house, first.work_id)
    house.pump.close()
    assert house.pump.dispatcher.work(first.work_id) is not None
    with pytest.raises(RoutingEndedError):
        await made.submit(CRM, WORK, "k", b"x")


async def test_an_attempt_that_comes_late_is_made_anew_and_closes_nothing(house: House) -> None:
    """A node that was paused between keeping and queueing wakes up, and nobody has asked again."""
    made, queue = programs(house), Programs._queue

    async def late(self: Programs, kept: Submission, work: NewWork) -> Refused | None:
        while self._pump.now() <= kept.at + ATTEMPT_US:
            await asyncio.sleep(0.01)
        object.__setattr__(made, "_queue", functools.partial(queue, made))
        return await queue(self, kept, work)

    object.__setattr__(made, "_queue", functools.partial(late, made))
    done = await made.submit(CRM, WORK, "k", b"x")
    assert isinstance(done, Submitted)
    assert house.pump.dispatcher.work(done.work_id) is not None
    assert len(house.told(WorkQueued)) == 2, "the first was refused"
    assert house.told(InteractionClosed) == []


async def _unconfirmed(house: House, work_id: str) -> None:
    """As if the node had died before it confirmed."""
    async with house.database.write() as connection:
        await connection.execute(update(submissions).where(submissions.c.work_id == work_id).values(queued=False))


async def test_an_owner_closes_what_the_one_before_it_left(house: House) -> None:
    """The owner died between the end of the work and the end of the interaction (found by tests/failure)."""
    follower = programs(house, observing=False)
    house.speaker.attach_management(follower.observe, functools.partial(follower.follow, owning=False))
    done = await follower.submit(CRM, WORK, None, b"")
    assert isinstance(done, Submitted)
    await house.pump.post(WorkCancelled(done.work_id, by="sup"), "test")
    assert house.told(InteractionClosed) == []
    other = programs(house)  # it starts cold: it has followed nothing
    async with asyncio.timeout(30):
        await other.close_left(house.pump.sequence)
    await house.pump.drain()
    closed = InteractionClosed(done.interaction_id, "cancelled")
    assert house.told(InteractionClosed) == [closed]
    follower.begin()  # and one that has followed knows
    await house.pump.drain()
    assert house.told(InteractionClosed) == [closed, closed]
