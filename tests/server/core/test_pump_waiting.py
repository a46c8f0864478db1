"""What the pump lets wait (lines of a story, the account, who has left) and what it does not."""

import asyncio

import pytest

from router import events as facts
from router.commands import CloseWork, EndWrapUp, Refuse, SendOffer
from router.vocabulary import EndedBy, Medium
from server.core import account as account_module
from server.core import pump as pump_module
from tests.server.pump_rig import NOTE, Rig, work
from tests.waiting import until


async def test_what_only_keeps_account_comes_later_for_many_turns_and_at_once_for_who_drains(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_module, "ACCOUNT_S", 3_600)
    noted: list[int] = []
    rig.on_note = lambda turn: noted.append(turn.sequence)
    rig.run()
    await rig.pump.post(work("w1"), "t")
    await rig.pump.post(NOTE, "t")
    assert rig.committer.log == ["commit 1", "speak 1", "commit 2", "speak 2"]
    assert noted == [], "whoever posted goes on before"
    await rig.pump.drain()
    assert noted == [1, 2]
    for _ in range(account_module.ACCOUNT_TURNS):
        rig.pump.tell(NOTE, "more")
    rig.pump.tell(work("w2"), "t")
    await until(lambda: len(noted) == 3 + account_module.ACCOUNT_TURNS)


async def test_turns_that_nobody_waits_for_are_noted_in_time(rig: Rig) -> None:
    noted: list[int] = []
    rig.on_note = lambda turn: noted.append(turn.sequence)
    rig.run()
    for number in (1, 2):
        rig.pump.tell(work(f"w{number}"), "t")
        await until(lambda: noted == list(range(1, number + 1)))  # noqa: B023 - waited for in this round


async def test_lines_of_a_story_are_committed_with_the_next_turn_or_in_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.run()
    await until(lambda: rig.pump._running)
    opened = facts.InteractionOpened("i", "line", Medium.VOICE, "4000", "n.1")
    for event in (opened, NOTE, facts.InteractionClosed("i", "left_in_ivr")):
        rig.pump.tell(event, "t")
    assert rig.committer.attempts == []
    rig.pump.tell(work("w1"), "t")
    await until(lambda: "speak 4" in rig.committer.log)
    assert [[turn.sequence for turn in batch] for batch in rig.committer.attempts] == [[1, 2, 3, 4]]
    rig.pump.tell(NOTE, "t")
    await until(lambda: "speak 5" in rig.committer.log)
    rig.on_speak = lambda turn: rig.pump.tell(NOTE, "effect") if turn.sequence == 6 else None
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    await rig.pump.post(work("w2"), "t")
    await asyncio.sleep(0)
    assert rig.pump.backlog == 1, "what was told while others were spoken waits too"
    await rig.pump.drain()
    assert rig.committer.log[-2:] == ["commit 7", "speak 7"]


async def test_a_story_has_its_own_time_and_not_what_was_left_of_the_one_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.run()
    await until(lambda: rig.pump._running)

    def armed() -> bool:
        return rig.pump._late is not None

    rig.pump.tell(NOTE, "t")
    assert armed()
    await rig.pump.post(work("w1"), "t")
    assert not armed(), "it went with the other one"
    monkeypatch.setattr(pump_module, "LATER_S", 0)
    rig.pump.tell(NOTE, "t")
    await until(lambda: "speak 3" in rig.committer.log)
    assert not armed()


async def test_that_two_were_joined_or_parted_is_committed_with_the_next_turn_or_in_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    (accepted,) = [row.reservation_id for row in rig.pump.dispatcher.holders("w1")]
    await rig.pump.post(facts.OfferAccepted(accepted, "anna"), "t")
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    before = len(rig.committer.attempts)
    rig.pump.tell(facts.AssignmentConnected(accepted), "t")
    rig.pump.tell(facts.AssignmentEnded(accepted, EndedBy.CUSTOMER), "t")
    assert (len(rig.committer.attempts), rig.pump.backlog) == (before, 2)
    await rig.pump.post(work("w2"), "t")
    assert [len(batch) for batch in rig.committer.attempts[before:]] == [3], "in one commit, in order"
    assert [type(turn.event).__name__ for turn in rig.committer.kept[-3:-1]] == [
        "AssignmentConnected",
        "AssignmentEnded",
    ]
    await rig.pump.drain()
    before = len(rig.committer.attempts)
    rig.pump.tell(facts.CustomerLeft("w2"), "t")
    assert len(rig.committer.attempts) == before, "nobody was asked to take them"
    monkeypatch.setattr(pump_module, "LATER_S", 0)
    rig.pump.tell(facts.AssignmentConnected(accepted), "too late for anything")
    await rig.pump.drain()


async def test_an_offer_is_taken_away_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    rig.pump.tell(facts.CustomerLeft("w1"), "t")
    await until(lambda: rig.pump.backlog == 0)


async def test_who_parts_and_is_offered_somebody_else_for_it_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    rig = Rig(wrap_up_us=0)
    running = rig.run()
    await rig.ready_agent()
    for name in ("w1", "w2"):
        await rig.pump.post(work(name), "t")
    (first,) = [row.reservation_id for row in rig.pump.dispatcher.holders("w1")]
    await rig.pump.post(facts.OfferAccepted(first, "anna"), "t")
    await rig.pump.post(facts.AssignmentConnected(first), "t")
    rig.pump.tell(facts.AssignmentEnded(first, EndedBy.CUSTOMER), "t")
    await until(lambda: rig.pump.backlog == 0)
    assert [row.agent_id for row in rig.pump.dispatcher.holders("w2")] == ["anna"]
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def wrapping_up(rig: Rig) -> str:
    """The agent has talked with a customer and wraps up; returns the reservation."""
    rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    (reservation,) = [row.reservation_id for row in rig.pump.dispatcher.holders("w1")]
    await rig.pump.post(facts.OfferAccepted(reservation, "anna"), "t")
    await rig.pump.post(facts.AssignmentConnected(reservation), "t")
    await rig.pump.post(facts.AssignmentEnded(reservation, EndedBy.CUSTOMER), "t")
    return reservation


async def test_who_finishes_wrap_up_is_free_at_once_and_told_with_the_next_turn_or_in_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = facts.WrapUpFinished(await wrapping_up(rig), "anna", "sold")
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    before = len(rig.committer.attempts)
    answer = asyncio.create_task(rig.pump.post(finished, "page"))
    await until(lambda: rig.pump.backlog == 1)
    assert [type(command) for command in await rig.pump.post(work("w2"), "t")] == [SendOffer]
    assert [type(command) for command in await answer] == [EndWrapUp, CloseWork]
    assert [len(batch) for batch in rig.committer.attempts[before:]] == [2], "in one commit, in order"
    monkeypatch.setattr(pump_module, "LATER_S", 0)
    assert [type(command) for command in await rig.pump.post(finished, "page")] == [Refuse]


async def test_whoever_waits_for_the_agent_who_finishes_wrap_up_waits_for_nothing_else(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = facts.WrapUpFinished(await wrapping_up(rig), "anna", "sold")
    await rig.pump.post(work("w2"), "t")
    monkeypatch.setattr(pump_module, "LATER_S", 3_600)
    assert SendOffer in [type(command) for command in await rig.pump.post(finished, "page")]


async def test_a_turn_was_decided_lately_for_a_moment(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run()
    assert not rig.pump.decided_lately()
    monkeypatch.setattr(pump_module, "LATELY_US", 3_600_000_000)
    rig.pump.tell(NOTE, "t")
    assert rig.pump.decided_lately()
    monkeypatch.setattr(pump_module, "LATELY_US", 1)
    await until(lambda: not rig.pump.decided_lately())


async def test_notes_go_with_the_next_turn_and_do_not_wait_for_one_for_long(rig: Rig) -> None:
    note = facts.InteractionNoted("i", "digit", ())
    rig.run()
    rig.pump.tell(note, "test")
    rig.pump.tell(note, "test")
    await rig.pump.post(work("w1"), "test")
    assert [len(batch) for batch in rig.committer.attempts] == [3]
    rig.pump.tell(note, "test")
    await until(lambda: len(rig.committer.kept) == 4, "the note alone")
    rig.pump.tell(note, "test")
    await rig.pump.drain()
    assert len(rig.committer.kept) == 5
    rig.pump.tell(note, "test")
    rig.pump.close()
    await until(lambda: len(rig.committer.kept) == 6, "the last note")
