"""Chats that change hands: to a colleague, to a queue, and every way in which that comes to nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from chat import messages as c
from chat.floor import ChatFloor
from chat.handing_on import Target, next_work
from chat.ports import ChatRefusedError
from router.events import (
    AssignmentEnded,
    InteractionClosed,
    InteractionNoted,
    OfferRejected,
    PolicyChanged,
    PresenceSet,
    WorkDirected,
    WorkMoved,
    WorkQueued,
)
from router.policy import AgentPolicy, Exit, Policy, QueuePolicy
from router.vocabulary import EndedBy, Medium, OfferState, Presence
from tests.chat.house import House, house
from tests.chat.pages import Page
from tests.waiting import until

BOB = Target(agent_id="bob")


def experts(**rules: Any) -> Policy:
    """Beside the web's chats a queue of experts, and cleo who takes no chats."""
    agents = {name: AgentPolicy(name, "t1", {"mandarin": 5}, {Medium.CHAT: 2}, 2) for name in ("ann", "bob")}
    agents["cleo"] = AgentPolicy("cleo", "t1", {}, {Medium.VOICE: 1}, 1)
    queues = {name: QueuePolicy(name, Medium.CHAT, wrap_up_us=60_000_000) for name in ("web_chat", "experts")}
    queues["experts"] = replace(queues["experts"], **rules)
    return Policy("v2", queues, agents)


async def talking(place: House, page: Page, **opening: Any) -> str:
    place.router.tell(PolicyChanged(experts()), "test")
    place.router.ready("ann")
    await page.open(**opening)
    reservation = place.router.accept()
    await page.state("talking")
    return reservation


async def refused(place: House, target: Target, reservation: str = "chat1.1") -> str:
    with pytest.raises(ChatRefusedError) as error:
        await ChatFloor(place.conductor).hand_on("ann", reservation, target, "")
    return error.value.code


async def test_a_colleague_takes_over_with_all_that_was_said(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page, data={"order": "7"})
        place.router.ready("bob")
        await place.conductor.agent_says("ann", first, "a1", "One moment")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "wants a refund")
        status = (await page.until(c.StatusShown, lambda shown: shown.status.handed_on)).status
        assert (status.state, status.agent) == ("waiting", None)
        assert place.router.offers[-1].agent_id == "bob"
        # The visitor goes on writing while nobody has the chat.
        await page.speak("v1", "Hello?")
        second = place.router.accept()
        status = await page.state("talking")
        assert (status.agent, status.handed_on) == ("Bob", False)
        await place.conductor.agent_says("bob", second, "b1", "I am Bob")
        lines = await page.lines(4)
        assert [line.text for line in lines] == ["hello", "One moment", "Hello?", "I am Bob"]
        with pytest.raises(ChatRefusedError):
            await place.conductor.agent_says("ann", first, "a2", "I am still here")
        runner = place.conductor.chat("chat1")
        assert runner is not None
        assert runner.handover is not None
        assert (runner.handover.by, runner.handover.note) == ("ann", "wants a refund")
        # Ann finishes her wrap-up: nothing of Bob's chat ends by it.
        (ended,) = place.router.of(AssignmentEnded)
        assert (ended.reservation_id, ended.reason) == (first, "transferred")
        row = place.router.dispatcher.reservation(first)
        assert row is not None
        assert row.state is OfferState.WRAP_UP
        place.router.finish(first, "ann")
        await place.conductor.agent_says("bob", second, "b2", "Still here")
        place.end_by_agent(second)
        assert (await page.state("ended")).may_rate
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")]
        works = [(work.work_id, work.interaction_id, work.directed) for work in place.router.of(WorkQueued)]
        assert works == [("chat1", "chat1", None), ("chat1-2", "chat1", "bob")]
        notes = [note for note in place.router.of(InteractionNoted) if note.kind == "transfer_asked"]
        assert notes == [
            InteractionNoted("chat1", "transfer_asked", (("agent", "bob"), ("by", "ann"), ("warm", "no")))
        ], "the note itself is not in the journal"


async def test_a_queue_takes_over_and_the_visitor_sees_place_and_wait(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.tell(PresenceSet("ann", Presence.NOT_READY), "test")
        await ChatFloor(place.conductor).hand_on("ann", first, Target(queue="experts"), "")
        status = (await page.until(c.StatusShown, lambda shown: shown.status.place)).status
        assert (status.handed_on, status.place, status.expected_wait_s) == (True, 1, 60)
        # A third: the chat may be handed on any number of times.
        place.router.ready("bob")
        second = place.router.accept()
        await page.state("talking")
        place.router.ready("ann")
        await ChatFloor(place.conductor).hand_on("bob", second, Target(agent_id="ann"), "")
        assert place.router.offers[-1].work_id == "chat1-3"
        place.router.accept()
        await page.until(c.StatusShown, lambda shown: shown.status.agent == "Ann")


async def test_whoever_is_asked_by_name_and_declines_leaves_it_to_the_queue(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "")
        place.router.tell(OfferRejected("chat1-2.1", "bob"), "test")
        await until(lambda: place.router.of(WorkDirected) == [WorkDirected("chat1-2", None, "chat")])
        await until(lambda: place.router.offers[-1].agent_id == "ann", "whoever can take it has the offer")
        place.router.accept()
        assert (await page.state("talking")).agent == "Ann"


async def test_whoever_is_asked_by_name_and_signs_out_leaves_it_to_the_queue(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "")
        place.router.tell(PresenceSet("bob", Presence.OFFLINE), "test")
        await until(lambda: place.router.offers[-1].agent_id == "ann")


async def test_what_somebody_else_decided_meanwhile_stands(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "")
        place.router.tell(WorkDirected("chat1-2", "ann", "sam"), "test")
        await until(lambda: place.router.offers[-1].agent_id == "ann")
        place.router.tell(WorkMoved("chat1-2", "experts", "sam"), "test")
        runner = place.conductor.chat("chat1")
        assert runner is not None
        await until(lambda: runner.queue == "experts")
        assert WorkDirected("chat1-2", None, "chat") not in place.router.events


async def test_a_visitor_who_leaves_in_between_is_gone_from_both(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "")
        await page.say(c.End())
        assert (await page.state("ended")).ended_by == "customer"
        assert place.router.dispatcher.work("chat1-2") is None
        row = place.router.dispatcher.reservation(first)
        assert row is not None
        assert row.state is OfferState.WRAP_UP


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"closed": True}, "queue_closed"),
        ({"closed": True, "when_closed": Exit(divert="end")}, "queue_closed"),
        ({"max_waiting": 1, "when_full": Exit(divert="message")}, "queue_full"),
    ],
)
async def test_a_queue_that_takes_no_more_leaves_the_chat_where_it_is(
    tmp_path: Path, rules: dict[str, Any], code: str
) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        place.router.tell(PresenceSet("ann", Presence.NOT_READY), "test")
        waits = WorkQueued("w", "i", Medium.CHAT, "experts")
        place.router.tell(waits, "test")
        place.router.tell(PolicyChanged(experts(**rules)), "test")
        assert await refused(place, Target(queue="experts")) == code
        await place.conductor.agent_says("ann", first, "a1", "Still me")
        await page.lines(2)
        assert page.status is not None
        assert (page.status.state, page.status.agent) == ("talking", "Ann")


async def test_who_cannot_take_it_is_not_waited_for(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        assert await refused(place, BOB) == "agent_unavailable"
        assert await refused(place, Target(agent_id="cleo")) == "unknown_agent"
        assert await refused(place, Target(queue="nowhere")) == "unknown_queue"
        assert await refused(place, BOB, "chat9.1") == "not_connected"
        assert place.router.dispatcher.work("chat1-2") is None
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "")
        place.router.accept()
        await page.until(c.StatusShown, lambda shown: shown.status.agent == "Bob")
        assert await refused(place, BOB, first) == "not_connected"


@pytest.mark.parametrize("taken", [False, True])
async def test_a_restart_in_between_loses_nothing(tmp_path: Path, taken: bool) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page, data={"topic": "complaint"})
        place.router.ready("bob")
        await ChatFloor(place.conductor).hand_on("ann", first, BOB, "a note")
        if taken:
            place.router.accept()
            await page.until(c.StatusShown, lambda shown: shown.status.agent == "Bob")
        await place.restart()
        runner = place.conductor.chat("chat1")
        assert runner is not None
        assert (runner.work_id, runner.terms.priority) == ("chat1-2", 2)
        assert runner.handover is not None
        assert runner.handover.note == "a note"
        if not taken:
            place.router.accept()
        await until(lambda: runner.machine.serving is not None)
        reservation = place.router.offers[-1].reservation_id
        await place.conductor.agent_says("bob", reservation, "b1", "Hello")


async def test_a_crash_between_the_two_halves_ends_the_first_agent_s_part(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await talking(place, page)
        work = place.router.of(WorkQueued)[0]
        place.router.ready("bob")
        await place.stop()
        place.router.tell(structs.replace(work, work_id="chat1-2", directed="bob"), "test")
        await place.restart()
        runner = place.conductor.chat("chat1")
        assert runner is not None
        assert runner.work_id == "chat1-2"
        assert place.router.of(AssignmentEnded) == [AssignmentEnded(first, EndedBy.AGENT, "transferred")]
        place.router.accept()
        await until(lambda: runner.machine.serving is not None)


def test_each_work_item_has_a_name_of_its_own() -> None:
    assert [next_work(name, "c") for name in ("c", "c-2", "c-9", "c-10")] == ["c-2", "c-3", "c-10", "c-11"]
