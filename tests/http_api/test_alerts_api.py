"""Alerts for those whom they concern."""

import pytest

from http_api.alerts_api import AlertOverview, covers
from records.accounts import Role
from records.roles import Action, Scope
from router.alerts import Alert, AlertKind
from tests.http_api.conftest import Site
from tests.records.turns import START

URL = "/api/v1/alerts"


async def ids(site: Site, account: str, query: str = "") -> list[int]:
    status, body = await site.get(account, URL + query)
    assert status == 200
    return [each["id"] for each in body["items"]]


async def test_of_the_callers_teams(site: Site) -> None:
    assert await ids(site, "ada") == [5, 4, 3, 2, 1]
    assert await ids(site, "sam") == [5, 3, 1]
    for account in ("anna", "crm"):
        assert (await site.send(account, "GET", URL))[0] == 403


async def test_pages(site: Site) -> None:
    _, body = await site.get("ada", f"{URL}?limit=2&state=open")
    assert body["next"] == 4
    assert await ids(site, "ada", f"?limit=2&before={body['next']}") == [3, 2]
    assert site.book.asked[0][2] is True
    assert body["items"][1] == {
        "id": 4,
        "kind": "backlog",
        "subject_kind": "agent",
        "subject": "dora",
        "raised_at": START,
        "detail": {"waiting": 60},
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "owner": "",
    }


@pytest.mark.parametrize("query", ["?state=past", "?limit=0", "?before=x"])
async def test_what_cannot_be_asked(site: Site, query: str) -> None:
    assert (await site.get("ada", URL + query))[0] == 400


async def test_acknowledged_by_one(site: Site) -> None:
    status, body = await site.send("sam", "POST", f"{URL}/1/acknowledge")
    assert (status, body["acknowledged_by"]) == (200, "sam")
    status, problem = await site.send("ada", "POST", f"{URL}/1/acknowledge")
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:already-done")
    for what in ("2", "99", "x", "9" * 30):
        assert (await site.send("sam", "POST", f"{URL}/{what}/acknowledge"))[0] == 404


@pytest.mark.parametrize(("owner", "seen"), [("first", True), ("second", False), ("", False)])
def test_a_channel_is_its_owner_s(owner: str, seen: bool) -> None:
    sam = Scope(Role.SUPERVISOR, "sam", frozenset({"first"}))
    alert = AlertOverview.of(Alert(1, AlertKind.BACKLOG, "channel", "line", 1), owner)
    assert covers(sam, Action.SEE_ALERTS, alert) is seen
