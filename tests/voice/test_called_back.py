"""Customers who are called back: what the router is told, and that nothing of the call stays."""

import asyncio
from collections.abc import Coroutine

import pytest

from router import events as facts
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice.called_back import AnsweredLeg, CallBacks, CalledBack, Promise
from voice.neighbours import VoicePorts
from voice.phone import DialledLeg, PhoneAnswered, PhoneEvent, PhoneFailed, PhoneLeft, PhoneLost, PhoneRang

PROMISE = Promise("w.1", "w", "w", "anna", "browser:anna:1", "orders")
LEG = "caller:w"


class Known(Quiet):
    async def number(self, interaction_id: str) -> str:
        return "0755"


class Tasks:
    """Nothing is started here: tests await what they start."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        raise AssertionError(name)


class Trunk:
    def __init__(self) -> None:
        self.allowed = True
        self.dialled: list[tuple[str, str]] = []

    def allows(self, number: str) -> bool:
        return self.allowed

    def dial(self, call: str, number: str, sdp: bytes) -> None:
        self.dialled.append((call, number))


class Rig:
    def __init__(self) -> None:
        self.signalling, self.media, self.sdp, self.router, self.trunk = (
            Signalling(), Media(), Sdp(), Router(), Trunk()
        )  # fmt: skip
        known = Known()
        ports = VoicePorts(self.signalling, self.media, self.sdp, self.router, known, known, lines=self.trunk)
        self.held = {"w.1"}
        self.legs: list[CalledBack] = []
        self.answered: list[CalledBack] = []
        self.callbacks = CallBacks(
            ports, Tasks(), self._run, self.held.__contains__, self.answered.append, lambda _interaction: None
        )

    def _run(self, leg: DialledLeg) -> None:
        assert isinstance(leg, CalledBack)
        self.legs.append(leg)

    async def call(self, *events: PhoneEvent) -> None:
        await self.callbacks._begin(PROMISE)
        (leg,) = self.legs
        for event in events:
            leg.tell(event)
        await asyncio.wait_for(leg.run(), 30)
        assert self.trunk.dialled == [(LEG, "0755")]
        assert self.signalling.ended == self.sdp.forgotten == [LEG]
        assert not self.media.open_legs


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([PhoneRang(), PhoneFailed(486, "Busy")], "sip_486"),
        ([PhoneLost("ports_exhausted")], "ports_exhausted"),
        ([PhoneAnswered(b"bad")], "sip_488"),
        ([PhoneLeft()], "no_answer"),
    ],
)
async def test_who_is_not_reached_is_the_routers_to_try_again(events: list[PhoneEvent], reason: str) -> None:
    rig = Rig()
    await rig.call(*events)
    assert rig.router.told == [facts.CallbackFailed("w.1", reason)]
    assert rig.answered == []


async def test_whoever_calls_has_taken_the_item_up_and_nobody_calls_twice() -> None:
    rig = Rig()
    await rig.callbacks._begin(PROMISE)
    await rig.callbacks._begin(PROMISE)
    assert rig.router.taken_up == ["w", "w"]
    assert len(rig.legs) == 1


async def test_what_another_node_has_taken_up_is_not_called_from_here() -> None:
    rig = Rig()
    rig.router.takes = False
    await rig.callbacks._begin(PROMISE)
    assert (rig.legs, rig.router.told) == ([], [])


async def test_who_answers_has_an_ordinary_call() -> None:
    rig = Rig()
    await rig.call(PhoneAnswered(b"good"), PhoneLeft())
    (leg,) = rig.answered
    assert rig.router.told == []
    caller = AnsweredLeg(leg)
    assert (caller.call, await caller.answer(LEG)) == (LEG, True)
    assert not rig.callbacks.give_up("w.1"), "nobody rings any more"


async def test_hanging_up_on_them_ends_the_leg() -> None:
    rig = Rig()
    await rig.callbacks._begin(PROMISE)
    (leg,) = rig.legs
    leg.tell(PhoneAnswered(b"good"))
    task = asyncio.create_task(leg.run())
    await until(lambda: bool(rig.answered))
    AnsweredLeg(leg).hang_up("agent")
    await asyncio.wait_for(task, 30)
    assert rig.signalling.ended == [LEG]


async def test_a_number_that_the_site_does_not_list_is_not_called() -> None:
    rig = Rig()
    rig.trunk.allowed = False
    await rig.callbacks._begin(PROMISE)
    assert rig.legs == []
    assert rig.router.told == [facts.CallbackFailed("w.1", "number_not_allowed")]


async def test_a_reservation_that_is_over_meanwhile_calls_nobody() -> None:
    rig = Rig()
    rig.held.clear()
    await rig.callbacks._begin(PROMISE)
    assert rig.legs == []
    assert rig.router.told == []


async def test_giving_up_counts_as_no_answer_and_a_release_as_nothing() -> None:
    rig = Rig()
    await rig.callbacks._begin(PROMISE)
    assert rig.callbacks.give_up("w.1")
    await asyncio.wait_for(rig.legs[0].run(), 30)
    assert rig.router.told == [facts.CallbackFailed("w.1", "no_answer")]
    rig = Rig()
    await rig.callbacks._begin(PROMISE)
    rig.callbacks.release("w.1")
    await asyncio.wait_for(rig.legs[0].run(), 30)
    assert rig.router.told == []
    rig.callbacks.release("w.1")


async def test_an_answer_that_crosses_the_giving_up_is_hung_up_on() -> None:
    rig = Rig()
    await rig.callbacks._begin(PROMISE)
    (leg,) = rig.legs
    leg.tell(PhoneAnswered(b"good"))
    rig.callbacks.release("w.1")
    await asyncio.wait_for(leg.run(), 30)
    assert rig.answered == []


async def test_an_agents_leg_that_is_gone_hears_no_ringing_and_that_is_all() -> None:
    rig = Rig()

    def gone(*_: object, **__: object) -> None:
        from voice.ports import MediaUnavailableError

        raise MediaUnavailableError("unknown_leg")

    rig.media.play = rig.media.stop_play = gone  # type: ignore[method-assign]
    await rig.call(PhoneFailed(486, "Busy"))
    assert rig.router.told == [facts.CallbackFailed("w.1", "sip_486")]
