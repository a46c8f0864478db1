"""kill -9 of server, media worker and Valkey in turn, thirty times at random moments under load."""

from pathlib import Path

import pytest

from tests.e2e.kills import assert_kills_lose_nothing

ROUNDS = 30
SEED = 7


@pytest.mark.sipp
@pytest.mark.timeout(1800)
async def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await assert_kills_lose_nothing(tmp_path, ROUNDS, SEED)
