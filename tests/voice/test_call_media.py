"""What becomes of a call when the media engine does not do what was asked."""

from collections.abc import Mapping, Sequence

import pytest

from router import events as facts
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from voice.call_media import CallMedia
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
from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError


class Broken(Media):
    """`reason` is what everything fails with."""

    reason = "unknown_leg"

    def play(self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0) -> None:
        raise MediaUnavailableError(self.reason)

    def stop_play(self, leg_id: str, play_id: str | None = None) -> None:
        raise MediaUnavailableError(self.reason)

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        raise MediaUnavailableError(self.reason)

    def room_at_once(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        if self.waits_for_rooms:
            return False
        raise MediaUnavailableError(self.reason)


async def do(sound: CallMedia, command: MediaCommand) -> None:
    wait = sound.do(command)
    if wait is not None:
        await wait()


def rig() -> tuple[CallMedia, Broken, list[CallEvent], list[facts.Event]]:
    quiet, media, told, posted = Quiet(), Broken(), list[CallEvent](), list[facts.Event]()
    ports = VoicePorts(Signalling(), media, Sdp(), Router(), quiet, quiet)
    return CallMedia("w", "caller:w", ports, told.append, posted.append), media, told, posted


async def test_a_prompt_that_is_not_there_counts_as_over() -> None:
    sound, _, told, _ = rig()
    await do(sound, PlayPrompts("p1", ("en/none",)))
    assert told == [PlayEnded("p1", "failed")]


async def test_a_call_that_cannot_be_recorded_goes_on_without() -> None:
    sound, _, told, _ = rig()
    await do(sound, SetRecording(heard=True, queue="orders", work_id="w", told="announced"))
    assert told == [RecordingLost()]


@pytest.mark.parametrize("waits", [True, False])
async def test_the_agents_of_a_room_are_connected_once_it_is_there(waits: bool) -> None:
    quiet, media, posted = Quiet(), Media(), list[facts.Event]()
    media.waits_for_rooms = waits
    ports = VoicePorts(Signalling(), media, Sdp(), Router(), quiet, quiet)
    sound = CallMedia("w", "caller:w", ports, list[CallEvent]().append, posted.append)
    wait = sound.do(SetRoom({("a", "b"): 1.0}, ("w.1",)))
    assert (wait is not None) is waits
    assert bool(posted) is not waits
    if wait is not None:
        await wait()
    assert posted == [facts.AssignmentConnected("w.1")]
    assert media.rooms == [("w", {("a", "b"): 1.0})]


@pytest.mark.parametrize("waits", [True, False])
async def test_an_agent_who_was_not_heard_yet_is_given_back_and_a_lost_worker_ends_the_call(waits: bool) -> None:
    sound, media, _, posted = rig()
    media.waits_for_rooms = waits
    await do(sound, StopPrompts("p1", "leg-a"))  # an agent's leg that is gone is nobody's concern
    await do(sound, SetRoom({}, ("w.1",)))
    await do(sound, SetRoom({}))
    assert posted == [facts.AssignmentFailed("w.1", "unknown_leg")]
    media.reason = "worker_lost"
    with pytest.raises(MediaUnavailableError):
        await do(sound, SetRoom({}))
