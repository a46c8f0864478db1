"""Recordings over HTTP: who reaches which, addresses for the player, ranges, removal and pauses."""

from dataclasses import replace
from pathlib import Path

import pytest

from http_api.recordings_api import TICKET_US, RecordingsApi
from http_api.supervision_api import Refused
from records.audit import Audit
from records.recordings import Pause, Recording
from records.roles import Action, Extent, Scope, extent
from records.sessions import Caller
from tests.http_api.conftest import MakeSite, Site
from tests.http_api.neighbours import FirstTeam, Names

OWN = Recording(
    id=1,
    interaction_id="own",
    work_id="w",
    queue="orders",
    node="n",
    told="announced",
    file="own.ogg",
    began_at=5,
    keep_days=1,
    state="complete",
    agents=("anna",),
    pauses=(Pause(1, 2, "anna"),),
)
SOUND = b"OggS" + bytes(range(200))


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {
            "own": OWN,
            "other": replace(OWN, id=2, interaction_id="other", queue="experts", agents=("dora",)),
            "live": replace(OWN, id=3, interaction_id="live", state="recording"),
        }
        (folder / "own.ogg").write_bytes(SOUND)
        self.asked: list[tuple[str, str, bool, str]] = []
        self.refusal: Refused | None = None

    async def of_interaction(self, interaction_id: str) -> Recording | None:
        return self.rows.get(interaction_id)

    def file(self, one: Recording) -> Path | None:
        path = self.folder / (one.file or "none")
        return path if path.is_file() else None

    async def remove(self, one: Recording, by: str) -> bool:
        if self.rows[one.interaction_id].state == "removed":
            return False
        self.rows[one.interaction_id] = replace(one, state="removed", file=None, removed_by=by)
        return True

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        everywhere = extent(scope.role, Action.PAUSE_RECORDINGS) is Extent.ALL
        return interaction_id == "c1" or (everywhere and interaction_id == "c2")

    async def pause(self, caller: Caller, interaction_id: str, comment: str, *, on: bool) -> Refused | None:
        self.asked.append((caller.account, interaction_id, on, comment))
        return self.refusal


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
async def site(make_site: MakeSite, shelf: Shelf) -> Site:
    return await make_site(lambda ports: RecordingsApi(shelf, FirstTeam(), Names(), ports.audit, ports.now).routes())


def path(interaction: str, ending: str = "") -> str:
    return f"/api/v1/interactions/{interaction}/recording{ending}"


async def listening(site: Site, account: str = "sam", interaction: str = "own") -> str:
    status, given = await site.send(account, "POST", path(interaction, "/listening"))
    assert status == 201
    return str(given["url"])


async def test_what_is_known_of_it(site: Site) -> None:
    status, shown = await site.get("anna", path("own"))
    assert status == 200
    assert {key: shown[key] for key in ("queue_title", "agents", "agent_names", "told", "pauses", "here")} == {
        "queue_title": "Orders",
        "agents": ["anna"],
        "agent_names": ["ANNA"],
        "told": "announced",
        "pauses": [{"at_us": 1, "until_us": 2, "by": "anna"}],
        "here": True,
    }
    assert "file" not in shown


@pytest.mark.parametrize(
    ("account", "interaction", "status"),
    [
        ("anna", "own", 200),
        ("anna", "other", 404),
        ("dora", "own", 404),
        ("dora", "other", 200),
        ("sam", "own", 200),
        ("sam", "other", 404),
        ("ada", "other", 200),
        ("crm", "own", 403),
        ("ada", "nothing", 404),
    ],
)
async def test_reach(site: Site, account: str, interaction: str, status: int) -> None:
    assert (await site.send(account, "GET", path(interaction)))[0] == status


async def test_each_listening_is_in_the_audit_log_and_its_address_needs_no_session(site: Site) -> None:
    url = await listening(site)
    async with site.client.get(url) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/ogg", SOUND)
        assert answer.headers["Cache-Control"] == "no-store"
    async with site.client.get(url, headers={"Range": "bytes=10-19"}) as answer:
        assert (answer.status, await answer.read()) == (206, SOUND[10:20])
    assert await listening(site, "anna") != url
    entries = await Audit(site.database).page(10)
    assert [(one.by, one.action, one.subject) for one in entries] == [
        ("anna", "hear_recording", "recording:own"),
        ("sam", "hear_recording", "recording:own"),
    ]


async def test_an_address_is_good_for_an_hour_and_as_long_as_the_file_is_there(site: Site, shelf: Shelf) -> None:
    url = await listening(site)
    site.clock.advance(TICKET_US / 1e6 - 1)
    other = await listening(site, "ada")
    site.clock.advance(1)
    assert (await site.client.get(url)).status == 404
    assert (await site.client.get(other)).status == 200
    (shelf.folder / "own.ogg").unlink()
    assert (await site.client.get(other)).status == 404
    assert (await site.client.get("/api/v1/recordings/guessed")).status == 404


async def test_there_is_nothing_to_hear_before_the_end_or_elsewhere(site: Site, shelf: Shelf) -> None:
    assert (await site.send("ada", "POST", path("live", "/listening")))[0] == 409
    (shelf.folder / "own.ogg").unlink()
    assert (await site.send("ada", "POST", path("own", "/listening")))[0] == 409
    assert await Audit(site.database).page(10) == ()


async def test_removing_is_for_administrators_and_kept(site: Site) -> None:
    assert (await site.send("sam", "DELETE", path("own")))[0] == 403
    assert await site.send("ada", "DELETE", path("own"), {"comment": "erasure"}) == (204, None)
    assert (await site.send("ada", "DELETE", path("own")))[0] == 409
    assert (await site.send("ada", "DELETE", path("live")))[0] == 409
    (entry,) = await Audit(site.database).page(10)
    assert (entry.by, entry.action, entry.comment) == ("ada", "remove_recording", "erasure")
    assert (await site.get("ada", path("own")))[1]["removed_by"] == "ada"


async def test_pauses_from_outside(site: Site, shelf: Shelf) -> None:
    def of(call: str) -> str:
        return f"/api/v1/calls/{call}/recording-pause"

    assert await site.send("sam", "PUT", of("c1"), {"on": True, "comment": "card"}) == (204, None)
    assert await site.send("crm", "PUT", of("c2"), {"on": False}) == (204, None)
    assert (await site.send("sam", "PUT", of("c2"), {"on": True}))[0] == 404
    assert (await site.send("anna", "PUT", of("c1"), {"on": True}))[0] == 403
    assert (await site.send("sam", "PUT", of("c1"), {}))[0] == 400
    assert [one[1:] for one in shelf.asked] == [("c1", True, "card"), ("c2", False, "")]
    shelf.refusal = Refused("not_recorded", "this call is not recorded")
    status, problem = await site.send("sam", "PUT", of("c1"), {"on": True})
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:not-recorded")
