"""Answers to challenges."""

from sip.digest import Digest, Verdict, ha1
from sip.headers import parse_auth
from sip.login import Login, answer
from sip.message import Request, Response, parse
from tests.sip.rig import Rig, counting_ids, reply

LOGIN = Login("4711", "sesame")


def challenged(*challenges: str, status: int = 401) -> tuple[Request, Response]:
    request = Rig().dial()
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    response = parse(reply(request, status, extra="".join(f"{name}: {value}\r\n" for value in challenges)))
    assert isinstance(response, Response)
    return request, response


def answered(request: Request, response: Response) -> Request:
    again = answer(request, response, LOGIN, "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-again", "c0ffee")
    assert again is not None
    return again


def test_a_registrar_of_ours_takes_the_answer() -> None:
    for algorithm in ("MD5", "SHA-256"):
        guard = Digest("r", b"secret", 10**9, counting_ids(), (algorithm,))
        request, response = challenged(*guard.challenges(0))
        again = answered(request, response)
        credentials = parse_auth(again.headers.get("Authorization") or "")
        verdict = guard.check(
            credentials, "INVITE", request.uri, lambda user, realm, how: ha1(user, realm, "sesame", how), 1
        )
        assert (verdict.verdict, verdict.user) == (Verdict.OK, "4711")


def test_it_is_the_next_request_of_the_same_call() -> None:
    request, response = challenged('Digest realm="r", nonce="n", opaque="o"', status=407)
    again = answered(request, response)
    assert (again.call_id, again.from_, again.body) == (request.call_id, request.from_, request.body)
    assert again.cseq.number == request.cseq.number + 1
    assert again.via.branch != request.via.branch
    sent = parse_auth(again.headers.get("Proxy-Authorization") or "").params
    assert (sent["username"], sent["opaque"], "qop" in sent) == ("4711", "o", False)
    assert len(again.headers.rows("Content-Length")) <= 1


def test_the_first_challenge_that_is_known_counts() -> None:
    request, response = challenged(
        'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth-int"',
        "broken",
        'Basic realm="r"',
        'Digest realm="r", nonce="4", algorithm=md5, qop="auth-int, auth"',
    )
    sent = parse_auth(answered(request, response).headers.get("Authorization") or "").params
    assert (sent["nonce"], sent["algorithm"], sent["nc"]) == ("4", "MD5", "00000001")


def test_the_same_credentials_are_not_sent_twice_unless_the_nonce_was_stale() -> None:
    request, response = challenged('Digest realm="r", nonce="n"')
    again = answered(request, response)
    assert answer(again, response, LOGIN, str(again.via), "c") is None
    _, stale = challenged('Digest realm="r", nonce="m", stale=TRUE')
    third = answer(again, stale, LOGIN, str(again.via), "c")
    assert third is not None
    assert len(third.headers.rows("Authorization")) == 1


def test_nothing_that_can_be_answered() -> None:
    request, response = challenged('Basic realm="r"')
    assert answer(request, response, LOGIN, str(request.via), "c") is None
    assert "sesame" not in repr(LOGIN)
