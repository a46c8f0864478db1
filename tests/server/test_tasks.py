"""Background tasks: named, guarded, and all ended."""

import asyncio

import pytest
from structlog.testing import capture_logs

from server.tasks import TaskOwner
from tests.waiting import until


async def forever() -> None:
    await asyncio.Event().wait()


async def soon() -> None:
    await asyncio.sleep(0)


async def test_tasks_have_names_and_are_forgotten_when_they_end() -> None:
    owner = TaskOwner()
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    owner.spawn(wait(), "b")
    owner.spawn(wait(), "a")
    assert (len(owner), owner.names) == (2, ["a", "b"])
    gate.set()
    await until(lambda: len(owner) == 0)
    assert owner.failures == 0


async def test_a_failure_is_counted_and_told_and_harms_no_other() -> None:
    told: list[tuple[str, str]] = []
    owner = TaskOwner(lambda name, error: told.append((name, str(error))))

    async def fail() -> None:
        raise RuntimeError("no")

    owner.spawn(forever(), "other")
    owner.spawn(fail(), "bad")
    await until(lambda: bool(told))
    assert told == [("bad", "no")]
    assert (owner.failures, owner.names) == (1, ["other"])
    await owner.aclose(0)


async def test_cancelling_by_name_is_no_failure() -> None:
    told: list[str] = []
    owner = TaskOwner(lambda name, _error: told.append(name))
    owner.spawn(forever(), "a")
    owner.spawn(forever(), "b")
    owner.cancel("a")
    owner.cancel("unknown")
    await until(lambda: owner.names == ["b"])
    await owner.aclose(0)
    assert (told, len(owner), owner.failures) == ([], 0, 0)


async def test_closing_waits_for_what_ends_by_itself_and_for_what_it_spawns() -> None:
    owner = TaskOwner()
    done: list[str] = []

    async def second() -> None:
        await asyncio.sleep(0.01)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0.01)
        owner.spawn(second(), "second")
        done.append("first")

    owner.spawn(first(), "first")
    await owner.aclose(5)
    assert done == ["first", "second"]
    await until(lambda: len(owner) == 0)


async def test_closing_cancels_what_does_not_end_and_what_that_spawns() -> None:
    owner = TaskOwner()

    async def stubborn() -> None:
        try:
            await forever()
        finally:
            owner.spawn(forever(), "child")

    owner.spawn(stubborn(), "parent")
    await asyncio.sleep(0)
    await asyncio.wait_for(owner.aclose(0.01), 30)
    await until(lambda: len(owner) == 0)


async def test_a_task_may_close_its_own_owner() -> None:
    owner = TaskOwner()
    other = owner.spawn(forever(), "other")

    async def close() -> None:
        await owner.aclose(0)

    await asyncio.wait_for(owner.spawn(close(), "closer"), 30)
    with pytest.raises(asyncio.CancelledError):
        await other
    assert owner.failures == 0
    owner.spawn(soon(), "later")
    await owner.aclose()


async def test_nobody_waits_for_what_is_endless_and_what_is_cut_off_is_named() -> None:
    owner = TaskOwner()
    owner.spawn(forever(), "beat", endless=True)
    with capture_logs() as logs:
        await owner.aclose(60)
    assert logs == []
    owner.spawn(forever(), "stuck")
    with capture_logs() as logs:
        await owner.aclose(0)
    assert [(line["event"], line["tasks"]) for line in logs] == [("tasks_cut_off", ["stuck"])]


async def test_a_cancellation_that_got_lost_is_said_again() -> None:
    owner, lost = TaskOwner(), asyncio.Event()

    async def deaf_once() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            lost.set()
        await forever()

    owner.spawn(deaf_once(), "deaf")
    await asyncio.sleep(0)
    await asyncio.wait_for(owner.aclose(0), 30)
    assert lost.is_set()
    assert len(owner) == 0
