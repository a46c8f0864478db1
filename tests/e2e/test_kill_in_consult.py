"""kill -9 while several people are in one call: no leg, call or reservation stays behind."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.e2e.kept import assert_journal_and_records_agree
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.e2e.test_transfers import scene
from tests.e2e.waiting import wait_until
from tools.call.agent import RefusedError


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own, whose media worker may die."""
    server = Server(tmp_path, make_site(tmp_path, wrap_up_s=3, offer_timeout_s=6))
    try:
        server.start()
        yield server
        assert server.interrupt() == 0
    finally:
        server.close()


@pytest.mark.parametrize("conference", [False, True])
async def test_kill_9_of_the_media_worker(mortal_server: Server, tmp_path: Path, conference: bool) -> None:
    server = mortal_server
    async with Office(server) as office, scene(server, tmp_path) as s:
        caller, one, first = await s.begin("killed-1")
        two = await s.enter("agent2")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, queue="after_sales", warm=True))
        second = (await two.take()).reservation_id
        while not any(party.agent == "agent2" and party.state == "here" for party in (await two.until(m.Call)).parties):
            pass
        if conference:
            await one.ask(m.Conference(ref=one.ref(), reservation_id=first))
        server.child("media.worker").kill()
        async with asyncio.timeout(30):
            await caller.ended.wait()
        await one.finish(first)
        await two.finish(second)

        async def legs_are_back() -> bool:
            with suppress(RefusedError):
                for agent in (one, two):
                    await agent.reopen_leg()
                return True
            return False

        await wait_until(legs_are_back, 30, "a new worker takes the agents' legs")
        assert (await office.interaction("killed-1"))["record"]["outcome"] == "handled"
        await office.quiet()
    await assert_journal_and_records_agree(server)
