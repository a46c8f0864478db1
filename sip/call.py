"""The state of one call, whichever side began it. Data only; the behaviour is in uas, uac and midcall."""

from enum import Enum

from msgspec import Struct, field

from sip.dialog import Dialog, DialogKey
from sip.flow import Flow
from sip.layer import Key
from sip.login import Login
from sip.message import Request
from sip.session_timer import Session


class CallState(Enum):
    """Where a call stands.

    INCOMING: their INVITE has no final answer. ANSWERED: our 2xx has no ACK. DIALLING: our INVITEs have no 2xx.
    UP: established. CLOSING: the consumer has been told the end, signalling is still under way.
    """

    INCOMING = "incoming"
    ANSWERED = "answered"
    DIALLING = "dialling"
    UP = "up"
    CLOSING = "closing"


class CallTimer(Enum):
    """The timers of a call itself (transactions have their own)."""

    REPEAT_OK = "repeat the 2xx, or give its ACK up"
    NO_ANSWER = "nobody answered"
    NO_END = "no answer to CANCEL"
    REOFFER = "try the re-INVITE again"
    SESSION = "refresh the session, or give the silent peer up"
    REFER = "nobody says what came of a REFER"
    MOVE = "the peer does not say what came of ours"

    __hash__ = object.__hash__  # by identity, without a line of Python


class Asked(Struct, frozen=True, gc=False):
    """An INVITE or re-INVITE of the peer, its server transaction and the packet's source."""

    request: Request
    key: Key
    source: Flow


class PendingOk(Struct):
    """A 2xx that is repeated by its transaction until its ACK comes, or `until` (RFC 3261 s.13.3.1.4)."""

    key: Key
    data: bytes
    cseq: int
    interval: int
    until: int
    has_offer: bool


class Fork(Struct):
    """One of the INVITEs of a dialled call. `key` names its client transaction while no final answer came.

    `early` are the dialogs that provisional answers made (RFC 3261 s.12.1): several where a proxy forks.
    """

    request: Request
    flow: Flow
    fallback: Flow | None
    pinned: bool
    key: Key
    provisional: bool = False
    lengthened: bool = False
    cancelled: bool = False
    done: bool = False
    early: list[DialogKey] = field(default_factory=list)
    acks: dict[str, bytes] = field(default_factory=dict)
    ack_flow: Flow | None = None


class Reoffer(Struct):
    """Our re-INVITE under way, or `waiting` to be tried again after a 491; `refresh`: nobody asked but the timer."""

    sdp: bytes
    tries: int = 0
    refresh: bool = False
    waiting: bool = False


class Refer(Struct):
    """A REFER that the consumer is at. `wanted`: the peer wants NOTIFY, under this `name` ("" or `;id=...`)."""

    request: Request
    key: Key
    source: Flow
    wanted: bool
    name: str
    accepted: bool = False


class Move(Struct):
    """A REFER of ours that the peer is at: whom it is to call."""

    uri: str


class Call(Struct):
    """One call.

    `login` answers challenges. `session` is the agreed timer (RFC 4028), `local_sdp` what a refresh says again.
    `pinned` is the flow that requests inside the dialog must take (a TCP connection, a phone behind NAT); without it
    they follow the dialog's target. `peer` is the last resort when that target cannot be used.
    `armed`: no other timer than these runs.
    """

    id: str
    state: CallState
    peer: Flow
    pinned: Flow | None = None
    fallback: Flow | None = None
    invite: Asked | None = None
    dialog: Dialog | None = None
    pending_ok: PendingOk | None = None
    reinvite: Asked | None = None
    reoffer: Reoffer | None = None
    refer: Refer | None = None
    refers: int = 0
    move: Move | None = None
    forks: list[Fork] = field(default_factory=list)
    best_failure: tuple[int, str] | None = None
    login: Login | None = None
    session: Session | None = None
    local_sdp: bytes = b""
    armed: set[CallTimer] = field(default_factory=set)
    told_end: bool = False
    bye_wanted: bool = False
    bye_sent: bool = False
