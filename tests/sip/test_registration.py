"""We as a client of a registrar: our own on the other side, SIPp's, and one that does not answer."""

import pytest

from sip.core import Core
from sip.events import PhoneRegistered, PhoneUnregistered, TrunkChanged
from sip.login import Login
from sip.registration import FIRST_RETRY_S, LAST_RETRY_S, Account, State
from tests.sip.conftest import Desk, Sipp
from tests.sip.rig import SECOND, Rig, reply
from tests.waiting import until

LOGIN = Login("4711", "sesame")


def account(uri: str = "sip:192.0.2.7:5070", login: Login = LOGIN, expires_s: int = 300) -> Account:
    return Account("main", uri, "carrier.example", login, expires_s)


def registered(rig: Rig, granted: str) -> None:
    rig.core.register([account()], rig.now)
    rig.feed(reply(rig.requests()[-1], 200, extra=granted))


def test_the_request() -> None:
    rig = Rig()
    rig.core.register([account()], rig.now)
    [request] = rig.requests()
    assert (request.method, request.uri) == ("REGISTER", "sip:192.0.2.7:5070")
    assert str(request.to) == "<sip:4711@carrier.example>"
    assert request.headers.get("Contact") == "<sip:4711@198.51.100.1:5060>"
    assert request.headers.get("Expires") == "300"


def test_it_is_refreshed_before_it_runs_out_and_told_once() -> None:
    rig = Rig()
    registered(rig, "Contact: <sip:4711@198.51.100.1:5060>;expires=200\r\n")
    assert rig.events() == [TrunkChanged("main", True, "registered")]
    rig.advance(159 * SECOND)
    assert rig.requests() == []
    rig.advance(SECOND)
    [again] = rig.requests()
    assert again.cseq.number == 2
    rig.feed(reply(again, 200, extra="Expires: 200\r\n"))
    assert rig.events() == []


def test_a_refusal_is_tried_again_with_growing_pauses() -> None:
    rig = Rig()
    rig.core.register([account()], rig.now)
    pauses = []
    for _ in range(9):
        [request] = rig.requests()
        rig.feed(reply(request, 403))
        assert rig.one(TrunkChanged) == TrunkChanged("main", False, "403")
        due = rig.core.registrations["main"].next_deadline()
        assert due is not None
        pauses.append((due - rig.now) // SECOND)
        rig.advance(due - rig.now)
    assert pauses[0] == FIRST_RETRY_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == LAST_RETRY_S


def test_a_registrar_that_is_silent_counts_as_408() -> None:
    rig = Rig()
    rig.core.register([account()], rig.now)
    rig.advance(33 * SECOND)
    assert rig.one(TrunkChanged).reason == "408"


def test_wrong_credentials_are_not_repeated_at_once() -> None:
    rig = Rig()
    rig.core.register([account()], rig.now)
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"\r\n'
    rig.feed(reply(rig.requests()[-1], 401, extra=challenge))
    [second] = rig.requests()
    assert second.headers.get("Authorization") is not None
    rig.feed(reply(second, 401, extra=challenge))
    assert rig.requests() == []
    assert rig.one(TrunkChanged) == TrunkChanged("main", False, "401")


def test_what_is_not_wanted_any_more_signs_off() -> None:
    rig = Rig()
    registered(rig, "Expires: 300\r\n")
    rig.core.register([account()], rig.now)
    assert rig.requests() == [], "the same account stays as it is"
    rig.core.register([], rig.now)
    [off] = rig.requests()
    assert off.headers.get("Expires") == "0"
    rig.feed(reply(off, 200))
    rig.events()
    rig.settle()


def test_an_address_that_cannot_be_used_is_a_mistake_of_the_site() -> None:
    with pytest.raises(ValueError, match="transport"):
        Rig().core.register([account("sip:192.0.2.7;transport=sctp")], 0)


async def test_our_own_registrar_takes_us(desk: Desk, other: Desk) -> None:
    mine = Account("main", f"sip:{desk.uri}", "127.0.0.1", Login("1001", "pw-1001"))
    other.ua.register([mine])
    assert (await other.wait(TrunkChanged)).up
    assert (await desk.wait(PhoneRegistered)).user == "1001"
    desk.ua.dial("in", "1001", b"", from_user="400", from_display="")
    other.ua.register([])
    await desk.wait(PhoneUnregistered)


async def test_our_own_registrar_refuses_a_wrong_password(desk: Desk, other: Desk) -> None:
    other.ua.register([Account("main", f"sip:{desk.uri}", "127.0.0.1", Login("1001", "wrong"))])
    told = await other.wait(TrunkChanged)
    assert (told.up, told.reason) == (False, "401")


@pytest.mark.sipp
async def test_sipps_registrar(desk: Desk, sipp: Sipp, unused_port: int) -> None:
    process = await sipp.start("trunk_register", "-p", str(unused_port))
    desk.ua.register([account(f"sip:127.0.0.1:{unused_port}")])
    await desk.wait(TrunkChanged)
    core: Core = desk.ua._core
    registration = core.registrations["main"]
    await until(lambda: (registration.state, registration._cseq) == (State.IN, 4), "the refresh")
    desk.ua.register([])
    await sipp.finish(process)
