"""A lease is a value: what was taken stays what it was."""

from dataclasses import FrozenInstanceError, replace

import pytest

from store.lease import Lease

LEASE = Lease(owner="a", epoch=3, lease_ms=2000, now_us=5, applied=7, clock=4)


def test_a_lease_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        LEASE.epoch = 4  # type: ignore[misc]
    assert replace(LEASE, epoch=4).epoch == 4
    assert LEASE.epoch == 3
