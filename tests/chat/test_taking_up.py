"""A chat goes on after a restart: where it waited, with whom it was, or parked."""

import asyncio
from pathlib import Path

import pytest

from chat import messages as c
from router.commands import Command, Refuse
from router.errors import RoutingEndedError
from router.events import AssignmentEnded, Event, InteractionClosed, WorkQueued
from router.vocabulary import EndedBy
from tests.chat.house import House, house
from tests.chat.neighbours import Phases
from tests.waiting import until


class NeverOpened(Phases):
    """Records that know nothing of the chat."""

    async def phase(self, interaction_id: str) -> str | None:
        return None


async def yes(_interaction_id: str) -> bool:
    return True


def deposed(place: House, monkeypatch: pytest.MonkeyPatch, answer: tuple[Command, ...] | None = None) -> None:
    """What this node posts does not come to pass; another one decides, with that answer."""

    async def post(event: Event, cause: str) -> tuple[Command, ...]:
        await asyncio.sleep(0)
        if answer is None:
            raise RoutingEndedError
        return answer

    monkeypatch.setattr(place.router, "post", post)


async def over_with_its_node_gone(place: House) -> str:
    """A chat whose agent ended it when its node was gone already; its visitor's token."""
    place.router.ready("ann")
    async with place.page() as page:
        welcome = await page.open()
        reservation = place.router.accept()
        await page.state("talking")
    await place.stop()
    place.router.tell(AssignmentEnded(reservation, EndedBy.AGENT), "test")
    place.router.finish(reservation, "ann")
    return welcome.token or ""


async def none_open(place: House) -> None:
    """Every chat's end is kept."""
    async with asyncio.timeout(30):
        while await place.store.not_ended():
            await asyncio.sleep(0.01)


async def test_a_chat_goes_on_with_its_agent_and_its_text(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.router.ready("ann")
        async with place.page() as page:
            welcome = await page.open()
            reservation = place.router.accept()
            await page.state("talking")
            await place.conductor.agent_says("ann", reservation, "a1", "good day")
            await page.lines(2)
        await place.restart()
        taken = place.conductor.of_agent("ann", reservation)
        assert (taken.last, [one.text for one in taken.tail]) == (2, ["hello", "good day"])
        async with place.page() as page:
            await page.say(c.Resume(token=welcome.token or "", after=1))
            await page.until(c.Welcome)
            assert [line.text for line in await page.lines(1)] == ["good day"]
            assert page.status is not None
            assert page.status.agent == "Ann"


async def test_a_chat_whose_node_ended_before_it_was_in_a_queue_is_queued_when_it_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as place, house(tmp_path, beside=place) as other:
        with monkeypatch.context() as patch:
            deposed(place, patch)
            async with place.page() as page:
                await page.say(c.Open(entry="web", key="k" * 22, question="hello"))
                assert (await page.until(c.Bye)).code == "shutdown"
        assert place.conductor.chat("chat1") is None, "it is in no queue, and nobody is told that it waits"
        other.conductor.unqueued = yes
        async with other.page() as page:
            welcome = await page.open(key="k" * 22)
            assert (welcome.status.chat_id, welcome.status.state) == ("chat1", "waiting")
            assert [line.text for line in await page.lines(1)] == ["hello"]
            await page.speak("m1", "are you there?")
            await page.lines(2)
        assert [event.node for event in place.router.of(WorkQueued)] == [other.node]
        assert place.conductor.directory.addresses.total() == 0


async def test_a_chat_that_another_node_was_quicker_to_queue_is_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as place:
        deposed(place, monkeypatch, (Refuse("duplicate", "it is queued already"),))
        async with place.page() as page:
            await page.say(c.Open(entry="web", key="k" * 22, question="hello"))
            assert (await page.until(c.Refused)).code == "unavailable"
        assert place.conductor.chat("chat1") is None
        assert [chat.interaction_id for chat in await place.store.not_ended()] == ["chat1"]


async def test_a_chat_that_is_just_being_opened_elsewhere_is_not_ended_by_a_node_that_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as place:
        deposed(place, monkeypatch)
        async with place.page() as page:
            await page.say(c.Open(entry="web", key="k" * 22, question="hello"))
            await page.until(c.Bye)
        await place.conductor.taking_up.restore(NeverOpened())
        assert [chat.interaction_id for chat in await place.store.not_ended()] == ["chat1"]
        place.router.skew = 3_600_000_000
        await place.conductor.taking_up.restore(NeverOpened())
        assert await place.store.not_ended() == (), "nobody opened it again"
        assert place.router.of(InteractionClosed) == []


@pytest.mark.parametrize("records", [Phases(), NeverOpened()], ids=["recorded", "records that are behind"])
async def test_a_chat_that_ended_between_two_nodes_is_ended_by_the_one_that_its_visitor_came_to(
    tmp_path: Path, records: Phases
) -> None:
    async with house(tmp_path) as place, house(tmp_path, beside=place) as other:
        token = await over_with_its_node_gone(place)
        other.conductor.taking_up.records, other.conductor.taking_up.kept_s = records, 0.0
        async with other.page() as page:
            await page.say(c.Resume(token=token, after=0))
            assert (await page.until(c.Welcome)).status.state == "ended"
        await until(lambda: place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")])
        await none_open(other)


def gone_at_the_end(place: House, patch: pytest.MonkeyPatch) -> None:
    """This node is deposed in the moment in which the chat is over."""
    post = place.router.post

    async def ended(event: Event, cause: str) -> tuple[Command, ...]:
        if isinstance(event, InteractionClosed):
            raise RoutingEndedError
        return await post(event, cause)

    patch.setattr(place.router, "post", ended)


async def test_a_chat_whose_end_its_node_could_not_tell_is_ended_by_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its visitor has seen the end and comes no more."""
    async with house(tmp_path) as place, house(tmp_path, beside=place) as other:
        place.router.ready("ann")
        async with place.page() as page:
            await page.open()
            reservation = place.router.accept()
            await page.state("talking")
            with monkeypatch.context() as patch:
                gone_at_the_end(place, patch)
                place.router.tell(AssignmentEnded(reservation, EndedBy.AGENT), "test")
                await page.state("ended")
                place.router.finish(reservation, "ann")
                await place.stop()
        assert [chat.interaction_id for chat in await place.store.not_ended()] == ["chat1"]
        other.conductor.taking_up.records, other.conductor.taking_up.kept_s = Phases(), 0.0
        await other.conductor.taking_up.end_left()
        await until(lambda: place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")])
        await none_open(other)


async def test_a_deposed_node_keeps_no_end_that_it_could_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as place, house(tmp_path, beside=place) as other:
        await over_with_its_node_gone(place)
        gone_at_the_end(other, monkeypatch)
        with pytest.raises(RoutingEndedError):
            await other.conductor.taking_up.restore(Phases())
        assert [chat.interaction_id for chat in await place.store.not_ended()] == ["chat1"]
