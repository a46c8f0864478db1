"""Who is shut out, for how long, and who never is."""

import ipaddress
from dataclasses import replace

import pytest

from sip.core import outgoing
from sip.events import CallReceived
from sip.flow import Flow
from sip.guard import Ban, Guard, GuardSettings
from sip.registrar import Registrar
from tests.sip.rig import PEER, SDP, SECOND, Peer, Rig, reply
from tests.sip.test_registrar import Accounts, Phone

SETTINGS = GuardSettings(offences=3, period_us=60 * SECOND, ban_us=10 * SECOND, spared=())
OTHER = Flow("UDP", "192.0.2.8", 5080)
HOST = PEER.host


@pytest.fixture
def guard() -> Guard:
    return Guard(SETTINGS)


@pytest.fixture
def rig() -> Rig:
    made = Rig(guard=SETTINGS)
    made.core.registrar = Registrar(made.core.context, Accounts(), b"secret")
    return made


def offend(guard: Guard, times: int, now: int, host: str = HOST) -> None:
    for _ in range(times):
        guard.offence(host, now)


def test_so_much_is_borne_and_then_nothing_is_read(guard: Guard) -> None:
    told: list[Ban] = []
    guard.on_ban = told.append
    offend(guard, 3, 100)
    assert not guard.refuses(HOST, 100)
    offend(guard, 1, 100)
    assert guard.refuses(HOST, 100)
    assert not guard.refuses(OTHER.host, 100)
    assert told == guard.bans(100) == [Ban(HOST, 100, 100 + 10 * SECOND, 1)]
    assert not guard.refuses(HOST, 100 + 10 * SECOND)
    assert guard.bans(100 + 10 * SECOND) == []


def test_few_offences_over_a_long_time_are_borne(guard: Guard) -> None:
    for minute in range(100):
        offend(guard, 2, minute * 60 * SECOND)
    assert not guard.refuses(HOST, 100 * 60 * SECOND)


def test_each_further_ban_lasts_twice_as_long_up_to_a_bound_and_a_day_later_it_is_forgotten(guard: Guard) -> None:
    now, lengths = 0, []
    for _ in range(9):
        offend(guard, 4, now)
        (ban,) = guard.bans(now)
        lengths.append((ban.until - ban.since) // SECOND)
        now = ban.until
    assert lengths == [10, 20, 40, 80, 160, 320, 640, 640, 640]
    now += 25 * 3600 * SECOND
    offend(guard, 4, now)
    assert guard.bans(now) == [Ban(HOST, now, now + 10 * SECOND, 1)]


def test_a_ban_can_be_lifted(guard: Guard) -> None:
    offend(guard, 4, 0)
    assert guard.lift(HOST)
    assert not guard.refuses(HOST, 0)
    assert not guard.lift(HOST)
    assert not guard.lift("nobody")


def test_who_proved_a_password_is_spared_until_that_is_long_ago(guard: Guard) -> None:
    guard.proved(HOST, 60 * SECOND)
    offend(guard, 100, 0)
    assert not guard.refuses(HOST, 0)
    offend(guard, 4, 61 * SECOND)
    assert guard.refuses(HOST, 61 * SECOND)


@pytest.mark.parametrize("host", ["192.0.2.9", "2001:db8::5"])
def test_networks_can_be_spared(host: str) -> None:
    networks = tuple(ipaddress.ip_network(text) for text in ("192.0.2.0/24", "2001:db8::/32"))
    guard = Guard(replace(SETTINGS, spared=networks))
    offend(guard, 100, 0, host)
    offend(guard, 100, 0, "198.51.100.9")
    assert [ban.host for ban in guard.bans(0)] == ["198.51.100.9"]


def test_zero_shuts_nobody_out() -> None:
    guard = Guard(replace(SETTINGS, offences=0))
    offend(guard, 1000, 0)
    assert not guard.refuses(HOST, 0)


def test_memory_is_bounded_and_the_quietest_host_is_forgotten() -> None:
    guard = Guard(replace(SETTINGS, max_hosts=10))
    offend(guard, 4, 0, "first")
    for number in range(10):
        offend(guard, 1, 0, f"host-{number}")
    assert len(guard) == 10
    assert not guard.refuses("first", 0)


# --- what counts, through the whole user agent


def test_guessing_passwords(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    rig.now += 7200 * SECOND
    guesser = Phone(rig, source=OTHER)
    assert [guesser.register(password=f"guess-{number}").status for number in range(4)] == [401] * 4
    rig.taken()
    rig.feed(guesser.message("<sip:1001@10.0.0.9:5062>"), OTHER)
    assert rig.taken() == []
    assert rig.core.context.counters["banned"] == 1
    assert phone.register().status in (200, 401)


def test_a_registered_phone_cannot_be_shut_out_by_forged_datagrams(rig: Rig) -> None:
    phone = Phone(rig)
    assert phone.register().status == 200
    for _ in range(100):
        rig.feed("INVITE forged\r\n\r\n")
    assert phone.register().status == 200


def test_a_challenge_that_is_not_answered_yet_is_no_offence(rig: Rig) -> None:
    for number in range(50):
        assert Phone(rig, source=Flow("UDP", HOST, 6000 + number)).send().status == 401


def test_trying_numbers(rig: Rig) -> None:
    scanner = Peer("scanner")
    for _ in range(4):
        rig.feed(scanner.next("INVITE", body=SDP))
        call = next(event.call for event in rig.events() if isinstance(event, CallReceived))
        rig.core.reject(call, 404, None, rig.now)
        scanner = Peer(f"scanner-{call}")
    rig.taken()
    rig.feed(Peer("once more").next("INVITE", body=SDP))
    assert rig.taken() == []
    assert not [event for event in rig.events() if isinstance(event, CallReceived)]


def test_a_call_that_is_refused_for_our_own_reasons_is_no_offence(rig: Rig) -> None:
    for number in range(20):
        rig.feed(Peer(f"caller-{number}").next("INVITE", body=SDP))
        call = next(event.call for event in rig.events() if isinstance(event, CallReceived))
        rig.core.reject(call, 486, None, rig.now)
    assert not rig.core.context.guard.refuses(HOST, rig.now)


def test_what_is_no_sip(rig: Rig) -> None:
    for _ in range(4):
        rig.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert rig.core.context.guard.refuses(HOST, rig.now)


def test_keepalives_are_no_offence(rig: Rig) -> None:
    for _ in range(100):
        rig.feed("\r\n\r\n")
    assert not rig.core.context.guard.refuses(HOST, rig.now)


def test_who_answers_our_requests_is_spared(rig: Rig) -> None:
    rig.core.dial("out", f"sip:100@{HOST}:{PEER.port}", outgoing("400", "", SDP, {}), rig.now)
    (invite,) = rig.requests()
    rig.feed(reply(invite, 486))
    for _ in range(100):
        rig.feed("nonsense")
    assert not rig.core.context.guard.refuses(HOST, rig.now)
