"""A thousand calls, a third of which hang up at random moments, leave nothing behind and memory flat."""

from pathlib import Path

import pytest

from tests.e2e.leaks import assert_calls_leave_nothing
from tests.e2e.office import Office
from tests.e2e.server import Server

# SIP keeps a finished INVITE for 32 s, and a BYE that nobody answers for 32 s more.
SIP_S = 70


@pytest.mark.sipp
@pytest.mark.timeout(600)
async def test_calls_that_end_at_random_moments_leave_nothing(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    await assert_calls_leave_nothing(
        running_server, office, tmp_path, warm_up=300, calls=1000, rate=9, sip_s=SIP_S, server_mib=8
    )
