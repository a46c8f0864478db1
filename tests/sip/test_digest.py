"""Digest: the RFC's own example, and each way to be refused."""

from dataclasses import replace
from typing import Any

import pytest

from sip.digest import ALGORITHMS, Checked, Digest, Proof, Verdict, authorization, ha1
from sip.headers import parse_auth
from tests.sip.rig import SECOND, counting_ids

NOW = 10_000 * SECOND
REALM, URI = "jackfield", "sip:198.51.100.1"


def lookup(user: str, realm: str, algorithm: str) -> str | None:
    return ha1(user, realm, "s3cret", algorithm) if user == "1001" else None


def make() -> Digest:
    return Digest(REALM, b"key", 60 * SECOND, counting_ids())


def nonce_of(digest: Digest, now: int = NOW) -> str:
    return parse_auth(digest.challenges(now)[0]).params["nonce"]


def proof(digest: Digest, algorithm: str = "MD5", **changes: Any) -> Proof:
    made = Proof(ha1("1001", REALM, "s3cret", algorithm), nonce_of(digest), "REGISTER", URI, algorithm, "00000001", "c")
    return replace(made, **changes)


def check(digest: Digest, made: Proof, *, user: str = "1001", realm: str = REALM, now: int = NOW) -> Checked:
    return digest.check(parse_auth(authorization(user, realm, made)), "REGISTER", URI, lookup, now)


def test_the_example_of_rfc_2617() -> None:
    """RFC 2617 s.3.5, with the password that RFC 3261's errata and RFC 7616 kept."""
    made = Proof(
        ha1("Mufasa", "testrealm@host.com", "Circle Of Life"),
        "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "GET",
        "/dir/index.html",
        "MD5",
        "00000001",
        "0a4f113b",
    )
    assert made.response() == "6629fae49393a05397450978507c4ef1"


def test_the_example_of_rfc_7616() -> None:
    """RFC 7616 s.3.9.1, SHA-256."""
    made = Proof(
        ha1("Mufasa", "http-auth@example.org", "Circle of Life", "SHA-256"),
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "GET",
        "/dir/index.html",
        "SHA-256",
        "00000001",
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert made.response() == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def test_one_challenge_for_each_algorithm() -> None:
    found = [parse_auth(c).params for c in make().challenges(NOW, stale=True)]
    assert tuple(p["algorithm"] for p in found) == ALGORITHMS
    assert {(p["realm"], p["qop"], p["stale"]) for p in found} == {(REALM, "auth", "true")}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_right_credentials(algorithm: str) -> None:
    digest = make()
    assert check(digest, proof(digest, algorithm)) == Checked(Verdict.OK, "1001")


def test_without_qop_as_rfc_2069_peers_do_but_once() -> None:
    digest = make()
    made = proof(digest, nc="", cnonce="")
    assert check(digest, made).verdict is Verdict.OK
    assert check(digest, made).verdict is Verdict.STALE


def test_nonce_count_must_grow() -> None:
    digest = make()
    first = proof(digest)
    assert check(digest, first).verdict is Verdict.OK
    assert check(digest, first).verdict is Verdict.STALE
    assert check(digest, replace(first, nc="00000002")).verdict is Verdict.OK
    assert check(digest, replace(first, nc="zz")).verdict is Verdict.STALE


def test_an_old_nonce_is_stale_only_for_who_knows_the_secret() -> None:
    digest = make()
    made = proof(digest)
    assert check(digest, made, now=NOW + 61 * SECOND).verdict is Verdict.STALE
    wrong = replace(made, ha1="0" * 32)
    assert check(digest, wrong, now=NOW + 61 * SECOND).verdict is Verdict.WRONG


def test_nonces_that_are_too_old_are_not_remembered() -> None:
    digest = make()
    for number in range(3):
        now = NOW + number * 40 * SECOND
        assert check(digest, proof(digest, nonce=nonce_of(digest, now)), now=now).verdict is Verdict.OK
    assert digest.remembered == 2, "the first is older than a nonce serves"


def test_wrong_credentials() -> None:
    digest = make()
    good = proof(digest)
    assert check(digest, good, user="9").verdict is Verdict.WRONG
    assert check(digest, good, realm="other").verdict is Verdict.WRONG
    for bad in (
        replace(good, ha1="1" * 32),
        replace(good, nonce="forged"),
        replace(good, nonce="zz.1.2"),
        replace(good, uri="sip:elsewhere"),
        replace(good, method="INVITE"),
        replace(good, ha1="0" * 32),
    ):
        assert check(digest, bad).verdict is Verdict.WRONG
    basic = parse_auth("Basic a=b")
    assert digest.check(basic, "REGISTER", URI, lookup, NOW).verdict is Verdict.WRONG
    unknown = parse_auth(authorization("1001", REALM, good).replace("algorithm=MD5", "algorithm=SHA-3"))
    assert digest.check(unknown, "REGISTER", URI, lookup, NOW).verdict is Verdict.WRONG
    integrity = parse_auth(authorization("1001", REALM, good).replace("qop=auth", "qop=auth-int"))
    assert digest.check(integrity, "REGISTER", URI, lookup, NOW).verdict is Verdict.WRONG


def test_only_the_algorithms_that_are_offered_count() -> None:
    digest = Digest(REALM, b"key", 60 * SECOND, counting_ids(), ("SHA-256",))
    assert len(digest.challenges(NOW)) == 1
    assert check(digest, proof(digest, "SHA-256")).verdict is Verdict.OK
    assert check(digest, proof(digest, "MD5")).verdict is Verdict.WRONG
    with pytest.raises(ValueError, match="algorithms"):
        Digest(REALM, b"key", 1, counting_ids(), ("MD4",))


def test_an_unknown_user_with_the_placeholder_secret_stays_out() -> None:
    digest = make()
    made = proof(digest, ha1="0" * 32)
    assert check(digest, made, user="ghost").verdict is Verdict.WRONG
