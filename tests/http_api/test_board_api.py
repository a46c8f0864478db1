"""Queues and agents now."""

import pytest

from tests.http_api.conftest import Site
from tests.records.turns import START


@pytest.mark.parametrize(
    ("account", "seen"),
    [("anna", ["orders"]), ("trainee", ["orders"]), ("sam", ["orders"]), ("ada", ["orders", "experts"])],
)
async def test_queues_of_the_callers_teams(site: Site, account: str, seen: list[str]) -> None:
    status, body = await site.get(account, "/api/v1/queues")
    assert status == 200
    assert [queue["queue"] for queue in body["queues"]] == seen
    orders = body["queues"][0]
    assert (orders["waiting"], orders["oldest_queued_at"]) == (2, START)
    assert orders["service_level"]["level"] == 0.5


@pytest.mark.parametrize(
    ("account", "seen"),
    [("anna", ["anna"]), ("dora", ["dora"]), ("trainee", []), ("sam", ["anna"]), ("ada", ["anna", "dora"])],
)
async def test_agents_of_the_callers_teams(site: Site, account: str, seen: list[str]) -> None:
    status, body = await site.get(account, "/api/v1/agents")
    assert status == 200
    assert [agent["agent_id"] for agent in body["agents"]] == seen


async def test_an_agents_work(site: Site) -> None:
    _, body = await site.get("anna", "/api/v1/agents")
    (agent,) = body["agents"]
    assert agent["held"] == [
        {
            "interaction_id": "i1",
            "medium": "voice",
            "queue": "orders",
            "state": "connected",
            "since": START,
            "work_id": "w1",
        }
    ]
    assert (agent["load"], agent["capacity"]) == (1, 1)
