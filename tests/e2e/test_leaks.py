"""A hundred and fifty calls leave nothing behind (soak/ does it with a thousand)."""

import time
from pathlib import Path

import pytest

from tests.e2e.leaks import (
    Footprint,
    assert_files_closed,
    assert_memory_flat,
    assert_mixed,
    assert_nothing_left,
    many_calls,
    report,
)
from tests.e2e.office import Office
from tests.e2e.server import Server

CALLS = 150
WARM_UP = 40
RATE = 12


@pytest.mark.sipp
async def test_calls_that_end_at_random_moments_leave_nothing(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    before = await office.quiet()
    await many_calls(running_server, tmp_path, WARM_UP, RATE, seed=1)
    await office.quiet()
    start, began = Footprint.of(running_server), time.monotonic()
    await many_calls(running_server, tmp_path, CALLS, RATE, seed=2)
    took_s = time.monotonic() - began
    await assert_nothing_left(running_server, office, before, sip_s=0)
    end = Footprint.of(running_server)
    outcomes = assert_mixed(running_server, CALLS)
    print(report(CALLS, start, end, took_s), dict(outcomes))
    # Caches and the journal's last entries fill up; a thousand calls in soak/ show that it ends.
    assert_memory_flat(start, end, server_mib=12, media_mib=4)
    await assert_files_closed(running_server, start)
