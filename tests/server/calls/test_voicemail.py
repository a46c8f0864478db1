"""Messages recorded by the real engine from a real RTP caller."""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from ivr.commands import KeepMessage, Record
from media.engine import EngineSettings, InProcessEngine
from records.database import Database
from records.follow_ups import FollowUps
from server.calls.voicemail import RATE, VoicemailBox, keep_left_behind
from server.tasks import TaskOwner
from tests.databases import migrated
from tests.media.phones import Phone, strength
from tests.server.sites import DEMO
from tests.waiting import until
from voice.requests import RequestError

KEEP = KeepMessage(1, "help", (), ("closed",), "zh")


class Box:
    """A box on a real engine and a real database, and a caller who talks into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "messages"
        self.engine = InProcessEngine(EngineSettings(DEMO / "prompts", rtp_ports=(27_200, 27_298)), lambda _event: None)
        self.tasks = TaskOwner()
        self.silences = 0

    async def open(self, folder: Path) -> None:
        self.database = await migrated(folder / "box.db")
        self.follow_ups = FollowUps(self.database)
        self.box = VoicemailBox(
            self.engine, self.folder, self.follow_ups, self.tasks, lambda _id: ("+86138", "Caller"), lambda: 77
        )
        self.phone = await Phone().open()
        host, port = await self.engine.open_rtp("leg")
        self.phone.peer = (host, port)
        await self.engine.set_remote(
            "leg",
            host="127.0.0.1",
            port=self.phone.port,
            codec="PCMU",
            payload_type=0,
            dtmf_payload_type=None,
            send=True,
            receive=True,
        )

    async def begin(self, silence_us: int = 0) -> None:
        await self.box.begin("i1", "leg", Record(1, silence_us, KEEP), self._silent)

    def _silent(self) -> None:
        self.silences += 1

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    async def close(self) -> None:
        self.phone.close()
        await self.engine.aclose()
        await self.tasks.aclose(0)
        await self.database.close()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    made = Box(tmp_path)
    await made.open(tmp_path)
    yield made
    await made.close()


async def talk(box: Box, seconds: float) -> None:
    box.phone.talk()
    await asyncio.sleep(seconds)  # Speech lasts: this is what is being recorded.
    await box.phone.hush()


async def test_what_the_caller_said_becomes_a_message(box: Box) -> None:
    await box.begin()
    await talk(box, 1.0)
    await box.box.keep("i1", KEEP)
    (message,) = await box.follow_ups.list("voicemail")
    assert (message.interaction_id, message.queue, message.number) == ("i1", "help", "+86138")
    assert (message.language, message.path, message.created_at) == ("zh", "closed", 77)
    assert message.file == "i1-1.wav"
    assert box.files() == [message.file], "the raw recording is gone"
    with wave.open(str(box.folder / message.file), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert message.duration_us == len(samples) * 125
    assert 0.7 * RATE < len(samples) < 2.0 * RATE
    middle = samples[len(samples) // 4 : len(samples) // 2]
    assert strength(middle, box.phone.frequency) > 1000
    assert (box.folder / message.file).stat().st_mode & 0o077 == 0, "it is nobody else's"
    assert len(box.box) == 0
    assert len(box.tasks) == 0


async def test_nothing_said_is_no_message(box: Box) -> None:
    await box.begin()
    with pytest.raises(RequestError, match="empty"):
        await box.box.keep("i1", KEEP)
    assert box.files() == []
    assert await box.follow_ups.list() == ()


async def test_silence_is_told_once_and_only_after_it(box: Box) -> None:
    await box.begin(silence_us=1_500_000)
    box.phone.talk()
    with pytest.raises(AssertionError, match="never"):
        await until(lambda: box.silences > 0, seconds=2.5)
    await box.phone.hush()
    await until(lambda: box.silences == 1, "silence", seconds=30)
    await box.box.keep("i1", KEEP)
    assert box.silences == 1
    assert len(await box.follow_ups.list()) == 1


async def test_quiet_packets_are_silence_too(box: Box) -> None:
    await box.begin(silence_us=1_000_000)
    await talk(box, 0.6)
    box.phone.frequency = 0.0  # a tone of 0 Hz
    box.phone.talk()
    await until(lambda: box.silences == 1, "silence", seconds=30)
    await box.phone.hush()


async def test_a_caller_who_is_gone_with_their_leg_still_leaves_the_message(box: Box) -> None:
    await box.begin()
    await talk(box, 1.0)
    await box.engine.close_leg("leg")
    await box.box.keep("i1", KEEP)
    assert len(await box.follow_ups.list()) == 1


async def test_a_recording_that_is_dropped_leaves_nothing(box: Box) -> None:
    await box.begin(silence_us=60_000_000)
    await box.box.drop("i1")
    await box.box.drop("i1")
    assert box.files() == []
    with pytest.raises(RequestError, match="not_recorded"):
        await box.box.keep("i1", KEEP)
    await until(lambda: len(box.tasks) == 0)


async def test_a_leg_that_is_not_there_cannot_be_recorded(box: Box) -> None:
    with pytest.raises(RequestError, match="unknown_leg"):
        await box.box.begin("i2", "nobody", Record(1, 0, KEEP), lambda: None)
    assert len(box.box) == 0
    assert box.files() == []


# --- a crash ----------------------------------------------------------------------------------------------------


async def test_what_a_crash_cut_off_is_a_message_after_the_next_start(box: Box) -> None:
    await box.begin()
    raw = box.folder / "i1-1.part"
    box.phone.talk()
    await until(lambda: raw.stat().st_size > RATE * 3, "what the engine has written, a second behind")
    await box.phone.hush()
    # Nobody ends anything from here on, as when the process is killed: the file has no finished header either.
    raw.write_bytes(bytes(44) + raw.read_bytes()[44:])
    await keep_left_behind(box.folder, box.follow_ups)
    (message,) = await box.follow_ups.list("voicemail")
    assert (message.interaction_id, message.queue, message.number) == ("i1", "help", "+86138")
    assert (message.language, message.path, message.file) == ("zh", "closed", "i1-1.wav")
    assert message.duration_us is not None
    assert message.duration_us >= 500_000
    assert box.files() == ["i1-1.wav"]
    await keep_left_behind(box.folder, box.follow_ups)
    assert len(await box.follow_ups.list()) == 1


async def test_what_cannot_be_a_message_is_removed(box: Box) -> None:
    await box.begin()
    await box.engine.stop_record("leg")
    speech = (np.sin(np.arange(RATE) / 3) * 8000).astype("<i2").repeat(2).tobytes()
    for name, note in (("no-note-1", None), ("bad-note-1", b"{")):
        (box.folder / f"{name}.part").write_bytes(bytes(44) + speech)
        if note is not None:
            (box.folder / f"{name}.json").write_bytes(note)
    (box.folder / "only-1.json").write_bytes(b"{}")
    (box.folder / "i0-1.wav").write_bytes(b"kept before")
    await keep_left_behind(box.folder, box.follow_ups)
    assert await box.follow_ups.list() == ()
    assert box.files() == ["i0-1.wav"]


async def test_a_message_that_the_records_do_not_take_waits_for_the_next_start(box: Box) -> None:
    await box.begin()
    await talk(box, 1.0)
    await box.database.close()
    taken, box.box._follow_ups = box.box._follow_ups, FollowUps(Database("sqlite+aiosqlite:////nowhere/x.db"))
    with pytest.raises(OperationalError):
        await box.box.keep("i1", KEEP)
    assert box.files() == ["i1-1.json", "i1-1.part", "i1-1.wav"]
    await keep_left_behind(box.folder, taken)
    assert [message.file for message in await taken.list()] == ["i1-1.wav"]
    assert box.files() == ["i1-1.wav"]


async def test_the_first_start_has_no_folder_yet(box: Box, tmp_path: Path) -> None:
    await keep_left_behind(tmp_path / "none", box.follow_ups)
    assert await box.follow_ups.list() == ()
