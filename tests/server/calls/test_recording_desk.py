"""Recordings as the API asks for them: which file a row names, and the pause of a call from outside."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents_ws import messages as m
from records.accounts import Role
from records.audit import Audit
from records.recordings import Recording, Recordings
from records.roles import Scope
from records.sessions import Caller
from server.calls.recording_desk import RecordingDesk
from server.calls.recordings_kept import RecordingsKept
from server.clock import wall_us
from tests.server.house import House, built
from voice.events import SetRecording
from voice.recording import RecordingRule

SUE = Caller("sue", Role.SUPERVISOR, "sue", 2**60)
SHOP = Caller("shop", Role.API, None, 2**60)
TEAM = Scope(Role.SUPERVISOR, "sue", frozenset({"line1"}), frozenset({"anna"}))
ELSEWHERE = Scope(Role.SUPERVISOR, "tom", frozenset({"line2"}), frozenset({"tom"}))
PROGRAM = Scope(Role.API, None)


@dataclass
class Recorder:
    """Writes down what it is asked for."""

    asked: list[SetRecording] = field(default_factory=list)

    async def follow(self, _interaction_id: str, _leg_id: str, wanted: SetRecording) -> bool:
        self.asked.append(wanted)
        return True

    async def over(self, _interaction_id: str) -> None: ...


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made


def desk_of(house: House, folder: Path) -> RecordingDesk:
    records = Recordings(house.database)
    kept = RecordingsKept(folder, records, wall_us, "n1")
    live, calls = house.desk.calls.live, house.conductor.recorded
    return RecordingDesk(folder, records, kept, calls, live, Audit(house.database), wall_us)


async def test_a_call_is_paused_by_a_program_and_by_those_who_look_after_its_agents(
    house: House, tmp_path: Path
) -> None:
    recorder = Recorder()
    object.__setattr__(house.conductor.site, "recordings", {"orders": RecordingRule(rule="always")})
    object.__setattr__(house.conductor._ports, "recorder", recorder)
    call, _ = await house.talking()
    ((interaction, _),) = house.desk.calls.live.all()
    desk = desk_of(house, tmp_path)
    assert [desk.covers(scope, interaction) for scope in (TEAM, ELSEWHERE, PROGRAM)] == [True, False, True]
    assert not desk.covers(PROGRAM, "gone")
    assert await desk.pause(SHOP, interaction, "", on=True) is None
    assert await desk.pause(SUE, interaction, "done", on=False) is None
    assert [(one.heard, one.paused_by) for one in recorder.asked] == [(True, ""), (False, "shop"), (True, "")]
    assert recorder.asked[0].agents == ("anna",)
    states = [one.recording.state for one in house.hub.of(m.Call, "anna") if one.recording is not None]
    assert states == ["on", "paused", "on"]
    entries = await Audit(house.database).page(10)
    assert [(one.by, one.action, one.after) for one in entries] == [
        ("sue", "pause_recording", {"paused": False}),
        ("shop", "pause_recording", {"paused": True}),
    ]
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_call_that_is_not_recorded_has_nothing_to_pause(house: House, tmp_path: Path) -> None:
    call, _ = await house.talking()
    ((interaction, _),) = house.desk.calls.live.all()
    desk = desk_of(house, tmp_path)
    refused = await desk.pause(SHOP, interaction, "", on=True)
    assert refused is not None
    assert refused.code == "not_recorded"
    refused = await desk.pause(SHOP, "gone", "", on=True)
    assert refused is not None
    assert refused.code == "not_connected"
    assert await Audit(house.database).page(10) == ()
    house.outside.ua.hangup(call)
    await house.empty()


async def test_only_files_of_the_folder_are_given(house: House, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.ogg").write_bytes(b"x")
    (tmp_path / "in" / "a.ogg").write_bytes(b"x")
    desk = desk_of(house, tmp_path / "in")

    def named(file: str | None) -> Path | None:
        row = Recording(
            id=1,
            interaction_id="i",
            work_id="w",
            queue="orders",
            node="n",
            told="nothing",
            file=file,
            began_at=0,
            keep_days=0,
            state="complete",
        )
        return desk.file(row)

    assert named("a.ogg") == tmp_path / "in" / "a.ogg"
    assert [named(file) for file in (None, "b.ogg", "../secret.ogg")] == [None, None, None]
    assert await desk.of_interaction("i") is None
