"""Registration: the challenge, bindings, their end, and dialling by them."""

from dataclasses import replace
from typing import Any

import pytest

from sip.bindings import Binding
from sip.core import outgoing
from sip.digest import Proof, authorization, ha1
from sip.events import CallEnded, CallReceived, PhoneRegistered, PhoneUnregistered
from sip.flow import Flow
from sip.headers import parse_auth
from sip.message import Response
from sip.registrar import Registrar
from tests.sip.rig import PEER, SDP, SECOND, Peer, Rig

URI = "sip:198.51.100.1"


class Accounts:
    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        return ha1(user, realm, "pw-" + user, algorithm) if user in ("1001", "1002") else None


class Phone:
    """A phone that knows how to answer a challenge."""

    def __init__(self, rig: Rig, user: str = "1001", source: Flow = PEER, algorithm: str = "MD5") -> None:
        self.rig, self.user, self.source, self.algorithm = rig, user, source, algorithm
        self.peer = Peer(f"reg-{user}-{source.port}", cseq=0)
        self.nonce, self.count = "", 0

    def message(self, contact: str, extra: str = "", password: str | None = None, to: str | None = None) -> bytes:
        if self.nonce:
            self.count += 1
            secret = ha1(self.user, "jackfield", password or "pw-" + self.user, self.algorithm)
            proof = Proof(secret, self.nonce, "REGISTER", URI, self.algorithm, f"{self.count:08x}", "c")
            extra += f"Authorization: {authorization(self.user, 'jackfield', proof)}\r\n"
        data = self.peer.next("REGISTER", extra=extra, uri=URI)
        data = data.replace(b"<sip:400@198.51.100.1>", f"<sip:{to or self.user}@198.51.100.1>".encode())
        old = b"Contact: <sip:alice@192.0.2.7:5070>\r\n"
        return data.replace(old, b"".join(f"Contact: {c}\r\n".encode() for c in contact.split("|") if c))

    def send(self, contact: str = "<sip:1001@10.0.0.9:5062>;expires=600", **more: Any) -> Response:
        self.rig.feed(self.message(contact, **more), self.source)
        return self.rig.responses()[-1]

    def register(self, contact: str = "<sip:1001@10.0.0.9:5062>;expires=600", **more: Any) -> Response:
        """With the challenge answered."""
        if not self.nonce:
            challenge = self.send(contact)
            assert challenge.status == 401
            values = [parse_auth(v).params for v in challenge.headers.rows("WWW-Authenticate")]
            self.nonce = next(v["nonce"] for v in values if v["algorithm"] == self.algorithm)
        return self.send(contact, **more)


@pytest.fixture
def rig() -> Rig:
    made = Rig(digest_algorithms=("SHA-256", "MD5"))
    made.core.registrar = Registrar(made.core.context, Accounts(), b"key")
    return made


def registrar(rig: Rig) -> Registrar:
    assert rig.core.registrar is not None
    return rig.core.registrar


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_register(rig: Rig, algorithm: str) -> None:
    phone = Phone(rig, algorithm=algorithm)
    ok = phone.register()
    assert ok.status == 200
    assert ok.headers.rows("Contact") == ["<sip:1001@10.0.0.9:5062>;expires=600;q=1"]
    assert rig.events() == [PhoneRegistered("1001", rig.now + 600 * SECOND)]
    assert registrar(rig).registered("1001", rig.now)
    assert registrar(rig).changed == {"1001"}
    [binding] = registrar(rig).bindings("1001")
    assert binding.flow == PEER


def test_a_repeated_register_gets_the_same_answer(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    again = phone.message("<sip:1001@10.0.0.9:5062>;expires=600")
    rig.feed(again, PEER)
    rig.feed(again, PEER)
    assert rig.statuses() == [200, 200]


def test_wrong_credentials_cost_no_memory(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    rig.settle()
    registrar(rig).changed.clear()
    for _ in range(50):
        assert phone.send(password="guess").status == 401
        assert Phone(rig, "ghost").send().status == 401
    assert rig.idle()
    assert registrar(rig).changed == set()
    assert rig.core.context.counters["register_wrong_credentials"] == 50


def test_one_user_cannot_register_another(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    assert phone.send(to="1002").status == 403


def test_stale_nonce_is_challenged_anew(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    rig.advance(400 * SECOND)
    challenge = phone.register()
    assert challenge.status == 401
    assert "stale=true" in challenge.headers.rows("WWW-Authenticate")[0]
    phone.nonce, phone.count = "", 0
    assert phone.register().status == 200


def test_broken_credentials_are_a_bad_request(rig: Rig) -> None:
    assert Phone(rig).send(extra="Authorization: Digest x\r\n").status == 400


def test_expiry_and_removal(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    rig.events()
    rig.advance(601 * SECOND)
    assert rig.events() == [PhoneUnregistered("1001")]
    assert not registrar(rig).registered("1001", rig.now)
    phone.nonce, phone.count = "", 0
    phone.register()
    rig.events()
    ok = phone.register("<sip:1001@10.0.0.9:5062>;expires=0")
    assert ok.headers.rows("Contact") == []
    assert rig.events() == [PhoneUnregistered("1001")]


def test_star_removes_all_but_only_with_expires_0(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register("<sip:a@h1>|<sip:a@h2>;q=0.3", extra="Expires: 100\r\n")
    assert phone.send("*").status == 400
    assert phone.send("*", extra="Expires: 0\r\n").status == 200
    assert registrar(rig).bindings("1001") == []


def test_fetch_changes_nothing(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    rig.events()
    ok = phone.register("")
    assert (ok.status, len(ok.headers.rows("Contact"))) == (200, 1)
    assert rig.events() == []


def test_expires_too_brief_too_long_and_absent(rig: Rig) -> None:
    phone = Phone(rig)
    brief = phone.register("<sip:a@h>;expires=5")
    assert (brief.status, brief.headers.get("Min-Expires")) == (423, "60")
    assert ";expires=86400;" in phone.register("<sip:a@h>;expires=999999999").headers.rows("Contact")[0]
    assert ";expires=3600;" in phone.register("<sip:a@h>").headers.rows("Contact")[0]
    assert ";expires=3600;" in phone.register("<sip:a@h>;expires=soon").headers.rows("Contact")[0]
    assert ";expires=120;" in phone.register("<sip:a@h>", extra="Expires: 120\r\n").headers.rows("Contact")[0]


def test_an_older_register_of_the_same_call_is_refused(rig: Rig) -> None:
    phone = Phone(rig)
    phone.register()
    phone.peer.cseq -= 2
    assert phone.send().status == 500


def test_contacts_are_limited_and_the_newest_stay(rig: Rig) -> None:
    phone = Phone(rig)
    for n in range(12):
        assert phone.register(f"<sip:1001@10.0.0.{n}>").status == 200
    kept = [b.contact for b in registrar(rig).bindings("1001")]
    assert kept == [f"sip:1001@10.0.0.{n}" for n in range(11, 3, -1)]


def test_a_phone_that_moved_replaces_its_own_binding(rig: Rig) -> None:
    instance = ';+sip.instance="<urn:uuid:1>"'
    Phone(rig).register(f"<sip:1001@10.0.0.1:5062>{instance}")
    moved = Phone(rig, source=Flow("TCP", "203.0.113.9", 40_000))
    moved.register(f"<sip:1001@10.0.0.2:7777;transport=tcp>{instance}")
    [target] = registrar(rig).targets("1001", rig.now)
    assert (target.flow.transport, target.flow.port, target.pinned) == ("TCP", 40_000, True)
    assert target.fallback == Flow("TCP", "10.0.0.2", 7777)


def test_targets_by_q_and_dialling_reuses_the_flow(rig: Rig) -> None:
    nat = Flow("UDP", "203.0.113.9", 40_000)
    Phone(rig).register("<sip:1001@10.0.0.1>;q=0.5")
    Phone(rig, source=nat).register("<sip:1001@10.0.0.2>;q=0.9")
    rig.taken()
    rig.core.dial("c1", "1001", outgoing("400", "", SDP, {}), rig.now)
    first, second = rig.taken()
    assert (first.flow, first.message.to.uri) == (nat, "sip:1001@10.0.0.2")
    assert second.flow == PEER


@pytest.mark.parametrize("contact", ["<mailto:a@h>", "<sip:a@h", "*|<sip:a@h>"])
def test_bad_contacts_change_nothing(rig: Rig, contact: str) -> None:
    phone = Phone(rig)
    phone.register("")
    assert phone.send(contact).status == 400
    assert registrar(rig).bindings("1001") == []


@pytest.mark.parametrize(("q", "stored"), [("0.25", 250), ("7", 1000), ("-1", 0), ("nan", 1000), ("x", 1000)])
def test_q_values(rig: Rig, q: str, stored: int) -> None:
    Phone(rig).register(f"<sip:a@h>;q={q}")
    assert registrar(rig).bindings("1001")[0].q == stored


def test_restore(rig: Rig) -> None:
    binding = Binding("1001", "sip:a@h", 1000, rig.now + 60 * SECOND, "c", 1, "UDP", "192.0.2.1", 5)
    registrar(rig).restore([binding, replace(binding, user="1002", expires_at_us=rig.now)], rig.now)
    assert rig.events() == [PhoneRegistered("1001", rig.now + 60 * SECOND)]
    assert registrar(rig).changed == {"1002"}
    rig.advance(61 * SECOND)
    assert rig.events() == [PhoneUnregistered("1001")]


def test_phones_on_tls_are_forgotten_when_tls_is_off(rig: Rig) -> None:
    binding = Binding("1001", "sips:a@h", 1000, rig.now + 60 * SECOND, "c", 1, "TLS", "192.0.2.1", 5)
    registrar(rig).restore([binding], rig.now)
    assert (rig.events(), registrar(rig).changed) == ([], {"1001"})
    on = Rig(tls_port=5061)
    on.core.registrar = Registrar(on.core.context, Accounts(), b"key")
    on.core.registrar.restore([binding], on.now)
    assert [target.flow.transport for target in on.core.registrar.targets("1001", on.now)] == ["TLS"]


@pytest.mark.parametrize(("source", "status"), [(PEER, 400), (Flow("TLS", "192.0.2.7", 40_000), 200)])
def test_a_sips_contact_needs_tls(source: Flow, status: int) -> None:
    rig = Rig(tls_port=5061)
    rig.core.registrar = Registrar(rig.core.context, Accounts(), b"key")
    assert Phone(rig, source=source).register("<sips:1001@10.0.0.9>").status == status


def test_without_a_registrar() -> None:
    rig = Rig()
    rig.feed(Peer().request("REGISTER", uri=URI))
    assert rig.statuses() == [405]


def test_a_phone_that_calls_is_asked_for_its_password(rig: Rig) -> None:
    Phone(rig).register()
    assert rig.core.context.is_ours("198.51.100.1")
    rig.events()

    def invite(extra: str = "", source: Flow = PEER) -> CallReceived:
        data = peer.next("INVITE", SDP, extra=extra).replace(b"sip:alice@example.net", b"sip:1001@198.51.100.1")
        rig.feed(data, source)
        event = rig.events()[-1]
        assert isinstance(event, CallReceived)
        return event

    def proof(password: str) -> str:
        made = Proof(
            ha1("1001", "jackfield", password), nonce, "INVITE", "sip:400@198.51.100.1:5060", "MD5", "1" * 8, "c"
        )
        return f"Authorization: {authorization('1001', 'jackfield', made)}\r\n"

    peer = Peer("own", cseq=0)
    asked = invite()
    assert (asked.user, asked.at_phone) == ("", True)
    rig.taken()
    rig.core.challenge(asked.call, rig.now)
    [challenge] = rig.responses()
    assert isinstance(rig.events()[-1], CallEnded)
    [nonce] = [parse_auth(row).params["nonce"] for row in challenge.headers.rows("WWW-Authenticate") if "=MD5" in row]
    right = invite(proof("pw-1001"))
    assert right.user == "1001"
    peer = Peer("wrong", cseq=0)
    wrong = invite(proof("guess"))
    assert (wrong.user, wrong.at_phone) == ("", True)
    peer = Peer("elsewhere", cseq=0)
    elsewhere = invite(source=Flow("UDP", "203.0.113.5", 5060))
    assert not elsewhere.at_phone, "who is not where the phone is learns nothing of it"
