"""300 chats and 60 calls at once, wave after wave: nothing lost or doubled, nobody over capacity, memory flat."""

import time
from pathlib import Path

import pytest

from tests.e2e.leaks import Footprint, assert_files_closed, assert_memory_flat, assert_nothing_left, report
from tests.e2e.office import Office
from tests.e2e.peak import Peak, assert_kept, at_work, peak_site, wave
from tests.e2e.server import Server

PEAK = Peak(chats=300, calls=60, agents={"phone": 20, "desk": 20, "both": 20}, limit_s=120)
# Caches fill, and what cut connections leave waits for the collector's next full pass.
WARM_UP = 4
MEASURED = 3


@pytest.mark.sipp
@pytest.mark.timeout(1200)
async def test_three_hundred_chats_and_sixty_calls_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path, peak_site(tmp_path, PEAK))
    try:
        server.start(ready_s=120)
        async with Office(server) as office:
            before, base = await office.quiet(), Footprint.of(server)
            async with at_work(server, PEAK) as pages:
                waves = [await wave(server, office, tmp_path, pages, PEAK, seed) for seed in range(WARM_UP)]
                start, began = Footprint.of(server), time.monotonic()
                seeds = range(WARM_UP, WARM_UP + MEASURED)
                waves += [await wave(server, office, tmp_path, pages, PEAK, seed) for seed in seeds]
                end, took_s = Footprint.of(server), time.monotonic() - began
            await assert_nothing_left(server, office, before, sip_s=70)
            await assert_files_closed(server, base)
        print(report((PEAK.chats + PEAK.calls) * MEASURED, start, end, took_s, of="chats and calls"))
        print(await assert_kept(server, PEAK, waves))
        assert_memory_flat(start, end, server_mib=6, media_mib=2)
        assert server.interrupt() == 0
        assert server.errors() == []
    finally:
        server.close()
