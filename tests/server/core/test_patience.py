"""What is away is waited for; a mistake is not."""

import pytest

from server.core.patience import patiently
from store.errors import StoreCorrupt, StoreLost


async def test_it_is_done_again_until_it_is_done() -> None:
    failures: list[Exception] = [StoreLost("gone"), OSError("refused")]

    async def step() -> int:
        if failures:
            raise failures.pop(0)
        return 7

    assert await patiently(step, "test", 0.001) == 7
    assert failures == []


async def test_what_does_not_pass_is_raised() -> None:
    async def step() -> None:
        raise StoreCorrupt("not a turn")

    with pytest.raises(StoreCorrupt):
        await patiently(step, "test", 0.001)
