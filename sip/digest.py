"""HTTP digest for SIP (RFC 7616, RFC 2617, RFC 8760): MD5 and SHA-256, qop=auth. Pure; secrets are injected.

Nonces are self-contained (time and HMAC), so nothing is kept for a challenge that nobody answers; only nonces that
authenticated someone are remembered, for as long as they serve, to refuse a nonce count that was used before.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sip.headers import Auth, Malformed, parse_uri

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
ALGORITHMS = ("SHA-256", "MD5")
_MAX_NONCES = 20_000

Ha1Lookup = Callable[[str, str, str], str | None]


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode()).hexdigest()


def ha1(user: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """What a site stores in place of a password (hex)."""
    return _hash(algorithm, f"{user}:{realm}:{password}")


@dataclass(frozen=True, slots=True)
class Proof:
    """The inputs of a digest response; `nc` is the eight hex digits as sent, empty without qop."""

    ha1: str
    nonce: str
    method: str
    uri: str
    algorithm: str = "MD5"
    nc: str = ""
    cnonce: str = ""

    def response(self) -> str:
        """The response digest (RFC 7616 s.3.4.1), in hex."""
        ha2 = _hash(self.algorithm, f"{self.method}:{self.uri}")
        middle = f"{self.nonce}:{self.nc}:{self.cnonce}:auth" if self.nc else self.nonce
        return _hash(self.algorithm, f"{self.ha1}:{middle}:{ha2}")


class Verdict(Enum):
    """What credentials are worth."""

    OK = "ok"
    STALE = "right, but the nonce is too old or its count was used: challenge again with stale=true"
    WRONG = "wrong or absent"


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict, and the user name when it is OK."""

    verdict: Verdict
    user: str = ""


class Digest:
    """Makes challenges and checks credentials for one realm. `ids` gives the salt of a nonce."""

    def __init__(
        self,
        realm: str,
        secret: bytes,
        lifetime_us: int,
        ids: Callable[[], str],
        algorithms: Sequence[str] = ALGORITHMS,
    ) -> None:
        if not algorithms or not set(algorithms) <= set(_HASHES):
            raise ValueError(f"digest algorithms must be some of {ALGORITHMS}")
        self._algorithms = tuple(algorithms)
        self._realm = realm
        self._secret = secret
        self._lifetime = lifetime_us
        self._ids = ids
        self._counts: OrderedDict[str, int] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many nonces are."""
        return len(self._counts)

    def challenges(self, now: int, *, stale: bool = False) -> list[str]:
        """One challenge value for each algorithm, in the order of preference (RFC 8760 s.2.4)."""
        nonce = self._nonce(now)
        tail = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{tail}'
            for algorithm in self._algorithms
        ]

    def check(self, auth: Auth, method: str, request_uri: str, lookup: Ha1Lookup, now: int) -> Checked:
        """Check credentials. `lookup(user, realm, algorithm)` gives the HA1 or None."""
        p = auth.params
        algorithm = p.get("algorithm", "MD5").upper()
        user, nonce, uri = p.get("username", ""), p.get("nonce", ""), p.get("uri", "")
        wrong = Checked(Verdict.WRONG)
        if auth.scheme != "digest" or algorithm not in self._algorithms or p.get("realm") != self._realm:
            return wrong
        made = self._made(nonce)
        if made is None or not user or not _same_uri(uri, request_uri) or p.get("qop", "auth") != "auth":
            return wrong
        stored = lookup(user, self._realm, algorithm)
        proof = Proof(
            stored or "0" * 32,
            nonce,
            method,
            uri,
            algorithm,
            p.get("nc", "") if "qop" in p else "",
            p.get("cnonce", ""),
        )
        right = hmac.compare_digest(proof.response().encode(), p.get("response", "").lower().encode())
        if stored is None or not right:
            return wrong
        if not 0 <= now - made <= self._lifetime or not self._count(nonce, p):
            return Checked(Verdict.STALE)
        self._forget(now)
        return Checked(Verdict.OK, user)

    def _forget(self, now: int) -> None:
        """Nonces that are too old for any count, those used longest ago first."""
        while self._counts:
            made = self._made_at(nonce := next(iter(self._counts)))
            if now - made <= self._lifetime and len(self._counts) <= _MAX_NONCES:
                return
            del self._counts[nonce]

    def _nonce(self, now: int) -> str:
        body = f"{now:x}.{self._ids()}"
        return f"{body}.{self._mac(body)}"

    def _mac(self, body: str) -> str:
        return hmac.new(self._secret, body.encode(), hashlib.sha256).hexdigest()[:32]

    def _made(self, nonce: str) -> int | None:
        """When this nonce of ours was made, or None when it is not ours."""
        body, _, mac = nonce.rpartition(".")
        if not hmac.compare_digest(self._mac(body).encode(), mac.encode("utf-8", "replace")):
            return None
        return self._made_at(body)

    @staticmethod
    def _made_at(nonce: str) -> int:
        return int(nonce.partition(".")[0], 16)

    def _count(self, nonce: str, params: Mapping[str, str]) -> bool:
        """Take the nonce count; False when it is not above the last one. Without qop a nonce serves once."""
        try:
            count = int(params.get("nc", ""), 16) if "qop" in params else 1
        except ValueError:
            return False
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        return True


def _same_uri(stated: str, request_uri: str) -> bool:
    """The stated digest-uri must name the Request-URI's user and host; port and parameters are often left out."""
    try:
        one, other = parse_uri(stated), parse_uri(request_uri)
    except Malformed:
        return False
    return (one.scheme, one.user, one.host) == (other.scheme, other.user, other.host)


def authorization(user: str, realm: str, proof: Proof) -> str:
    """The Authorization value of a client."""
    tail = f', qop=auth, nc={proof.nc}, cnonce="{proof.cnonce}"' if proof.nc else ""
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{proof.nonce}", uri="{proof.uri}", '
        f'response="{proof.response()}", algorithm={proof.algorithm}{tail}'
    )
