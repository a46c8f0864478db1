"""Internal notes over the API: who writes them, who reads them, and whom they name."""

from collections.abc import Sequence

import pytest

from http_api.notes_api import Colleague, NotesApi
from http_api.problems import ProblemError
from records.mentions import Mention
from records.notes import Note
from records.sessions import Caller
from tests.http_api.conftest import MakeSite, Site

NOTE = Note(3, "i1", "anna", "@Dora look", 7)
NOTES = "/api/v1/interactions/i1/notes"


class Book:
    """One note that names dora; dora has the interaction `live` in hand."""

    def __init__(self) -> None:
        self.added: list[tuple[str, str, str, tuple[str, ...]]] = []

    def holds(self, agent_id: str, interaction_id: str) -> bool:
        return (agent_id, interaction_id) == ("dora", "live")

    def name_of(self, by: str) -> str:
        return by.title()

    def colleagues(self, agent_id: str | None) -> Sequence[Colleague]:
        return [Colleague(each, each.title()) for each in ("anna", "dora") if each != agent_id]

    async def add(self, caller: Caller, interaction_id: str, text: str, named: Sequence[str]) -> Note:
        if "nobody" in named:
            raise ProblemError(422, "unknown-agent")
        self.added.append((caller.account, interaction_id, text, tuple(named)))
        return NOTE

    async def of(self, interaction_id: str) -> Sequence[Note]:
        return (NOTE,)

    async def unseen(self, agent_id: str) -> Sequence[Mention]:
        return (Mention(9, "dora", NOTE),) if agent_id == "dora" else ()

    async def seen(self, mention_id: int, agent_id: str) -> bool:
        return (mention_id, agent_id) == (9, "dora")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def site(make_site: MakeSite, book: Book) -> Site:
    return await make_site(lambda ports: NotesApi(book, ports.interactions, ports.scopes).routes())


async def test_who_may_see_the_interaction_reads_and_writes(site: Site, book: Book) -> None:
    status, seen = await site.get("anna", NOTES)
    assert (status, [(note["name"], note["text"]) for note in seen["notes"]]) == (200, [("Anna", "@Dora look")])
    assert (await site.send("anna", "POST", NOTES, {"text": "a", "mentions": ["dora"]}))[0] == 201
    assert (await site.send("sam", "POST", NOTES, {"text": "b"}))[0] == 201
    assert book.added == [("anna", "i1", "a", ("dora",)), ("sam", "i1", "b", ())]
    for account, expected in (("dora", 404), ("trainee", 404), ("crm", 403)):
        assert (await site.send(account, "GET", NOTES))[0] == expected
        assert (await site.send(account, "POST", NOTES, {"text": "c"}))[0] == expected
    assert (await site.get("dora", "/api/v1/interactions/live/notes"))[0] == 200, "the record may be behind"


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "a", "to": "b"}, {"text": "a", "mentions": ["x"] * 21}])
async def test_bad_notes(site: Site, book: Book, body: dict[str, object]) -> None:
    assert (await site.send("anna", "POST", NOTES, body))[0] == 400
    assert book.added == []


async def test_a_stranger_cannot_be_named(site: Site) -> None:
    assert (await site.send("anna", "POST", NOTES, {"text": "a", "mentions": ["nobody"]}))[0] == 422


async def test_mentions_are_the_caller_s_own(site: Site) -> None:
    _, seen = await site.get("dora", "/api/v1/mentions")
    assert [(one["id"], one["note"]["interaction_id"]) for one in seen["mentions"]] == [(9, "i1")]
    assert (await site.get("anna", "/api/v1/mentions"))[1] == {"mentions": []}
    assert (await site.get("sam", "/api/v1/mentions"))[1] == {"mentions": []}
    assert (await site.send("anna", "POST", "/api/v1/mentions/9/seen"))[0] == 404
    assert (await site.send("dora", "POST", "/api/v1/mentions/x/seen"))[0] == 404
    assert (await site.send("dora", "POST", "/api/v1/mentions/9/seen"))[0] == 204


async def test_everybody_else_can_be_named(site: Site) -> None:
    assert (await site.get("anna", "/api/v1/colleagues"))[1] == {"agents": [{"agent_id": "dora", "name": "Dora"}]}
