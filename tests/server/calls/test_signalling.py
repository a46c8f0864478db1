"""SIP and voice brought together: events, phones' secrets, and bindings in a real store."""

from typing import Any, get_args

import pytest
from msgspec.structs import replace

from records.phones import phone_secret
from server.calls.signalling import PhoneBindings, PhoneCredentials, hand_over
from sip import events as sip
from sip.bindings import Binding
from store.bindings import BindingStore
from store.connection import StoreConnection
from store.errors import StoreLost
from voice.phone_transfers import Referral
from voice.ports import CallOffer

RECEIVED = sip.CallReceived("c", "0755", "h", "Cai", "400", "h", b"sdp", "192.0.2.1", 5060, "UDP", "id", None)


class Conductor:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.phones = self.moving = self

    def __getattr__(self, name: str) -> Any:
        return lambda *what: self.told.append((name, *what))


EVENTS: list[tuple[sip.SipEvent, list[tuple[Any, ...]]]] = [
    (RECEIVED, [("call_received", CallOffer("c", "0755", "Cai", "400", b"sdp"))]),
    (
        replace(RECEIVED, user="2001", at_phone=True, replaces="d"),
        [("call_received", CallOffer("c", "0755", "Cai", "400", b"sdp", "2001", at_phone=True, replaces="d"))],
    ),
    (sip.CallConfirmed("c", None), [("call_confirmed", "c", None)]),
    (sip.CallAnswered("c", b"sdp"), [("call_answered", "c", b"sdp")]),
    (sip.CallFailed("c", 486, "Busy"), [("call_failed", "c", 486, "Busy")]),
    (sip.CallCancelled("c"), [("call_ended", "c", "cancelled")]),
    (sip.CallEnded("c", "remote", ""), [("call_ended", "c", "remote")]),
    (sip.CallEnded("c", "timeout", "no ACK"), [("call_ended", "c", "no ACK")]),
    (sip.OfferReceived("c", b"sdp"), [("offer_received", "c", b"sdp")]),
    (sip.DigitPressed("c", "5", 100), [("digit_pressed", "c", "5")]),
    (sip.PhoneRegistered("2001", 9), [("phone", "2001", True)]),
    (sip.PhoneUnregistered("2001"), [("phone", "2001", False)]),
    (sip.CallRinging("c", 180), [("call_rang", "c")]),
    (sip.ReferReceived("c", "cai", "", False), [("refer", Referral("c", "cai", "", False))]),
    (sip.ReferAnswered("c", 202), [("answered", "c", 202)]),
    (sip.TrunkChanged("main", True, "registered"), []),
    (sip.OfferWithdrawn("c"), []),
    (sip.OfferRefused("c", 488, ""), []),
]


@pytest.mark.parametrize(("event", "told"), EVENTS)
def test_events_reach_whom_they_concern(event: sip.SipEvent, told: list[tuple[Any, ...]]) -> None:
    conductor: Any = Conductor()
    hand_over(event, conductor, lambda user, there: conductor.told.append(("phone", user, there)))
    assert conductor.told == told


def test_every_event_of_the_user_agent_is_known() -> None:
    assert {type(event) for event, _ in EVENTS} == set(get_args(sip.SipEvent))


def test_secrets_of_phones() -> None:
    secret = phone_secret("2001", "jackfield", "pw")
    known = PhoneCredentials({"2001": secret})
    assert known.ha1("2001", "jackfield", "MD5") == secret.ha1_md5
    assert known.ha1("2001", "jackfield", "SHA-256") == secret.ha1_sha256
    assert known.ha1("2001", "elsewhere", "MD5") is None
    assert known.ha1("2002", "jackfield", "MD5") is None


def binding(contact: str, user: str, expires_at: int = 2_000_000_000) -> Binding:
    return Binding(user, contact, 1000, expires_at, "call", 7, "UDP", "192.0.2.1", 5060, "<urn:uuid:1>")


def phones(connection: StoreConnection, *users: str, now: int = 1_000_000_000) -> PhoneBindings:
    return PhoneBindings(BindingStore(connection), users, "n1.1", lambda: now)


async def test_bindings_survive_a_restart(connection: StoreConnection, shard: str) -> None:
    user, other = f"{shard}-a", f"{shard}-b"
    kept = [binding("sip:x@192.0.2.1", user), binding("sip:y@192.0.2.1", user)]
    first = phones(connection, user, other)
    assert await first.load() == []
    await first.save(user, kept)
    await first.save(other, [binding("sip:z@192.0.2.1", other)])
    again = await phones(connection, user, other).load()
    assert sorted(again, key=lambda one: one.contact) == [*kept, binding("sip:z@192.0.2.1", other)]


async def test_saving_replaces_also_what_an_earlier_run_left(connection: StoreConnection, shard: str) -> None:
    await phones(connection, shard).save(shard, [binding("sip:old@192.0.2.1", shard), binding("sip:x@h", shard)])
    second = phones(connection, shard)
    await second.load()
    await second.save(shard, [binding("sip:new@192.0.2.1", shard)])
    assert [one.contact for one in await phones(connection, shard).load()] == ["sip:new@192.0.2.1"]
    await second.save(shard, [])
    assert await phones(connection, shard).load() == []


async def test_what_has_expired_is_not_loaded(connection: StoreConnection, shard: str) -> None:
    await phones(connection, shard).save(shard, [binding("sip:x@h", shard)])
    assert await phones(connection, shard, now=2_000_000_001).load() == []


async def test_a_store_that_is_away_means_no_phones_and_no_error(
    connection: StoreConnection, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = phones(connection, shard)

    async def lost(*_: object, **__: object) -> None:
        raise StoreLost("gone")

    monkeypatch.setattr(BindingStore, "load", lost)
    assert await made.load() == []
    monkeypatch.setattr(BindingStore, "save", lost)
    await made.save(shard, [binding("sip:x@h", shard)])
