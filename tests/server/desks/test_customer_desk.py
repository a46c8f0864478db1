"""Merging over the whole server: one timeline, told to the agent who has the customer, audited, and undone."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from agents_ws import messages as m
from records.customers import Customers
from tests.server.bureau import Bureau, bureau
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path_factory.mktemp("customers")) as office:
        yield office


async def offered(office: Bureau, agent: str, value: str) -> dict[str, str]:
    """Work of a customer with this visitor id, accepted by the agent; with the customer's id."""
    work = await office.submit("web_chat", customer={"kind": "visitor", "value": value})
    held = office.node.core.pump.dispatcher.holders
    await until(lambda: bool(held(work["work_id"])), "offered")
    (row,) = held(work["work_id"])
    assert row.agent_id == agent
    assert await office.node.voice.desk.accept(agent, row.reservation_id) is None
    await office.node.core.projection.drained()
    (customer,) = await Customers(office.node.storage.database).find(value)
    return {**work, "customer": customer, "reservation": row.reservation_id}


async def test_merged_seen_told_audited_and_undone(office: Bureau) -> None:
    told: list[tuple[str, m.NumberedMessage]] = []
    news_of = cast("Any", office.node.core.contexts.here_again).__self__
    news_of._send = lambda agent_id, message: told.append((agent_id, message))
    await office.connect("agent1")
    await office.ask("ops9", "POST", "agents/agent1/presence", {"presence": "ready"})
    mine = await offered(office, "agent1", "browser-one")
    database = office.node.storage.database
    made = Customers(database)
    other = await made.identify("phone", "+3225550100", True, 1)
    await made.attach(mine["interaction_id"], mine["customer"], {"phone": "+3225550100"}, 1)

    path = f"customers/{mine['customer']}"
    status, profile = await office.ask("agent1", "GET", path)
    assert status == 200
    (match,) = profile["matches"]
    assert (match["customer_id"], match["clues"]) == (other, [{"kind": "value", "value": "+3225550100"}])
    assert (await office.ask("agent4", "GET", path))[0] == 404

    status, profile = await office.ask("agent1", "POST", f"{path}/merge", {"customer_id": other})
    assert status == 200
    assert {identity["value"] for identity in profile["identities"]} == {"browser-one", "+3225550100"}
    assert [(each["customer_id"], each["by"]) for each in profile["merged"]] == [(other, "agent1")]
    assert profile["matches"] == []
    status, again = await office.ask("agent1", "POST", f"{path}/merge", {"customer_id": other})
    assert (status, again["type"]) == (409, "urn:jackfield:problem:same-customer")
    news = m.CustomerChanged(reservation_id=mine["reservation"], interaction_id=mine["interaction_id"])
    assert ("agent1", news) in told

    # Somebody comes in by the other identity: one timeline, live.
    told.clear()
    later = await office.submit("first_chat", customer={"kind": "phone", "value": "+3225550100"})
    await office.node.core.projection.drained()
    _, timeline = await office.ask("agent1", "GET", f"{path}/timeline")
    assert [item["id"] for item in timeline["items"]] == [later["interaction_id"], mine["interaction_id"]]
    assert timeline["customer"]["id"] == mine["customer"]

    status, profile = await office.ask("agent1", "POST", f"{path}/unmerge", {"customer_id": other})
    assert (status, profile["merged"]) == (200, [])
    _, timeline = await office.ask("agent1", "GET", f"{path}/timeline")
    assert [item["id"] for item in timeline["items"]] == [mine["interaction_id"]]
    assert ("agent1", news) in told
    assert (await office.ask("agent1", "POST", f"{path}/unmerge", {"customer_id": other}))[0] == 404
    _, audit = await office.ask("ops9", "GET", "audit")
    done = [(item["action"], item["by"], item["subject"]) for item in audit["items"] if "merge" in item["action"]]
    subject = f"customer:{mine['customer']}"
    assert done == [("unmerge_customers", "agent1", subject), ("merge_customers", "agent1", subject)]
    assert "+3225550100" not in str(audit), "the audit log holds identifiers only"


async def test_attributes(office: Bureau) -> None:
    one = await Customers(office.node.storage.database).identify("phone", "+3225550100", True, 1)
    status, profile = await office.ask("super9", "PUT", f"customers/{one}/attributes/stage", {"value": " loyal "})
    assert (status, [(each["name"], each["value"], each["by"]) for each in profile["attributes"]]) == (
        200,
        [("stage", "loyal", "super9")],
    )
    assert (await office.ask("super9", "PUT", f"customers/{one}/attributes/{'x' * 41}", {"value": "x"}))[0] == 422
    assert (await office.ask("super9", "PUT", "customers/nobody/attributes/x", {"value": "x"}))[0] == 404
    assert (await office.ask("super9", "GET", "customers/nobody"))[0] == 404
    _, profile = await office.ask("super9", "PUT", f"customers/{one}/attributes/stage", {"value": None})
    assert profile["attributes"] == []
    _, audit = await office.ask("ops9", "GET", "audit")
    assert "loyal" not in str(audit)
