"""Session timers (RFC 4028): how long a call may stand without a refresh, and who sends it. Pure."""

from dataclasses import dataclass
from typing import Literal

from sip.headers import Malformed, parse_number, parse_params
from sip.login import renumbered
from sip.message import Headers, Request, Response

MIN_SE_S = 90
SUPPORTED = ("Supported", "timer")
REQUIRE = ("Require", "timer")
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """`interval_s` without a refresh, and the call is over; `ours` says that we send the refreshes."""

    interval_s: int
    ours: bool

    @property
    def due_us(self) -> int:
        """From now: when we refresh (half the interval), or give the peer up (s.10: a third or 32 s before its end)."""
        if self.ours:
            return self.interval_s * _SECOND // 2
        return (self.interval_s - min(32, self.interval_s // 3)) * _SECOND

    def row(self, role: Literal["uac", "uas"]) -> tuple[str, str]:
        """Session-Expires as the side in `role` of the transaction says it."""
        other = "uas" if role == "uac" else "uac"
        return ("Session-Expires", f"{self.interval_s};refresher={role if self.ours else other}")


def asked(interval_s: int) -> list[tuple[str, str]]:
    """The rows of an INVITE that asks for a timer and offers to refresh."""
    return [SUPPORTED, ("Session-Expires", str(interval_s)), ("Min-SE", str(MIN_SE_S))]


def agreed(headers: Headers) -> Session | None:
    """What the 2xx to our request settles; None: the peer wants no timer, or says something that is none."""
    if "Session-Expires" not in headers.first:
        return None
    try:
        found = _expires(headers)
    except Malformed:
        return None
    if found is None:
        return None
    interval, refresher = found
    return Session(interval, refresher != "uas")


def demanded(headers: Headers) -> tuple[Session, bool] | None:
    """What the peer's INVITE asks of us, and whether the peer knows timers itself; None for nothing that is a timer.

    A peer that does not know them (a proxy asked in its name) is refreshed by us (s.9).
    """
    if "Session-Expires" not in headers.first:
        return None
    try:
        found = _expires(headers)
        extensions = [each.lower() for name in ("Supported", "Require") for each in headers.values(name)]
    except Malformed:
        return None
    if found is None:
        return None
    interval, refresher = found
    knows = "timer" in extensions
    return Session(interval, refresher == "uas" or not knows), knows


def too_small(headers: Headers) -> bool:
    """Whether the peer's interval is below ours, so that 422 is the answer (s.8.1). Raises Malformed."""
    found = _expires(headers)
    return found is not None and found[0] < MIN_SE_S


def minimum(headers: Headers) -> int:
    """The interval that a 422 asks for, seconds. Raises Malformed."""
    return parse_number((headers.get("Min-Se") or "").partition(";")[0])


def lengthened(request: Request, response: Response, via: str) -> Request | None:
    """The INVITE once more with the interval that a 422 asks for; None when it names none."""
    try:
        interval = minimum(response.headers)
    except Malformed:
        return None
    values = {"Session-Expires": str(interval), "Min-SE": str(interval)}
    rows = [(name, values.get(name, value)) for name, value in request.headers if name != "Content-Length"]
    return renumbered(request, rows, via)


def _expires(headers: Headers) -> tuple[int, str] | None:
    value = headers.get("Session-Expires")
    if value is None:
        return None
    number, _, rest = value.partition(";")
    interval = parse_number(number)
    if interval < 1:
        raise Malformed("broken Session-Expires")
    return interval, (parse_params(f";{rest}").get("refresher") or "").lower() if rest else ""
