"""Interventions: who is reached, what is passed on, and how refusals are told."""

from typing import Any

import pytest

from http_api.supervision_api import Refused
from tests.http_api.conftest import Site

PRESENCE = {"presence": "not_ready", "reason": "lunch", "comment": "late"}


async def test_presence_is_passed_on(site: Site) -> None:
    assert await site.send("sam", "POST", "/api/v1/agents/anna/presence", PRESENCE) == (204, None)
    assert site.asked.calls == [("presence", "sam", "anna", "not_ready", "lunch", "late")]


@pytest.mark.parametrize(
    ("account", "path", "body", "status"),
    [
        ("sam", "agents/dora/presence", PRESENCE, 404),
        ("ada", "agents/dora/presence", PRESENCE, 204),
        ("anna", "agents/anna/presence", PRESENCE, 403),
        ("crm", "agents/anna/presence", PRESENCE, 403),
        ("sam", "agents/anna/presence", {"presence": "asleep"}, 400),
        ("sam", "work/w1/move", {"queue": "orders"}, 204),
        ("sam", "work/w1/move", {"queue": "experts"}, 422),
        ("sam", "work/w2/move", {"queue": "orders"}, 404),
        ("ada", "work/w2/move", {"queue": "orders"}, 204),
        ("ada", "work/gone/move", {"queue": "orders"}, 404),
        ("anna", "work/w1/move", {"queue": "orders"}, 403),
        ("sam", "work/w1/direct", {"agent_id": "anna"}, 204),
        ("sam", "work/w1/direct", {"agent_id": None}, 204),
        ("sam", "work/w1/direct", {"agent_id": "dora"}, 422),
        ("sam", "work/w1/direct", {}, 400),
        ("sam", "work/w1/cancel", {}, 204),
        ("sam", "work/w2/cancel", {}, 404),
        ("crm", "work/w1/cancel", {}, 404),
        ("crm", "work/w1/move", {"queue": "orders"}, 403),
        ("anna", "work/w1/cancel", {}, 403),
    ],
)
async def test_reach(site: Site, account: str, path: str, body: dict[str, Any], status: int) -> None:
    assert (await site.send(account, "POST", f"/api/v1/{path}", body))[0] == status
    assert len(site.asked.calls) == (status == 204)


async def test_a_program_ends_its_own_work(site: Site) -> None:
    site.asked.owner = "key:crm"
    assert (await site.send("crm", "POST", "/api/v1/work/w2/cancel", {"comment": "sold"}))[0] == 204
    site.asked.owner = "key:shop"
    assert (await site.send("crm", "POST", "/api/v1/work/w2/cancel", {}))[0] == 404


@pytest.mark.parametrize(
    ("code", "status"), [("not_waiting", 409), ("work_held", 409), ("unknown_work", 404), ("wrong_medium", 422)]
)
async def test_refusals_keep_their_code(site: Site, code: str, status: int) -> None:
    site.asked.refusal = Refused(code, "no")
    answer = await site.send("sam", "POST", "/api/v1/work/w1/move", {"queue": "orders"})
    assert answer[0] == status
    assert answer[1]["type"] == f"urn:jackfield:problem:{code.replace('_', '-')}"
    assert answer[1]["detail"] == "no"


async def test_a_short_list_is_explained(site: Site) -> None:
    assert (await site.get("sam", "/api/v1/work"))[0] == 200
    assert (await site.get("sam", "/api/v1/work?limit=21"))[0] == 200
    assert site.asked.explained == [True, False]
    assert (await site.get("sam", "/api/v1/work?limit=501"))[0] == 400
    assert (await site.get("anna", "/api/v1/work"))[0] == 403
