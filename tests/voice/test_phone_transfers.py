"""An agent's phone refers the customer: the same rules as by the page, and every REFER gets its end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from router import events as facts
from router.vocabulary import OfferState
from sip import events as sip
from tests.server.house import House, built
from tests.server.sites import ORDERS, agent
from tests.voice.desk_phone import DeskPhone
from tests.waiting import until

QUIETLY = ("Refer-Sub", "false")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """ben at a phone, anna and cai in browsers, and a second queue."""
    billing = replace(ORDERS, name="billing", requirements=())
    async with built(tmp_path, more_agents=[agent("cai")], more_queues=[billing]) as made:
        yield made


async def test_a_blind_transfer_to_a_colleague(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    await house.ready("cai")
    phone.refer(own, phone.uri("cai"))
    await phone.over(own)
    assert (phone.answers, phone.told) == ([202], ["100 Trying", "200 OK"])
    await house.reach_state(reservation, OfferState.WRAP_UP)
    ended = house.told(facts.AssignmentEnded)[-1]
    assert ended.reason == "transferred", "as by the page"
    offer = await house.offer("cai")
    assert await house.desk.accept("cai", offer.reservation_id) is None
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_to_a_queue_and_without_a_subscription(house: House) -> None:
    phone = DeskPhone(house)
    call, own, _ = await phone.talks()
    phone.refer(own, phone.uri("billing"), QUIETLY)
    await phone.over(own)
    assert (phone.answers, phone.told) == ([200], [])
    await until(lambda: any(one.queue == "billing" for one in house.told(facts.WorkQueued)))
    house.outside.ua.hangup(call)
    await house.empty()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("cai", "486 Busy Here"),  # nobody has signed in as cai
        ("ben", "404 Not Found"),  # oneself
        ("110", "403 Forbidden"),  # the allow-list is empty
        ("400", "403 Forbidden"),  # what callers call is no number that agents may call
    ],
)
async def test_a_refused_target_is_told_and_the_call_goes_on(house: House, target: str, words: str) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    phone.refer(own, phone.uri(target))
    await phone.hears(words)
    assert phone.told == ["100 Trying", words]
    phone.refer(own, phone.uri(target), QUIETLY)
    await until(lambda: len(phone.answers) == 2)
    assert phone.answers == [202, int(words[:3])]
    assert house.state(reservation) is OfferState.CONNECTED
    assert len(house.engine.rooms) == 1
    house.outside.ua.hangup(call)
    await house.empty()


async def test_elsewhere_and_other_peoples_calls_are_refused(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    phone.refer(own, "sip:cai@example.org")
    await phone.hears("403 Forbidden")
    # The customer refers to the agent's call, and anywhere: callers transfer nobody.
    phone.refer(call, phone.uri("billing"))
    phone.refer(call, f"{phone.uri('billing')}?Replaces={phone.mark(own)}")
    await until(lambda: len(phone.answers) >= 2)
    assert phone.answers[1:] in ([403], [403, 403], [491, 403], [403, 491])
    # The agent names the customer's call, and one that does not exist.
    phone.told.clear()
    phone.refer(own, f"{phone.uri('cai')}?Replaces={phone.mark(call)}")
    await phone.hears("481 Call/Transaction Does Not Exist")
    assert house.state(reservation) is OfferState.CONNECTED
    assert not house.outside.seen(sip.CallEnded)
    house.outside.ua.hangup(call)
    await house.empty()
