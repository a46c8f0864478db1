"""Errors say what is known of the outcome."""

import pytest
from redis.exceptions import BusyLoadingError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from store.errors import StoreError, StoreLost, StoreRefused, StoreUnable, redis_errors, refusal


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (RedisConnectionError("gone"), StoreLost),
        (RedisTimeoutError("late"), StoreLost),
        (BusyLoadingError("LOADING"), StoreLost),
        (ReadOnlyError("You can't write against a read only replica."), StoreLost),
        (OSError("no route"), StoreLost),
        (ResponseError("WRONGTYPE Operation against a key"), StoreRefused),
        (ResponseError("OOM command not allowed when used memory > 'maxmemory'."), StoreUnable),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), StoreUnable),
        (ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), StoreUnable),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), StoreUnable),
    ],
)
def test_errors_of_the_client_become_errors_of_the_store(raised: Exception, expected: type[StoreError]) -> None:
    with pytest.raises(expected) as got, redis_errors():
        raise raised
    assert type(got.value) is expected
    assert got.value.__cause__ is raised


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), redis_errors():
        raise KeyError("mine")


@pytest.mark.parametrize("word", ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "UNBLOCKED"])
def test_a_server_that_must_not_be_written_to_is_a_lost_one(word: str) -> None:
    assert type(refusal(f"{word} for some reason")) is StoreLost


def test_other_refusals_changed_nothing() -> None:
    assert type(refusal("ERR unknown command")) is StoreRefused


def test_a_connection_that_breaks_while_it_is_made_counts_as_lost() -> None:
    """uvloop raises RuntimeError there, which once ended a node (found by tests/failure)."""
    with pytest.raises(StoreLost), redis_errors():
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
    with pytest.raises(RuntimeError, match="another"), redis_errors():
        raise RuntimeError("another mistake")
