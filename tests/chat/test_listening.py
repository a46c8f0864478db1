"""Supervisors in a chat, on a real dispatcher and SQLite: who sees them, what they say to whom, and that it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chat import messages as c
from chat.floor import ChatFloor
from chat.listening import Listener, Listening, ListenMode
from chat.ports import ChatRefusedError
from chat.runner import ChatRunner
from records.database import Database
from records.whispers import Whisper, Whispers
from router.events import AssignmentEnded, InteractionNoted, PresenceSet
from router.vocabulary import EndedBy, Presence
from tests.chat.house import House, house
from tests.chat.pages import Page
from tests.databases import migrated


@dataclass
class Screen:
    """What the agent who has the chat is shown."""

    there: list[tuple[str, ...]] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def listeners(self, agent_id: str, reservation_id: str, listeners: tuple[Listener, ...]) -> None:
        self.there.append(tuple(f"{one.name}:{one.mode}" for one in listeners))

    def whispered(self, agent_id: str, reservation_id: str, whisper: Whisper) -> None:
        self.heard.append((agent_id, whisper.text))


@dataclass
class Floor:
    place: House
    page: Page
    listening: Listening
    screen: Screen
    database: Database
    chat: ChatRunner


@asynccontextmanager
async def floor(folder: Path) -> AsyncIterator[Floor]:
    """ann talks with a visitor; bob is the supervisor."""
    database = await migrated(folder / "whispers.sqlite")
    async with house(folder) as place, place.page() as page:
        place.router.ready("ann")
        await page.open()
        place.router.accept()
        await page.state("talking")
        screen = Screen()
        chat = place.conductor.chat("chat1")
        assert chat is not None
        yield Floor(place, page, Listening(place.conductor, Whispers(database), screen), screen, database, chat)
    await database.close()


async def code(doing: object) -> str:
    with pytest.raises(ChatRefusedError) as error:
        await doing  # type: ignore[misc]
    return error.value.code


async def test_a_whisper_is_for_the_agent_alone(tmp_path: Path) -> None:
    async with floor(tmp_path) as on:
        listening, chat = on.listening, on.chat
        assert await code(listening.say(chat, "bob", "s1", "hm")) == "not_speaking"
        await listening.begin(chat, "bob", ListenMode.LISTEN)
        assert await code(listening.say(chat, "bob", "s1", "hm")) == "not_speaking"
        await listening.begin(chat, "bob", ListenMode.WHISPER)
        await listening.begin(chat, "bob", ListenMode.WHISPER)
        assert on.screen.there == [("Bob:listen",), ("Bob:whisper",)], "said twice, it is shown once"
        await listening.say(chat, "bob", "s1", " Offer a refund ")
        assert await code(listening.say(chat, "bob", "s2", "  ")) == "empty"
        assert on.screen.heard == [("ann", "Offer a refund")]
        (kept,) = await Whispers(on.database).of("chat1")
        assert (kept.by, kept.agent_id, kept.after) == ("bob", "ann", 1)
        assert chat.last == 1, "it has no number among the messages"
        assert listening.end(chat, "bob")
        assert not listening.end(chat, "bob")
        assert on.screen.there[-1] == ()
        again = Listening(on.place.conductor, Whispers(on.database), on.screen)
        await again.begin(chat, "bob", ListenMode.LISTEN)
        assert [one.text for one in again.whispers("chat1")] == ["Offer a refund"], "a restart does not lose it"
        words = [dict(note.detail)["mode"] for note in on.place.router.of(InteractionNoted) if note.kind == "listened"]
        assert words == ["listen", "whisper", "off", "listen"]
        assert "refund" not in str(on.place.router.events), "texts are in SQL only"


async def test_who_barges_in_writes_as_a_person_of_the_house(tmp_path: Path) -> None:
    async with floor(tmp_path) as on:
        await on.listening.begin(on.chat, "bob", ListenMode.BARGE)
        for _ in range(2):
            await on.listening.say(on.chat, "bob", "s1", "We refund it")
        lines = await on.page.lines(2)
        assert (lines[1].author, lines[1].name, lines[1].text) == ("agent", "Bob", "We refund it")
        assert await code(on.listening.begin(on.chat, "ann", ListenMode.LISTEN)) == "already_here"


async def test_taking_over_makes_another_work_item(tmp_path: Path) -> None:
    async with floor(tmp_path) as on:
        place = on.place
        assert await code(ChatFloor(place.conductor).take_over("bob", "chat1")) == "agent_unavailable"
        assert place.router.dispatcher.work("chat1-2") is None
        assert on.chat.machine.serving is not None
        place.router.ready("bob")
        await ChatFloor(place.conductor).take_over("bob", "chat1")
        await on.page.until(c.StatusShown, lambda shown: shown.status.agent == "Bob")
        (ended,) = place.router.of(AssignmentEnded)
        assert (ended.by, ended.reason) == (EndedBy.SYSTEM, "taken_over")
        assert await code(ChatFloor(place.conductor).take_over("bob", "chat1")) == "already_here"
        assert await code(ChatFloor(place.conductor).take_over("bob", "chat9")) == "chat_over"
        place.router.tell(PresenceSet("bob", Presence.NOT_READY), "test")
