"""Queues and agents now."""

import pytest

from tests.http_api.conftest import Site
from tests.records.turns import START


@pytest.mark.parametrize("account", ["anna", "trainee", "sam", "ada"])
async def test_everybody_sees_the_queues(site: Site, account: str) -> None:
    assert await site.get(account, "/api/v1/queues") == (
        200,
        {"queues": [{"queue": "orders", "medium": "voice", "waiting": 2, "oldest_queued_at": START}]},
    )


@pytest.mark.parametrize(
    ("account", "seen"),
    [("anna", ["anna"]), ("dora", ["dora"]), ("trainee", []), ("sam", ["anna", "dora"]), ("ada", ["anna", "dora"])],
)
async def test_an_agent_sees_itself_only(site: Site, account: str, seen: list[str]) -> None:
    status, body = await site.get(account, "/api/v1/agents")
    assert status == 200
    assert [agent["agent_id"] for agent in body["agents"]] == seen


async def test_an_agents_work(site: Site) -> None:
    _, body = await site.get("anna", "/api/v1/agents")
    (agent,) = body["agents"]
    assert agent["held"] == [
        {"interaction_id": "i1", "medium": "voice", "queue": "orders", "state": "connected", "since": START}
    ]
    assert (agent["load"], agent["capacity"]) == (1, 1)
