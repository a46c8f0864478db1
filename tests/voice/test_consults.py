"""The second call of an agent's phone: asked, spoken in, swapped, given up, and made an attended transfer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents_ws import messages as m
from router import events as facts
from router.vocabulary import OfferState
from sip import events as sip
from tests.server.house import House, built, offer_of
from tests.server.sites import agent
from tests.voice.desk_phone import DeskPhone
from tests.waiting import until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """ben at a phone, anna and cai in browsers."""
    async with built(tmp_path, more_agents=[agent("cai")]) as made:
        yield made


async def shows(house: House, **wanted: str) -> None:
    """Who is in the call and how, as ben's page shows it."""

    def last() -> dict[str, str]:
        shown = house.hub.of(m.Call, "ben")
        return {one.agent or one.id: one.state for one in shown[-1].parties} if shown else {}

    await until(lambda: last() == wanted, f"{wanted}, not {last()}")


def hears(house: House) -> set[tuple[str, str]]:
    """Who hears whom, by the kind of the leg."""
    return {(one.split(":")[0], other.split(":")[0]) for room in house.engine.rooms.values() for one, other in room}


async def consulting(house: House, phone: DeskPhone) -> tuple[str, str, str, str]:
    """The customer's call, ben's two calls, and ben's reservation; cai is there and the customer on hold."""
    call, own, reservation = await phone.talks()
    await house.ready("cai")
    await hold(house, own, "sendonly", 1)
    await shows(house, customer="held", ben="here")
    second = await phone.calls("cai")
    offer = await house.offer("cai")
    await house.outside.wait(sip.CallRinging, second)
    assert await house.desk.accept("cai", offer.reservation_id) is None
    await house.outside.wait(sip.CallAnswered, second)
    await shows(house, customer="held", ben="here", cai="here")
    await until(lambda: hears(house) == {("consult", "browser"), ("browser", "consult")})
    return call, own, second, reservation


async def hold(house: House, call: str, direction: str, version: int) -> None:
    before = len(house.outside.seen(sip.CallAnswered, call))
    house.outside.ua.reoffer(call, offer_of(house.rtp[0].port, direction, version))
    await house.outside.wait(sip.CallAnswered, call, before + 1)


async def test_an_attended_transfer(house: House) -> None:
    phone = DeskPhone(house)
    call, own, second, reservation = await consulting(house, phone)
    phone.refer(own, f"{phone.uri('cai')}?Replaces={phone.mark(second)}")
    await phone.over(own)
    await phone.over(second)
    assert phone.told == ["100 Trying", "200 OK"]
    await house.reach_state(reservation, OfferState.WRAP_UP)
    assert (house.told(facts.AssignmentEnded)[-1].reason, house.noted("transfer_completed")) == ("transferred", 1)
    await until(lambda: hears(house) == {("caller", "browser"), ("browser", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()


async def test_the_second_call_may_be_referred_to_the_first_one(house: House) -> None:
    phone = DeskPhone(house)
    call, own, second, _ = await consulting(house, phone)
    phone.refer(second, f"{phone.uri('0755123')}?Replaces={phone.mark(own)}")
    await phone.over(second)
    await phone.over(own)
    assert phone.told == ["100 Trying", "200 OK"]
    await until(lambda: hears(house) == {("caller", "browser"), ("browser", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()


async def test_they_swap_by_hold_and_resume_and_the_second_call_is_given_up(house: House) -> None:
    phone = DeskPhone(house)
    call, own, second, _ = await consulting(house, phone)
    await hold(house, second, "sendonly", 1)
    await hold(house, own, "sendrecv", 2)
    await shows(house, customer="here", ben="here", cai="held")
    await until(lambda: hears(house) == {("caller", "phone"), ("phone", "caller")})
    await hold(house, own, "sendonly", 3)
    await hold(house, second, "sendrecv", 2)
    await shows(house, customer="held", ben="here", cai="here")
    await until(lambda: hears(house) == {("consult", "browser"), ("browser", "consult")})
    house.outside.ua.hangup(second)
    await shows(house, customer="held", ben="here")
    await hold(house, own, "sendrecv", 4)
    await shows(house, customer="here", ben="here")
    await until(lambda: hears(house) == {("caller", "phone"), ("phone", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_phone_that_holds_neither_has_a_conference(house: House) -> None:
    phone = DeskPhone(house)
    call, own, second, _ = await consulting(house, phone)
    everybody = {("caller", "browser"), ("browser", "caller")}
    await hold(house, own, "sendrecv", 2)
    await shows(house, customer="here", ben="here", cai="here")
    consult = {("consult", "browser"), ("browser", "consult"), ("consult", "caller"), ("caller", "consult")}
    await until(lambda: hears(house) == everybody | consult)
    await hold(house, own, "sendonly", 3)
    await shows(house, customer="held", ben="here", cai="here")
    await hold(house, own, "sendrecv", 4)
    await shows(house, customer="here", ben="here", cai="here")
    await hold(house, second, "sendonly", 1)
    await shows(house, customer="here", ben="here", cai="held")
    await until(lambda: hears(house) == {("caller", "phone"), ("phone", "caller")})
    await hold(house, second, "sendrecv", 2)
    await shows(house, customer="here", ben="here", cai="here")
    house.outside.ua.hangup(second)
    await shows(house, customer="here", ben="here")
    await until(lambda: hears(house) == {("caller", "phone"), ("phone", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()


async def test_the_customer_is_handed_on_while_the_second_call_still_rings(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    await house.ready("cai")
    await hold(house, own, "sendonly", 1)
    second = await phone.calls("cai")
    offer = await house.offer("cai")
    await house.outside.wait(sip.CallRinging, second)
    phone.refer(own, f"{phone.uri('cai')}?Replaces={phone.mark(second)}")
    await phone.over(own)
    assert (await house.outside.wait(sip.CallFailed, second)).code == 480
    assert phone.told == ["100 Trying", "200 OK"]
    await house.reach_state(reservation, OfferState.WRAP_UP)
    assert await house.desk.accept("cai", offer.reservation_id) is None
    await until(lambda: hears(house) == {("caller", "browser"), ("browser", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_colleague_who_leaves_ends_the_second_call(house: House) -> None:
    phone = DeskPhone(house)
    call, _own, second, _ = await consulting(house, phone)
    taken = (await house.offer("cai")).reservation_id
    assert await house.desk.hang_up("cai", taken) is None
    await phone.over(second)
    await shows(house, customer="held", ben="here")
    house.outside.ua.hangup(call)
    await house.empty()


async def test_who_declines_ends_it_and_a_phone_that_did_not_hold_has_its_customer_back(house: House) -> None:
    phone = DeskPhone(house)
    call, _, _ = await phone.talks()
    await house.ready("cai")
    second = await phone.calls("cai")
    offer = await house.offer("cai")
    await shows(house, customer="held", ben="here", cai="coming")
    assert await house.desk.reject("cai", offer.reservation_id, None) is None
    assert (await house.outside.wait(sip.CallFailed, second)).code == 480
    await shows(house, customer="here", ben="here")
    third = await phone.calls("110")
    assert (await house.outside.wait(sip.CallFailed, third)).code == 403, "the allow-list is empty"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_the_phone_gives_up_while_the_colleague_is_asked(house: House) -> None:
    phone = DeskPhone(house)
    call, _, _ = await phone.talks()
    await house.ready("cai")
    second = await phone.calls("cai")
    await house.offer("cai")
    await house.outside.wait(sip.CallRinging, second)
    busy = await phone.calls("cai")
    assert (await house.outside.wait(sip.CallFailed, busy)).code == 486, "one at a time"
    house.outside.ua.hangup(second)
    await shows(house, customer="here", ben="here")
    house.outside.ua.hangup(call)
    await house.empty()


async def test_the_first_call_may_be_hung_up_and_the_colleague_has_the_customer(house: House) -> None:
    phone = DeskPhone(house)
    call, own, second, _ = await consulting(house, phone)
    house.outside.ua.hangup(own)
    await phone.over(second)
    await until(lambda: hears(house) == {("caller", "browser"), ("browser", "caller")})
    house.outside.ua.hangup(call)
    await house.empty()
