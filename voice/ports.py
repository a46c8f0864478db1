"""What voice needs from its neighbours. The server gives the real things; voice imports none of them."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from router.commands import Command
from router.events import Event
from voice.events import SetRecording, ShowRecording
from voice.party import PartyView

Codec = Literal["PCMU", "PCMA"]
PlayReason = Literal["finished", "stopped", "failed"]


class RemoteMedia(Struct, frozen=True, gc=False):
    """What an offer/answer exchange settled about the other side (RFC 3264)."""

    host: str
    port: int
    codec: Codec
    payload_type: int
    dtmf_payload_type: int | None
    send: bool
    receive: bool


class CallOffer(Struct, frozen=True, gc=False):
    """An INVITE as voice sees it. `call` names the signalling, `sdp` is None for a late offer.

    `user` is the SIP user who proved to be one, `at_phone` says that it comes from a registered phone of the caller's,
    `replaces` is the call that this one is to take the place of.
    """

    call: str
    caller: str
    caller_name: str
    entry: str
    sdp: bytes | None
    user: str = ""
    at_phone: bool = False
    replaces: str = ""


class CallerIdentity(Struct, frozen=True, gc=False):
    """By what the caller is known (an identity's `kind` in records, such as phone or visitor), and their own name.

    `locale` is what the page speaks that they call from (BCP 47), "" for a telephone.
    """

    kind: str
    value: str
    name: str
    locale: str = ""


class SdpRefusedError(Exception):
    """No codec in common, or a description that cannot be used (SIP 488)."""


class MediaUnavailableError(Exception):
    """The media engine could not do it (worker lost, no port left); `reason` is its own word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NodeUnreachableError(Exception):
    """The node of that call is not reached, or does not know it."""


class Talk(Struct, frozen=True, gc=False):
    """A call that an agent has taken and not left."""

    reservation_id: str
    work_id: str
    interaction_id: str


class Assignment(Struct, frozen=True, gc=False):
    """Who holds which call by a reservation."""

    interaction_id: str
    agent_id: str
    work_id: str


class Sdp(Protocol):
    """Offer/answer for one audio stream; `leg_id` keeps the o= version of each side apart."""

    def read_offer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        """What the other side offers, cut to what we take. Raises SdpRefusedError."""
        ...

    def answer(self, leg_id: str, host: str, port: int) -> bytes:
        """Our answer to the last `read_offer` of this leg."""
        ...

    def offer(self, leg_id: str, host: str, port: int) -> bytes:
        """Our own offer, sending and receiving."""
        ...

    def read_answer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        """What the other side answered to `offer`. Raises SdpRefusedError."""
        ...

    def forget(self, leg_id: str) -> None:
        """The leg is gone."""
        ...


class MediaEngine(Protocol):
    """Legs, prompts and rooms (docs/media.md). Every method may raise MediaUnavailableError."""

    async def open_rtp(self, leg_id: str) -> tuple[str, int]: ...

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None:
        """As `open_rtp` where nothing has to be waited for; None: ask for it."""
        ...

    async def set_remote(self, leg_id: str, remote: RemoteMedia) -> None: ...

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str: ...

    async def close_leg(self, leg_id: str) -> None: ...

    def play(
        self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0
    ) -> None: ...

    def stop_play(self, leg_id: str, play_id: str | None = None) -> None: ...

    async def send_digits(self, leg_id: str, digits: str) -> None: ...

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None: ...

    def room_at_once(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        """As `set_room` where nothing has to be waited for; False: ask for it."""
        ...


class CallRecorder(Protocol):
    """Records calls to files. What goes wrong is never the call's concern: neither method raises."""

    async def follow(self, interaction_id: str, leg_id: str, wanted: SetRecording) -> bool:
        """Begins, or changes what is recorded; False when nothing can be recorded (any more)."""
        ...

    async def over(self, interaction_id: str) -> None:
        """The call is over: the file is finished, if there is one."""
        ...


class Signalling(Protocol):
    """The SIP user agent. Methods return at once; what comes of them arrives as events of the conductor."""

    def ring(self, call: str) -> None: ...

    def answer(self, call: str, sdp: bytes) -> None: ...

    def reject(self, call: str, code: int, reason: str | None = None) -> None: ...

    def redirect(self, call: str, uri: str) -> None:
        """Refuses the call, which may be made again to `uri`."""
        ...

    def hangup(self, call: str, reason: str | None = None) -> None: ...

    def dial(
        self,
        call: str,
        target: str,
        sdp: bytes,
        *,
        from_user: str,
        from_display: str,
        headers: Mapping[str, str],
    ) -> None: ...

    def accept_offer(self, call: str, sdp: bytes) -> None: ...

    def reject_offer(self, call: str, code: int) -> None: ...

    def challenge(self, call: str) -> None:
        """Asks the caller for their password; they call again."""
        ...

    def refer(self, call: str, uri: str) -> None:
        """Asks the caller's phone to call `uri` instead; what comes of it is told to the conductor."""
        ...

    def accept_refer(self, call: str) -> None: ...

    def finish_refer(self, call: str, code: int) -> None:
        """What came of it: 200, or a SIP failure."""
        ...


class Lines(Protocol):
    """Trunks to the telephone network, and who may be called by them."""

    def allows(self, number: str) -> bool:
        """Whether the site lets agents call this number (digits, with or without a leading +)."""
        ...

    def dial(self, call: str, number: str, sdp: bytes) -> None:
        """Calls it; what comes of it arrives as for `Signalling.dial`. A number that is not allowed fails with 403."""
        ...


class Nodes(Protocol):
    """The other nodes of the site, for calls whose customer is on one and whose agent on another."""

    def phone_here(self, user: str) -> bool | None:
        """Whether it is this node that rings the phone; None when it is registered at none."""
        ...

    async def attach(
        self, reservation_id: str, work_id: str, interaction_id: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        """The node that has the call, and where its end of the trunk leg is; ours is `at`.

        Raises NodeUnreachableError.
        """
        ...

    def detach(self, reservation_id: str, node: str, at: tuple[str, int]) -> None:
        """Our end of the trunk leg, which was `at`, is gone."""
        ...


class Shards(Protocol):
    """Nodes of other shards, for calls that go over to them."""

    def queued_at(self, work_id: str) -> int | None:
        """When an item of this shard was queued first (shard time, microseconds); None when it is closed."""
        ...

    async def lodge(
        self, work_id: str, interaction_id: str, shard: str, queue: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        """A node of that shard that makes room for the caller, and where its end of the trunk leg is; ours is `at`.

        Raises NodeUnreachableError when there is none.
        """
        ...

    async def stay(self, shard: str, node: str, work_id: str, shown: Callable[[str, str], None]) -> str:
        """Why the call is over there, once it is. `shown` is told where it is until then: the state, and the name of
        the agent. Raises NodeUnreachableError when the node is gone, or forgot it.
        """
        ...

    def leave(self, shard: str, node: str, work_id: str, reason: str) -> None:
        """The caller is there no more."""
        ...

    def digit(self, shard: str, node: str, work_id: str, digit: str) -> None:
        """The caller pressed a key."""
        ...


class Router(Protocol):
    """The pump, as voice sees it."""

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """Decides at once; returns the commands of the turn once it is committed."""
        ...

    def tell(self, event: Event, cause: str) -> None:
        """Like `post`, for callers that need no answer."""
        ...

    def here(self, work_id: str, /) -> bool:
        """Whether this node's phones ring for the item; False where another node holds the call."""
        ...

    def agent_here(self, agent_id: str, /) -> bool:
        """Whether this node holds the agent's connection."""
        ...

    def talks(self, agent_id: str, /) -> tuple[Talk, ...]:
        """The calls that the agent has now, of whichever node."""
        ...

    async def take_up(self, work_id: str, /) -> bool:
        """The item is this node's from now on, if it was not; False where another node was quicker.

        Raises RoutingEndedError.
        """
        ...

    def callback_queue(self, work_id: str) -> str | None:
        """The queue of an item whose customer is to be called once an agent has accepted; None for other work."""
        ...

    def place(self, work_id: str) -> int | None:
        """1-based place among those waiting in the same queue, None when the item does not wait."""
        ...

    def now(self) -> int:
        """Shard time in microseconds."""
        ...


class Contexts(Protocol):
    """What is known of each live interaction; personal data is kept here and in SQL, never in the journal."""

    def opened(self, interaction_id: str, channel: str, caller: str, caller_name: str, kind: str = "phone") -> None: ...

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None: ...

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        """The agents whom the customer knows, where the queue prefers them; the last one first."""
        ...

    def closed(self, interaction_id: str) -> None: ...

    def language(self, interaction_id: str) -> str:
        """In which the customer has been spoken to, "" when that is not known."""
        ...

    async def number(self, interaction_id: str) -> str:
        """The customer's telephone number, "" when none is known."""
        ...

    async def who(self, interaction_id: str, work_id: str) -> tuple[str, str]:
        """Number and name of a customer whose call may be on another node; empty where they are not known."""
        ...


class Numbers(Protocol):
    """Calls numbers into conversations; what becomes of them is told to the call's runner."""

    def dial(self, interaction_id: str, party_id: str, number: str) -> None: ...

    def drop(self, party_id: str) -> None: ...


class Tasks(Protocol):
    """Who owns background tasks: each has a name, and a failure is logged and counted."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> object: ...


class AgentNotices(Protocol):
    """What an agent's screen is told about the media side of an assignment."""

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None: ...

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        """Who is in the conversation now, or comes into it; nobody when it is over."""
        ...

    def recording(self, interaction_id: str, shown: ShowRecording) -> None:
        """How the recording of the call stands."""
        ...

    def leg_changed(self, agent_id: str, up: bool) -> None: ...
