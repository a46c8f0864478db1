"""The media engine as voice asks for it: the same calls, voice's own errors and value types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from media.errors import MediaError
from media.events import MediaEvent
from voice.conductor import Conductor
from voice.ports import MediaUnavailableError, PlayReason, RemoteMedia

_PLAY_REASONS: Mapping[str, PlayReason] = {"finished": "finished", "stopped": "stopped"}


class Engine(Protocol):
    """What the in-process engine and the worker's client have in common (docs/media.md)."""

    async def open_rtp(self, leg_id: str) -> tuple[str, int]: ...

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None: ...

    def order(self, method: str, leg_id: str, **args: Any) -> None: ...

    def order_close(self, leg_id: str) -> None: ...

    def order_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool: ...

    def order_end(self, room_id: str) -> None: ...

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str: ...

    async def send_digits(self, leg_id: str, digits: str) -> None: ...

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None: ...


class MediaPort:
    """Passes calls on; a MediaError becomes MediaUnavailableError with the same reason.

    Where nothing but a failure is to be learnt from the answer it is not waited for: `set_remote`, `play`, `stop_play`,
    `close_leg` and rooms are done before whatever is asked next. What cannot be done then is told as an
    event of the leg (media.orders).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def open_rtp(self, leg_id: str) -> tuple[str, int]:
        """Host and port to put into the SDP."""
        try:
            return await self._engine.open_rtp(leg_id)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None:
        """As `open_rtp`, where a worker has one in advance."""
        try:
            return self._engine.open_at_once(leg_id)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    async def set_remote(self, leg_id: str, remote: RemoteMedia) -> None:
        """Where and how the other side takes media."""
        try:
            self._engine.order(
                "set_remote",
                leg_id,
                host=remote.host,
                port=remote.port,
                codec=remote.codec,
                payload_type=remote.payload_type,
                dtmf_payload_type=remote.dtmf_payload_type,
                send=remote.send,
                receive=remote.receive,
            )
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str:
        """The whole answer, candidates inside; `opus` allows that codec beside G.711."""
        try:
            return await self._engine.open_webrtc(leg_id, offer_sdp, opus=opus)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    async def close_leg(self, leg_id: str) -> None:
        """Idempotent."""
        try:
            self._engine.order_close(leg_id)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    def play(self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0) -> None:
        """Files one after the other; what played before is stopped. A file that is missing ends the play as failed."""
        try:
            self._engine.order("play", leg_id, play_id=play_id, files=list(files), loop=loop, gain=gain)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    def stop_play(self, leg_id: str, play_id: str | None = None) -> None:
        """Silence that play, or whatever plays."""
        try:
            self._engine.order("stop_play", leg_id, play_id=play_id)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    async def send_digits(self, leg_id: str, digits: str) -> None:
        """RFC 4733 events to the leg's far side."""
        try:
            await self._engine.send_digits(leg_id, digits)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        """The room's whole gain matrix, in force before whatever is asked next; empty dissolves it."""
        if self.room_at_once(room_id, gains):
            return
        try:
            await self._engine.set_room(room_id, gains)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error

    def room_at_once(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        """As `set_room`; False, with nothing done, where the room spans workers."""
        try:
            if gains:
                return self._engine.order_room(room_id, gains)
            self._engine.order_end(room_id)
        except MediaError as error:
            raise MediaUnavailableError(error.reason) from error
        return True


def hand_over(
    event: MediaEvent,
    conductor: Conductor,
    failed: Callable[[str, str], None],
    unrecorded: Callable[[str, str], None],
) -> None:
    """A media event to whom it concerns. `failed` counts legs that failed, by reason.

    `unrecorded` is told the path of a file that cannot be written any more, and why.
    """
    match event.kind:
        case "connected":
            conductor.leg_connected(event.leg_id)
        case "digit":
            conductor.leg_digit(event.leg_id, event.digit or "")
        case "played":
            conductor.leg_played(
                event.leg_id,
                event.play_id or "",
                _PLAY_REASONS.get(event.reason or "", "failed"),
            )
        case "leg_failed":
            failed(event.leg_id, event.reason or "")
            conductor.leg_failed(event.leg_id, event.reason or "")
        case "record_failed":
            unrecorded(event.path or "", event.reason or "")
