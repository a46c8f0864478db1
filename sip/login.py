"""Credentials towards others: answers a challenge of a registrar, proxy or trunk (RFC 3261 s.22, RFC 8760). Pure."""

from dataclasses import dataclass, field

from sip.digest import ALGORITHMS, Proof, authorization, ha1
from sip.headers import Auth, Malformed, parse_auth
from sip.message import Headers, Request, Response, make_request

_HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
CHALLENGES = frozenset(_HEADERS)
AUTHORIZATIONS = ("Authorization", "Proxy-Authorization")


@dataclass(frozen=True, slots=True)
class Login:
    """By what the far side knows us."""

    user: str
    password: str = field(repr=False)


def answer(request: Request, response: Response, login: Login, via: str, cnonce: str) -> Request | None:
    """The request once more with credentials, under the next CSeq; None when there is no challenge that we can answer.

    A second refusal of the same credentials is final, unless the nonce was merely too old (stale=true).
    """
    asked, answered = _HEADERS[response.status]
    challenge = _best(response, asked)
    if challenge is None:
        return None
    tried = request.headers.get(answered) is not None
    if tried and challenge.params.get("stale", "").lower() != "true":
        return None
    row = (answered, _credentials(request, challenge, login, cnonce))
    kept = [(name, value) for name, value in request.headers if name not in (answered, "Content-Length")]
    return renumbered(request, [*kept, row], via)


def renumbered(request: Request, rows: list[tuple[str, str]], via: str) -> Request:
    """The same request with these rows, a fresh Via and the next CSeq."""
    number = f"{request.cseq.number + 1} {request.method}"
    changed = [(name, {"Via": via, "CSeq": number}.get(name, value)) for name, value in rows]
    return make_request(request.method, request.uri, Headers(changed), request.body)


def _best(response: Response, header: str) -> Auth | None:
    """The first challenge that we can answer: they stand in the far side's order of preference (RFC 8760 s.2.4)."""
    for value in response.headers.rows(header):
        try:
            found = parse_auth(value)
        except Malformed:
            continue
        params = found.params
        known = params.get("algorithm", "MD5").upper() in ALGORITHMS
        ways = [way.strip().lower() for way in params.get("qop", "auth").split(",")]
        if found.scheme == "digest" and known and "auth" in ways and {"realm", "nonce"} <= params.keys():
            return found
    return None


def _credentials(request: Request, challenge: Auth, login: Login, cnonce: str) -> str:
    p = challenge.params
    algorithm = p.get("algorithm", "MD5").upper()
    secret = ha1(login.user, p["realm"], login.password, algorithm)
    nc, nonce_of_ours = ("00000001", cnonce) if "qop" in p else ("", "")
    proof = Proof(secret, p["nonce"], request.method, request.uri, algorithm, nc, nonce_of_ours)
    opaque = f', opaque="{p["opaque"]}"' if "opaque" in p else ""
    return authorization(login.user, p["realm"], proof) + opaque
