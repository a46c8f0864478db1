"""kill -9 of server, media worker and Valkey in turn, thirty times at random moments under load."""

from pathlib import Path

import pytest

from tests.e2e.kills import assert_all_closed, rounds
from tests.e2e.server import Server
from tests.e2e.site import make_site

ROUNDS = 30
SEED = 7


@pytest.mark.sipp
@pytest.mark.timeout(1800)
async def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = Server(tmp_path, make_site(tmp_path, wrap_up_s=3, offer_timeout_s=3))
    try:
        server.start()
        await rounds(server, tmp_path, ROUNDS, SEED)
        await assert_all_closed(server)
    finally:
        server.close()
