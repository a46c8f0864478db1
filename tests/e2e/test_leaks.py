"""A hundred and fifty calls leave nothing behind (soak/ does it with a thousand)."""

from pathlib import Path

import pytest

from tests.e2e.leaks import assert_calls_leave_nothing
from tests.e2e.office import Office
from tests.e2e.server import Server


@pytest.mark.sipp
async def test_calls_that_end_at_random_moments_leave_nothing(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    # Caches and the journal's last entries fill up: 12 MiB. A thousand calls in soak/ show that it ends.
    await assert_calls_leave_nothing(
        running_server, office, tmp_path, warm_up=40, calls=150, rate=12, sip_s=0, server_mib=12
    )
