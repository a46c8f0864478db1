"""What the SIP user agent tells its consumer: past-tense facts. `call` is our own id, never the Call-ID header.

Each call ends with exactly one of CallCancelled, CallFailed and CallEnded. Times are integer microseconds.
"""

from typing import Literal

from msgspec import Struct


class CallReceived(Struct, frozen=True, gc=False):
    """An INVITE for a new call came in. `offer` is the raw SDP, None when the caller wants our offer.

    `user` proved their password by digest; `at_phone`: it comes from where a phone of the From's user is registered,
    and may be asked for it (`Ua.challenge`). `replaces` is the call that this one is to take the place of (RFC 3891).
    """

    call: str
    from_user: str
    from_host: str
    from_display: str
    to_user: str
    to_host: str
    offer: bytes | None
    source_host: str
    source_port: int
    transport: str
    sip_call_id: str
    user_agent: str | None
    user: str = ""
    at_phone: bool = False
    replaces: str = ""


class CallCancelled(Struct, frozen=True, gc=False):
    """The caller gave up before we answered; the end of the call."""

    call: str


class CallConfirmed(Struct, frozen=True, gc=False):
    """The ACK of our answer came. `sdp` is the caller's answer when the offer was ours."""

    call: str
    sdp: bytes | None


class OfferReceived(Struct, frozen=True, gc=False):
    """A re-INVITE; answer with accept_offer or reject_offer. `offer` is None when the peer wants ours."""

    call: str
    offer: bytes | None


class OfferWithdrawn(Struct, frozen=True, gc=False):
    """The peer cancelled its re-INVITE before we answered it; the session stays as it was."""

    call: str


class OfferRefused(Struct, frozen=True, gc=False):
    """Our re-INVITE was refused; the session stays as it was."""

    call: str
    code: int
    reason: str


class DigitPressed(Struct, frozen=True, gc=False):
    """A digit by INFO: one of 0-9 * # A-D. `duration_ms` is 0 when the peer does not say."""

    call: str
    digit: str
    duration_ms: int


class ReferReceived(Struct, frozen=True, gc=False):
    """The peer of an answered call asks to be connected with somebody else; `Ua.finish_refer` says what came of it.

    `to_user` is the user of the Refer-To, "" for one that is not at our domain. `attended`: by taking the place of
    another call, which is `replaces`, or "" when that is none of ours.
    """

    call: str
    to_user: str
    replaces: str
    attended: bool


class ReferAnswered(Struct, frozen=True, gc=False):
    """What came of our REFER (`Ua.refer`): 200 when the peer has reached the other side, else 300-699."""

    call: str
    code: int


class CallRinging(Struct, frozen=True, gc=False):
    """A called party is alerted (`code` 180-183)."""

    call: str
    code: int


class CallAnswered(Struct, frozen=True, gc=False):
    """The called party answered, or accepted our re-INVITE, with this SDP."""

    call: str
    sdp: bytes


class CallFailed(Struct, frozen=True, gc=False):
    """A call that we dialled came to nothing; the end of the call. `code` is a SIP status."""

    call: str
    code: int
    reason: str


class CallEnded(Struct, frozen=True, gc=False):
    """The call is over, whatever state it was in."""

    call: str
    by: Literal["remote", "local", "timeout"]
    reason: str


class PhoneRegistered(Struct, frozen=True, gc=False):
    """A user's phone can be dialled until then (the latest of its contacts)."""

    user: str
    expires_at_us: int


class PhoneUnregistered(Struct, frozen=True, gc=False):
    """The last contact of a user expired or was removed."""

    user: str


class TrunkChanged(Struct, frozen=True, gc=False):
    """Our registration at a trunk holds (`up`), or failed; told again with each failure. `reason` for people."""

    trunk: str
    up: bool
    reason: str


SipEvent = (
    CallReceived
    | CallCancelled
    | CallConfirmed
    | OfferReceived
    | OfferWithdrawn
    | OfferRefused
    | DigitPressed
    | ReferReceived
    | ReferAnswered
    | CallRinging
    | CallAnswered
    | CallFailed
    | CallEnded
    | PhoneRegistered
    | PhoneUnregistered
    | TrunkChanged
)
