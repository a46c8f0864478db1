"""The pump's timer: time passes at a deadline, and only there."""

import asyncio

from router import events as facts
from router.commands import SendOffer, WithdrawOffer
from server.core.pump import Pump
from tests.server.pump_rig import Rig, work
from tests.waiting import until


async def test_time_passes_at_a_deadline_and_only_there() -> None:
    rig = Rig(offer_timeout_us=1_000_000)
    running = rig.run()
    await rig.ready_agent()
    offers = [command for command in await rig.pump.post(work("w1"), "t") if isinstance(command, SendOffer)]
    assert rig.pump.dispatcher.next_deadline() == offers[0].deadline
    await until(lambda: bool(rig.timer_turns))
    turn = rig.timer_turns[0]
    assert turn.now >= offers[0].deadline
    assert turn.cause == "timer"
    assert any(isinstance(command, WithdrawOffer) for command in turn.commands)
    await rig.pump.drain()
    assert len(rig.timer_turns) == 1
    assert rig.pump.dispatcher.next_deadline() is None
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_an_answered_offer_needs_no_timer_any_more() -> None:
    rig = Rig(offer_timeout_us=60_000_000)
    running = rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    await rig.pump.post(facts.OfferAccepted("w1.1", "anna"), "t")
    rig.pump._time_passed()  # it comes when the deadline would have been
    await rig.pump.drain()
    assert rig.pump._timer is None
    assert rig.timer_turns == [], "nothing was due"
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_an_earlier_deadline_moves_the_timer_forward() -> None:
    rig = Rig(offer_timeout_us=1_000_000, wrap_up_us=60_000_000)
    running = rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    await rig.pump.post(facts.OfferAccepted("w1.1", "anna"), "t")
    await rig.pump.post(facts.AssignmentConnected("w1.1"), "t")
    await rig.pump.post(facts.CustomerLeft("w1"), "t")
    late = rig.pump.dispatcher.next_deadline()
    await rig.pump.post(facts.WrapUpFinished("w1.1", "anna"), "t")
    await rig.pump.post(work("w2"), "t")
    early = rig.pump.dispatcher.next_deadline()
    assert late is not None
    assert early is not None
    assert early < late
    await until(lambda: len(rig.timer_turns) == 1, seconds=30)
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_a_timer_that_is_early_is_armed_again() -> None:
    rig = Rig(offer_timeout_us=1_000_000)
    running = rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    rig.pump._time_passed()  # as a loop whose clock is coarser would
    await rig.pump.drain()
    assert rig.timer_turns == []
    assert rig.pump._timer is not None
    await until(lambda: len(rig.timer_turns) == 1)
    rig.pump.close()
    await asyncio.wait_for(running, 30)


async def test_deadlines_of_a_restored_shard_are_armed_by_run() -> None:
    first = Rig(offer_timeout_us=30_000)
    running = first.run()
    await first.ready_agent()
    await first.pump.post(work("w1"), "t")
    first.pump.close()
    await asyncio.wait_for(running, 30)
    again = Pump(first.pump.dispatcher, first.committer, first.clock, first.pump.sequence, first.speak)
    task = asyncio.create_task(again.run())
    await until(lambda: len(first.timer_turns) == 1)
    again.close()
    await asyncio.wait_for(task, 30)


async def test_a_closed_pump_lets_time_pass_in_silence() -> None:
    rig = Rig()
    running = rig.run()
    await rig.ready_agent()
    await rig.pump.post(work("w1"), "t")
    rig.pump.close()
    await asyncio.wait_for(running, 30)
    rig.pump._time_passed()
    assert rig.timer_turns == []
