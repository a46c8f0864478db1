"""Calls of agents' phones: who may call at all, and one that goes on at another phone."""

from dataclasses import replace

from router.vocabulary import OfferState
from sip import events as sip
from tests.server.house import House, offer_of
from tests.voice.desk_phone import DeskPhone
from tests.waiting import until
from voice.asked import Asked, HoldAsked, MuteAsked, QueueTarget, TransferAsked
from voice.events import Deny


async def test_a_phone_without_a_customer_calls_nobody(house: House) -> None:
    phone = DeskPhone(house)
    refused = await phone.calls("anna")
    assert (await house.outside.wait(sip.CallFailed, refused)).code == 403
    await house.empty()


async def test_a_call_goes_on_at_another_phone_of_the_same_agent(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    other = await phone.calls("anna", Replaces=phone.mark(own, quoted=False))
    await house.outside.wait(sip.CallAnswered, other)
    await phone.over(own)
    assert house.state(reservation) is OfferState.CONNECTED
    house.outside.ua.reoffer(other, offer_of(house.rtp[-1].port, "sendonly", 1))
    await house.said("assignment:held", "ben")
    house.outside.ua.hangup(other)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_call_that_rings_is_taken_at_another_phone_of_the_same_agent(house: House) -> None:
    phone = DeskPhone(house)
    call, ringing = await house.phone_rings()
    reservation = (await house.offer("ben")).reservation_id
    house.outside.script = lambda _event: None
    house.outside.ua.ring(ringing, 180)
    await until(lambda: house.ua._core.context.early, "it rings")
    mark = phone.mark(ringing, quoted=False)
    sdp = offer_of((await house.speaker_port()).port)
    house.outside.ua.dial("thief", phone.uri("anna"), sdp, from_user="cai", from_display="", headers={"Replaces": mark})
    assert (await house.outside.wait(sip.CallFailed, "thief")).code == 403
    other = await phone.calls("anna", Replaces=mark)
    await house.outside.wait(sip.CallAnswered, other)
    await house.outside.wait(sip.CallCancelled, ringing)
    await house.reach_state(reservation, OfferState.CONNECTED)
    house.outside.ua.hangup(other)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_what_the_page_put_on_hold_stays_there_when_the_phone_only_refreshes(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    assert await house.conductor.ask(reservation, HoldAsked("", on=True)) is None
    await house.said("assignment:held", "ben")
    house.outside.ua.reoffer(own, offer_of(house.rtp[-1].port, "sendrecv", 1))
    await house.outside.wait(sip.CallAnswered, own)
    # Whatever the refresh had asked of the conversation would be done before this.
    assert await house.conductor.ask(reservation, MuteAsked("", on=True)) is None
    assert house.hub.words("ben")[-1] == "assignment:held"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_held_call_goes_on_at_another_phone(house: House) -> None:
    phone = DeskPhone(house)
    call, own, _ = await phone.talks()
    house.outside.ua.reoffer(own, offer_of(house.rtp[-1].port, "sendonly", 1))
    await house.said("assignment:held", "ben")
    other = await phone.calls("anna", Replaces=phone.mark(own, quoted=False))
    await house.outside.wait(sip.CallAnswered, other)
    await house.said("assignment:connected", "ben")
    house.outside.ua.hangup(call)
    await house.empty()


async def test_nobody_else_takes_a_call_over(house: House) -> None:
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    sdp = offer_of((await house.speaker_port()).port)
    for number, caller in enumerate(("0755123", "anna")):
        house.outside.ua.dial(
            f"thief{number}",
            phone.uri("400"),
            sdp,
            from_user=caller,
            from_display="",
            headers={"Replaces": phone.mark(own, quoted=False)},
        )
        assert (await house.outside.wait(sip.CallFailed, f"thief{number}")).code == 403
    # Nor does the agent's own phone take the customer's side.
    wrong = await phone.calls("anna", Replaces=phone.mark(call, quoted=False))
    assert (await house.outside.wait(sip.CallFailed, wrong)).code == 403
    assert house.state(reservation) is OfferState.CONNECTED
    await until(lambda: len(house.engine.rooms) == 1)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_what_a_phone_asks_in_a_call_of_another_node_goes_there(house: House) -> None:
    """The call is taken out of this node's hands; its phone stays."""
    phone = DeskPhone(house)
    call, own, reservation = await phone.talks()
    told: list[object] = []

    async def elsewhere(agent_id: str, reservation_id: str, asked: Asked) -> Deny | None:
        told.append((agent_id, reservation_id, asked))
        return None if isinstance(asked, HoldAsked) else Deny("agent_unavailable", "busy")

    calls = house.conductor.phones
    ports = replace(calls._ports, elsewhere=elsewhere, target=lambda _agent, queue: QueueTarget(queue))
    runner_of, calls._ports, calls._transfers._ports = calls._runner_of, ports, ports
    calls._runner_of = lambda _interaction: None
    second = await phone.calls("anna")
    assert (await house.outside.wait(sip.CallFailed, second)).code == 486, "its page asks colleagues there"
    house.outside.ua.reoffer(own, offer_of(house.rtp[-1].port, "sendonly", 1))
    await until(lambda: len(told) == 1)
    phone.refer(own, phone.uri("orders"))
    await phone.hears("486 Busy Here")
    assert told == [
        ("ben", reservation, HoldAsked("", on=True)),
        ("ben", reservation, TransferAsked("", QueueTarget("orders"), warm=False)),
    ]
    calls._runner_of = runner_of
    house.outside.ua.hangup(call)
    await house.empty()
