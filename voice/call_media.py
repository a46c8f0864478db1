"""What a call asks of the media engine and the recorder, carried out for its runner."""

from collections.abc import Callable
from functools import partial
from typing import assert_never

import structlog

from router import events as facts
from voice.course import Wait
from voice.events import (
    CallEvent,
    MediaCommand,
    PlayEnded,
    PlayPrompts,
    RecordingLost,
    SetRecording,
    SetRoom,
    StopPrompts,
)
from voice.floor import Gains
from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError

log = structlog.get_logger(__name__)


class CallMedia:
    """One call's. `tell` goes to its machine, `post` to the router; `leg_id` is the customer's."""

    def __init__(
        self,
        interaction_id: str,
        leg_id: str,
        ports: VoicePorts,
        tell: Callable[[CallEvent], None],
        post: Callable[[facts.Event], None],
    ) -> None:
        self._interaction_id = interaction_id
        self._leg_id = leg_id
        self._ports = ports
        self._tell = tell
        self._post = post

    def do(self, command: MediaCommand) -> Wait | None:
        """Returns what has to be waited for. Both raise MediaUnavailableError where the call is lost by it."""
        match command:
            case PlayPrompts():
                self._play(command)
            case StopPrompts(play_id, leg_id) if leg_id:
                self._silence(leg_id, play_id)
            case StopPrompts(play_id):
                self._ports.media.stop_play(self._leg_id, play_id)
            case SetRoom(gains, connects):
                return self._set_room(gains, connects)
            case SetRecording():
                return partial(self._record, command)
            case _:
                assert_never(command)
        return None

    def _play(self, command: PlayPrompts) -> None:
        files = [f"{name}.wav" for name in command.prompts]
        try:
            self._ports.media.play(command.leg_id or self._leg_id, command.play_id, files, loop=command.loop)
        except MediaUnavailableError as error:
            # A missing file must not end the call: the machine goes on as if the prompt were over.
            log.error("prompt_failed", prompts=command.prompts, reason=error.reason)
            self._tell(PlayEnded(command.play_id, "failed"))

    def _silence(self, leg_id: str, play_id: str) -> None:
        try:
            self._ports.media.stop_play(leg_id, play_id)
        except MediaUnavailableError as error:
            log.info("leg_already_gone", leg_id=leg_id, reason=error.reason)

    async def _record(self, command: SetRecording) -> None:
        recorder = self._ports.recorder
        if recorder is None or not await recorder.follow(self._interaction_id, self._leg_id, command):
            self._tell(RecordingLost())

    def _set_room(self, gains: Gains, connects: tuple[str, ...]) -> Wait | None:
        try:
            if not self._ports.media.room_at_once(self._interaction_id, gains):
                return partial(self._wait_for_room, gains, connects)
        except MediaUnavailableError as error:
            self._room_failed(error, connects)
        else:
            self._connected(connects)
        return None

    async def _wait_for_room(self, gains: Gains, connects: tuple[str, ...]) -> None:
        try:
            await self._ports.media.set_room(self._interaction_id, gains)
        except MediaUnavailableError as error:
            self._room_failed(error, connects)
        else:
            self._connected(connects)

    def _connected(self, connects: tuple[str, ...]) -> None:
        for reservation_id in connects:
            self._post(facts.AssignmentConnected(reservation_id))

    def _room_failed(self, error: MediaUnavailableError, connects: tuple[str, ...]) -> None:
        """Whose leg is gone is told by the leg's own end; an agent who was not heard yet is given back."""
        log.warning("room_failed", connects=connects, reason=error.reason)
        if not connects and error.reason != "unknown_leg":
            raise error
        for reservation_id in connects:
            self._post(facts.AssignmentFailed(reservation_id, error.reason))
