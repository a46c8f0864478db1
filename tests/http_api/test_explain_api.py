"""Explanations over HTTP: whom they reach, and what they say."""

from typing import Any

import pytest

from tests.http_api.conftest import Site


@pytest.mark.parametrize(
    ("account", "path", "status"),
    [
        ("sam", "work/w1/explanation", 200),
        ("sam", "work/w2/explanation", 404),
        ("ada", "work/w2/explanation", 200),
        ("ada", "work/gone/explanation", 404),
        ("ada", "work/w3/explanation", 404),
        ("ada", "work/w4/explanation", 503),
        ("ada", "work/w1/explanation?candidates=0", 400),
        ("anna", "work/w1/explanation", 403),
        ("anna", "agents/anna/explanation", 200),
        ("anna", "agents/dora/explanation", 404),
        ("sam", "agents/anna/explanation", 200),
        ("sam", "agents/dora/explanation", 404),
        ("ada", "agents/dora/explanation", 200),
        ("ada", "agents/trainee/explanation", 404),
    ],
)
async def test_who_is_told(site: Site, account: str, path: str, status: int) -> None:
    answer: tuple[int, Any] = await site.get(account, f"/api/v1/{path}")
    assert answer[0] == status


async def test_work_is_told_with_now_and_its_offers(site: Site) -> None:
    _, found = await site.get("sam", "/api/v1/work/w1/explanation?candidates=7")
    assert found["now"]["candidates"] == [{"agent_id": "anna", "failed": None, "detail": "", "terms": {"load": 7}}]
    assert [(one["sequence"], one["agent_id"], one["candidates"]) for one in found["offers"]] == [(7, "anna", None)]


async def test_an_agent_is_told_of_the_queues_of_the_callers_teams(site: Site) -> None:
    for account in ("anna", "sam", "ada"):
        _, found = await site.get(account, "/api/v1/agents/anna/explanation")
        assert [one["queue"] for one in found["queues"]] == ["orders"]
        assert (found["reason"], found["held"]) == ("presence", {"voice": {"held": 0, "limit": 1}})
