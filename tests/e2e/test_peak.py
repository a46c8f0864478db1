"""A small peak: more chats and calls at once than there is room for; nothing goes wrong. The large one is in soak/."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.leaks import Footprint, assert_files_closed, assert_nothing_left
from tests.e2e.office import Office
from tests.e2e.peak import Peak, assert_kept, at_work, peak_site, wave
from tests.e2e.server import Server

PEAK = Peak(chats=40, calls=10, agents={"phone": 2, "desk": 2, "both": 2}, limit_s=90)


@pytest.fixture
def peak_server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own: its records are this peak's only."""
    server = Server(tmp_path, peak_site(tmp_path, PEAK))
    try:
        yield server.start()
        assert server.interrupt() == 0
        assert server.errors() == []
    finally:
        server.close()


@pytest.mark.sipp
async def test_more_chats_and_calls_at_once_than_there_is_room_for(peak_server: Server, tmp_path: Path) -> None:
    async with Office(peak_server) as office:
        before, start = await office.quiet(), Footprint.of(peak_server)
        async with at_work(peak_server, PEAK) as pages:
            seen = await wave(peak_server, office, tmp_path, pages, PEAK, seed=3)
        await assert_nothing_left(peak_server, office, before, sip_s=0)
    print(await assert_kept(peak_server, PEAK, [seen]))
    await assert_files_closed(peak_server, start)
