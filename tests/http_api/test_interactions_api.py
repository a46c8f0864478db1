"""Records and stories over HTTP, and who sees which."""

from typing import Any

import pytest

from records.projector import Projector
from tests.http_api.conftest import Site
from tests.records.turns import START, opened, turn


async def test_everything_about_one_interaction(site: Site) -> None:
    status, body = await site.get("sam", "/api/v1/interactions/i1")
    assert status == 200
    assert (
        body["record"].items()
        >= {
            "id": "i1",
            "queue": "orders",
            "agent_id": "cai",
            "opened_at": START + 1_000_000,
            "wait_us": 25_000_000,
            "outcome": "handled",
            "disposition": "order_changed",
            "state": "closed",
        }.items()
    )
    assert [step["kind"] for step in body["story"]][:5] == ["opened", "answered", "menu", "digit", "queued"]
    offered = next(step for step in body["story"] if step["kind"] == "offered")
    assert (offered["detail"]["agent"], offered["detail"]["runner_up"]) == ("anna", "ben")
    assert body["notes"] == [{"agent_id": "cai", "text": "wants it on Friday", "at": START}]
    assert body["data"] == {"order": "A-17"}
    assert body["identities"] == [{"kind": "phone", "value": "+3225550100", "unverified": True}]


@pytest.mark.parametrize(
    ("account", "i1", "i5"),
    [("anna", 200, 404), ("dora", 404, 404), ("trainee", 404, 404), ("sam", 200, 200), ("ada", 200, 200)],
)
async def test_who_sees_which(site: Site, account: str, i1: int, i5: int) -> None:
    """anna was offered i1 (and rejected it); i5 was never offered to anybody."""
    assert (await site.get(account, "/api/v1/interactions/i1"))[0] == i1
    assert (await site.get(account, "/api/v1/interactions/i5"))[0] == i5
    seen = [name for name, status in (("i5", i5), ("i1", i1)) if status == 200]
    assert await listed(site, account, "") == seen


async def test_hidden_and_absent_look_alike(site: Site) -> None:
    _, hidden = await site.get("dora", "/api/v1/interactions/i1")
    _, absent = await site.get("dora", "/api/v1/interactions/none")
    del hidden["instance"], absent["instance"]
    assert hidden == absent
    assert (await site.get("sam", "/api/v1/interactions/none"))[0] == 404


async def listed(site: Site, account: str, query: str) -> list[str]:
    status, body = await site.get(account, f"/api/v1/interactions{query}")
    assert status == 200
    return [item["id"] for item in body["items"]]


async def test_filters(site: Site) -> None:
    _, whole = await site.get("sam", "/api/v1/interactions/i1")
    customer = whole["record"]["customer_id"]
    assert await listed(site, "sam", f"?customer={customer}") == ["i1"]
    assert await listed(site, "sam", "?agent=cai") == ["i1"]
    assert await listed(site, "sam", "?agent=anna") == []
    assert await listed(site, "sam", "?queue=orders") == ["i1"]
    assert await listed(site, "sam", "?state=open") == ["i5"]
    assert await listed(site, "sam", f"?before={START + 2_000_000}") == ["i1"]
    assert await listed(site, "dora", f"?customer={customer}") == []


async def test_paging_through_equal_times(site: Site) -> None:
    more = [turn(15 + number, 300, opened(f"call-{number}")) for number in range(1, 6)]
    await Projector(site.database).apply(more)
    found: list[str] = []
    query = "?limit=2"
    while True:
        _, page = await site.get("sam", f"/api/v1/interactions{query}")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&before={page['next']}"
    assert found == ["call-5", "call-4", "call-3", "call-2", "call-1", "i5", "i1"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=٣", "before=x", "before=", "before=" + "9" * 40]
)
async def test_bad_queries(site: Site, query: str) -> None:
    status, body = await site.get("sam", f"/api/v1/interactions?{query}")
    assert (status, body["type"]) == (400, "urn:jackfield:problem:bad-request")


async def test_odd_ids_are_just_not_found(site: Site) -> None:
    for odd in ("%00", "a'b", "%2e%2e", "x" * 500, "%ff"):
        status, _body = await site.get("sam", f"/api/v1/interactions/{odd}")
        assert status == 404, odd


async def test_the_view_answers_with_the_declared_shape(site: Site) -> None:
    import msgspec

    from http_api.interactions_api import Interaction, InteractionPage

    whole: Any = (await site.get("sam", "/api/v1/interactions/i1"))[1]
    page: Any = (await site.get("sam", "/api/v1/interactions"))[1]
    assert msgspec.convert(whole, Interaction).record.id == "i1"
    assert len(msgspec.convert(page, InteractionPage).items) == 2
