"""The pump: decided at once, committed in order, spoken only after the commit, and no waiter is forgotten."""

import asyncio

import pytest

from router import events as facts
from router.commands import Refuse
from router.errors import RoutingEndedError
from router.rows import Turn
from router.vocabulary import Medium
from server.core import pump as pump_module
from store.errors import Deposed, StoreLost, StoreRefused
from store.lease import InboxEntry
from tests.server.pump_rig import NOTE, Rig, work
from tests.waiting import until


async def test_it_decides_at_once_and_speaks_nothing_before_the_commit(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    rig.run()
    rig.pump.tell(work("w1"), "test")
    assert rig.pump.dispatcher.place("w1") == rig.pump.place("w1") == 1, "decided before any commit"
    assert rig.pump.backlog == 1
    await until(lambda: len(rig.committer.attempts) == 1)
    assert rig.prepared == [1], "made ready while the store works"
    assert (rig.committer.log, rig.decided) == ([], [])
    rig.pump.tell_decided()
    assert rig.decided == [1], "whoever asks for the account has it"
    rig.committer.gate.set()
    await rig.pump.drain()
    assert (rig.committer.log, rig.decided) == (["commit 1", "speak 1"], [1])
    turn = rig.committer.kept[0]
    assert (turn.sequence, turn.cause, turn.event) == (1, "test", work("w1"))
    assert [row.work_id for row in turn.changes.work] == ["w1"]


async def test_an_idle_store_is_told_before_the_teller_goes_on() -> None:
    rig = Rig()
    rig.committer.at_once = True
    rig.pump.tell(NOTE, "before it runs")
    assert rig.committer.attempts == []
    running = rig.run()
    await rig.pump.drain()
    rig.pump.tell(work("w1"), "idle")
    assert [turn.sequence for turn in rig.committer.attempts[-1]] == [2]
    assert rig.prepared == [2], "of a line of a story nothing is made ready"
    rig.pump.tell(work("w2"), "under way")
    assert rig.committer.attempts[-1][0].sequence == 2, "one at a time"
    await rig.pump.drain()
    assert rig.committer.log == ["commit 1", "speak 1", "commit 2", "speak 2", "commit 3", "speak 3"]
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_what_was_not_taken_at_once_is_committed_by_the_task_with_the_very_turns() -> None:
    rig = Rig()
    rig.committer.at_once, rig.committer.errors = True, [StoreLost("gone")]
    running = rig.run()
    assert await rig.pump.post(NOTE, "t") == ()
    assert [len(batch) for batch in rig.committer.attempts] == [1, 1, 1], "at once, by the task, and again"
    assert rig.committer.log == ["commit 1", "speak 1"]
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_a_commit_that_can_not_be_begun_ends_the_pump_and_not_who_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()

    def fail(*_: object) -> bool:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(rig.committer, "begin", fail)
    rig.committer.errors = [Deposed(1, 2)]
    running = rig.run()
    await until(lambda: rig.pump._running)
    rig.pump.tell(NOTE, "t")
    with pytest.raises(Deposed):
        await asyncio.wait_for(running, 30)
    assert rig.committer.log == []


async def test_a_post_returns_its_own_turns_commands_after_the_commit(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    rig.run()
    refused = asyncio.create_task(rig.pump.post(facts.WorkQueued("x", "x", Medium.VOICE, "gone"), "a"))
    taken = asyncio.create_task(rig.pump.post(work("w1"), "b"))
    await until(lambda: rig.pump.backlog == 2)
    assert not refused.done()
    rig.committer.gate.set()
    answers = await refused
    assert [type(answer) for answer in answers] == [Refuse]
    assert await taken == ()


async def test_what_gathers_during_a_commit_is_one_commit_in_order(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    rig.run()
    rig.pump.tell(NOTE, "first")
    await until(lambda: len(rig.committer.attempts) == 1)
    for number in range(2, 12):
        rig.pump.tell(facts.InteractionNoted("i", f"n{number}"), "more")
    rig.committer.gate.set()
    await rig.pump.drain()
    assert [len(batch) for batch in rig.committer.attempts] == [1, 10]
    assert [turn.sequence for turn in rig.committer.kept] == list(range(1, 12))
    assert [turn.now for turn in rig.committer.kept] == sorted(turn.now for turn in rig.committer.kept)
    spoken = [entry for entry in rig.committer.log if entry.startswith("speak")]
    assert spoken == [f"speak {number}" for number in range(1, 12)]
    assert rig.committer.log.index("speak 2") > rig.committer.log.index("commit 11"), "the whole group first"


async def test_drained_and_ended_mean_noted(rig: Rig) -> None:
    noted: list[int] = []

    def note(turn: Turn) -> None:
        noted.append(turn.sequence)
        raise RuntimeError("a mistake of ours")

    rig.on_note = note
    running = rig.run()
    rig.pump.tell(NOTE, "t")
    await rig.pump.drain()
    assert noted == [1]
    rig.pump.tell(NOTE, "t")
    rig.pump.close()
    await asyncio.wait_for(running, 30)
    assert noted == [1, 2]


async def test_who_drains_waits_for_no_later_turn(rig: Rig) -> None:
    rig.run()
    rig.pump.tell(NOTE, "t")
    drained = asyncio.create_task(rig.pump.drain())
    await until(lambda: rig.committer.attempts != [])
    gone = asyncio.create_task(rig.pump.drain())
    await asyncio.sleep(0)
    gone.cancel()
    rig.committer.gate = asyncio.Event()
    rig.pump.tell(NOTE, "later")
    await asyncio.wait_for(drained, 30)
    assert rig.pump.backlog == 1
    rig.committer.gate.set()
    await rig.pump.drain()


async def test_a_group_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "MAX_BATCH", 4)
    for _ in range(10):
        rig.pump.tell(NOTE, "t")
    rig.run()
    await rig.pump.drain()
    assert [len(batch) for batch in rig.committer.attempts] == [4, 4, 2]


async def test_what_came_by_the_inbox_leaves_it_with_the_commit_of_its_turn(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    rig.committer.errors = [StoreLost("gone")]
    rig.run()
    one, two, three = (InboxEntry(f"{number}-0", NOTE, f"n2.1/{number}") for number in (1, 2, 3))
    rig.pump.take_in(NOTE, "n2.1/1 t", one)
    await until(lambda: len(rig.committer.attempts) == 1)
    rig.pump.take_in(NOTE, "n2.1/2 t", two)
    rig.pump.tell(work("w1"), "t")
    rig.pump.take_in(NOTE, "n2.1/3 t", three)
    rig.committer.gate.set()
    await rig.pump.drain()
    assert rig.committer.inboxes[0] == [one]
    assert [taken for taken in rig.committer.inboxes if taken != [one]] == [[two, three]]
    await rig.pump.post(NOTE, "t")
    assert rig.committer.inboxes[-1] == []


async def test_the_sequence_goes_on_from_the_last_applied_one() -> None:
    rig = Rig(sequence=41)
    rig.run()
    await rig.pump.post(NOTE, "t")
    assert rig.committer.kept[0].sequence == rig.pump.sequence == 42
    rig.pump.close()
    await asyncio.wait_for(rig.task or asyncio.sleep(0), 30)


async def test_a_lost_store_is_tried_again_with_the_same_turns_and_loses_and_doubles_nothing(rig: Rig) -> None:
    rig.committer.errors = [StoreLost("gone"), StoreLost("gone"), StoreLost("gone")]
    rig.run()
    rig.pump.tell(NOTE, "a")
    await until(lambda: rig.pump.away)
    rig.pump.tell(facts.InteractionNoted("i", "menu"), "b")
    rig.pump.tell(facts.InteractionNoted("i", "digit"), "c")
    assert rig.committer.log == [], "nothing is spoken while the store is away"
    await rig.pump.drain()
    assert not rig.pump.away
    first = rig.committer.attempts[0]
    assert all(batch == first for batch in rig.committer.attempts[:4]), "a commit is idempotent by its very turns"
    assert [turn.sequence for turn in rig.committer.kept] == [1, 2, 3]
    assert [entry for entry in rig.committer.log if entry.startswith("speak")] == ["speak 1", "speak 2", "speak 3"]


@pytest.mark.parametrize("error", [Deposed(1, 2), StoreRefused("out of memory")])
async def test_a_deposed_owner_says_nothing_more_and_fails_who_waits(rig: Rig, error: Exception) -> None:
    rig.committer.gate = asyncio.Event()
    rig.committer.errors = [error]
    running = rig.run()
    waiting = [asyncio.create_task(rig.pump.post(NOTE, "t")) for _ in range(3)]
    draining = asyncio.create_task(rig.pump.drain())
    await until(lambda: bool(rig.committer.attempts))
    rig.committer.gate.set()
    with pytest.raises(type(error)):
        await asyncio.wait_for(running, 30)
    for task in (*waiting, draining):
        with pytest.raises(RoutingEndedError):
            await asyncio.wait_for(task, 30)
    assert rig.committer.log == []
    rig.pump.tell(NOTE, "late")
    assert rig.pump.sequence == 3, "nothing is decided any more"
    assert (rig.pump.failed, rig.pump.trouble) == (True, str(error)), "nobody takes it for an owner"
    with pytest.raises(RoutingEndedError):
        await rig.pump.post(NOTE, "late")
    with pytest.raises(RoutingEndedError):
        await rig.pump.drain()


async def test_a_cancelled_pump_fails_who_waits(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    running = rig.run()
    waiting = asyncio.create_task(rig.pump.post(NOTE, "t"))
    await until(lambda: bool(rig.committer.attempts))
    running.cancel()
    with pytest.raises(RoutingEndedError):
        await asyncio.wait_for(waiting, 30)


async def test_close_commits_what_is_pending_and_takes_no_more(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    running = rig.run()
    waiting = asyncio.create_task(rig.pump.post(NOTE, "t"))
    await until(lambda: bool(rig.committer.attempts))
    rig.pump.tell(NOTE, "second")
    rig.pump.close()
    rig.pump.tell(NOTE, "too late")
    assert not running.done()
    rig.committer.gate.set()
    await asyncio.wait_for(running, 30)
    assert await waiting == ()
    assert rig.committer.log == ["commit 1", "speak 1", "commit 2", "speak 2"]
    await rig.pump.drain()


async def test_closing_an_idle_pump_ends_it(rig: Rig) -> None:
    running = rig.run()
    await rig.pump.drain()
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_a_waiter_who_gave_up_harms_nobody(rig: Rig) -> None:
    rig.committer.gate = asyncio.Event()
    rig.run()
    gone = asyncio.create_task(rig.pump.post(NOTE, "t"))
    await until(lambda: bool(rig.committer.attempts))
    gone.cancel()
    rig.committer.gate.set()
    assert await rig.pump.post(NOTE, "t") == ()


async def test_an_effect_that_fails_stops_nobody(rig: Rig) -> None:
    def fail_first(turn: Turn) -> None:
        if turn.sequence == 1:
            raise RuntimeError("a mistake of ours")

    rig.on_speak = fail_first
    rig.run()
    assert await rig.pump.post(NOTE, "t") == ()
    assert await rig.pump.post(NOTE, "t") == ()
    assert rig.committer.log[-1] == "speak 2"


async def test_what_an_effect_posts_is_a_turn_of_its_own(rig: Rig) -> None:
    def once(turn: Turn) -> None:
        if turn.sequence == 1:
            rig.pump.tell(facts.InteractionNoted("i", "echo"), "effect")

    rig.on_speak = once
    rig.run()
    await rig.pump.post(NOTE, "t")
    await rig.pump.drain()
    assert [turn.cause for turn in rig.committer.kept] == ["t", "effect"]
    assert rig.committer.log == ["commit 1", "speak 1", "commit 2", "speak 2"]
