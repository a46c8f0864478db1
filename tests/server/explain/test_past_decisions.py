"""Asking for past decisions: one process at a time, a bound on those who wait, and what goes wrong in it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.commands import SendOffer
from server.explain import past_decisions as module
from server.explain.past_decisions import BusyError, PastDecisions
from tests.server.bureau import Bureau, bureau
from tests.server.explain.test_explanations import ready
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path_factory.mktemp("past")) as office:
        await ready(office, "agent2")
        yield office


async def test_those_who_come_when_too_many_ask_are_refused(office: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    work = await office.submit("first_chat")
    await office.node.core.projection.drained()
    past = PastDecisions(office.node.core.journal)
    (turn,) = [
        entry.sequence
        for entry in await office.node.core.journal.read_journal(0, 500)
        if any(isinstance(one, SendOffer) for one in entry.commands)
    ]
    first = asyncio.create_task(past.find(work["work_id"], [turn], 9))
    await until(lambda: past.asking == 1)
    with pytest.raises(BusyError):
        await past.find(work["work_id"], [turn], 9)
    assert [one.agent_id for one in await first] == ["agent2"]


async def test_a_replay_that_takes_too_long_or_fails_finds_nothing(
    office: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = await office.submit("first_chat")
    past = PastDecisions(office.node.core.journal)
    last = office.node.core.pump.sequence
    monkeypatch.setattr(module, "LIMIT_S", 0.001)
    assert await past.find(work["work_id"], [last], 9) == ()
    monkeypatch.setattr(module, "LIMIT_S", 60)
    heads = await office.node.storage.shard.store.heads()
    for after in heads:
        await office.node.storage.shard.store.keep_head(after, b"damaged")
    assert await past.find(work["work_id"], [last], 9) == ()
    assert past.asking == 0
