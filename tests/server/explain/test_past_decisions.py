"""Asking for past decisions: one process at a time, a bound on those who wait, and what goes wrong in it."""

import asyncio
from pathlib import Path

import pytest

from router.commands import SendOffer
from server.explain import past_decisions as module
from server.explain.past_decisions import BusyError, PastDecisions
from tests.server.bureau import bureau
from tests.server.explain.test_explanations import ready
from tests.waiting import until


async def test_those_who_come_when_too_many_ask_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    async with bureau(tmp_path) as office:
        await ready(office, "agent2")
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bureau(tmp_path) as office:
        await ready(office, "agent2")
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
