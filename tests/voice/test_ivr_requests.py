"""A real call whose flow looks something up, takes a callback and records a message."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr import flow as f
from ivr.commands import LookUp
from records.follow_ups import FollowUps
from router import events as facts
from server.calls.ivr_services import CallbackBook
from server.calls.voicemail import VoicemailBox
from server.clock import wall_us
from sip import events as sip
from tests.server.house import House, built
from tests.waiting import until
from voice.requests import IvrServices, RequestError

BYE = f.Goodbye("bye", ("digit-1",), "served")
FLOW = f.Flow(
    "main",
    "Main",
    "en",
    "menu",
    {
        "menu": f.Menu(
            "menu",
            ("main-menu",),
            {"1": f.Choice("state", "ask"), "2": f.Choice("callback", "back"), "3": f.Choice("message", "mail")},
            "bye",
        ),
        "ask": f.Lookup("ask", "shop", "", {"phone": "{caller}"}, {"state": "a"}, "what", "bye", 2_000_000),
        "what": f.Condition("what", (f.Case("state", "equals", ("open",), "orders"),), "bye"),
        "back": f.Callback("back", "orders", "{caller}", "bye", "orders"),
        "mail": f.Voicemail("mail", ("digit-1",), "orders", "bye", "orders", silence_us=0),
        "orders": f.Queue("orders", "orders"),
        "bye": BYE,
    },
)


class Shop:
    """Answers look-ups when its gate is open."""

    def __init__(self) -> None:
        self.asked: list[LookUp] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: object = {"a": "open"}

    async def get(self, request: LookUp) -> object:
        self.asked.append(request)
        await self.gate.wait()
        if self.answer is None:
            raise RequestError("http_500")
        return self.answer


class Called:
    """The house with services, and a caller in the menu."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.shop = Shop()
        self.folder = folder
        self.follow_ups = FollowUps(house.database)
        box = VoicemailBox(house.engine, folder, self.follow_ups, house.tasks, house.contexts.caller, wall_us)
        services = IvrServices(self.shop, CallbackBook(self.follow_ups, wall_us), box)
        object.__setattr__(house.conductor._ports, "services", services)
        entry = house.conductor.site.entries["400"]
        entries = {"400": replace(entry, flow=FLOW)}
        house.conductor.site = replace(house.conductor.site, entries=entries)

    async def press(self, key: str) -> str:
        call = await self.house.in_menu()
        self.house.outside.ua.send_digit_info(call, key)
        return call

    def noted(self, kind: str) -> bool:
        return self.house.noted(kind) == 1


@pytest.fixture
async def called(tmp_path: Path) -> AsyncIterator[Called]:
    async with built(tmp_path) as house:
        yield Called(house, tmp_path / "messages")


async def test_a_look_up_decides_where_the_caller_goes(called: Called) -> None:
    call = await called.press("1")
    await until(lambda: len(called.house.told(facts.WorkQueued)) == 1)
    interaction = called.house.told(facts.WorkQueued)[0].interaction_id
    assert (await called.house.contexts.get(interaction)).data == {"state": "open"}
    assert list(called.shop.asked[0].query) == ["phone"]
    called.house.outside.ua.hangup(call)
    await called.house.empty()


async def test_a_look_up_that_fails_takes_the_other_way(called: Called) -> None:
    called.shop.answer = None
    call = await called.press("1")
    await called.house.outside.wait(sip.CallEnded, call)
    assert called.noted("failed")
    await called.house.empty()
    assert called.house.outcomes == ["served"]


async def test_a_caller_who_leaves_during_a_look_up_leaves_nothing(called: Called) -> None:
    called.shop.gate.clear()
    call = await called.press("1")
    await until(lambda: bool(called.shop.asked))
    called.house.outside.ua.hangup(call)
    await called.house.empty()
    assert called.house.outcomes == ["left_in_ivr"]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("look-up:")]


async def test_a_callback_is_on_the_list_before_the_caller_is_thanked(called: Called) -> None:
    call = await called.press("2")
    await called.house.outside.wait(sip.CallEnded, call)
    (wish,) = await called.follow_ups.list("callback")
    assert (wish.queue, wish.number, wish.path) == ("orders", "0755123", "callback")
    assert called.noted("callback")
    await called.house.empty()


async def test_what_was_said_is_kept_when_the_caller_hangs_up(called: Called) -> None:
    phone = await called.house.speaker_port()
    call = await called.press("3")
    await until(lambda: called.noted("recording"))
    leg = next(leg for leg in called.house.engine.leg_ids if leg.startswith("caller:"))
    transport = called.house.engine._legs[leg].transport
    phone.peer = ("127.0.0.1", transport.port)  # type: ignore[union-attr]
    phone.talk()
    await asyncio.sleep(1.0)  # Speech lasts: this is what is being recorded.
    await phone.hush()
    called.house.outside.ua.hangup(call)
    await called.house.empty()
    assert called.house.outcomes == ["voicemail"]
    (message,) = await called.follow_ups.list("voicemail")
    assert (message.number, message.path) == ("0755123", "message")
    assert [path.name for path in called.folder.iterdir()] == [message.file]
