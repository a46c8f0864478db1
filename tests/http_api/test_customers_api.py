"""A customer by identity, and the timeline over all channels."""

import pytest

from records.customers import Customers
from tests.http_api.conftest import Site
from tests.records.turns import START

NUMBER = "%2B3225550100"


async def customer(site: Site) -> str:
    found = await Customers(site.database).find("+3225550100")
    return found[0]


async def test_found_by_any_of_the_identities(site: Site) -> None:
    status, body = await site.get("sam", f"/api/v1/customers?identity={NUMBER}")
    assert status == 200
    (one,) = body["customers"]
    assert one["identities"] == [{"kind": "phone", "value": "+3225550100", "unverified": True}]
    assert (await site.get("sam", f"/api/v1/customers?identity={NUMBER}&kind=email"))[1] == {"customers": []}
    assert (await site.get("sam", "/api/v1/customers"))[0] == 400


async def test_the_timeline_pages_newest_first(site: Site) -> None:
    who = await customer(site)
    await Customers(site.database).attach("i5", who, {}, START)
    status, first = await site.get("sam", f"/api/v1/customers/{who}/timeline?limit=1")
    assert (status, [item["id"] for item in first["items"]], first["customer"]["id"]) == (200, ["i5"], who)
    _, second = await site.get("sam", f"/api/v1/customers/{who}/timeline?before={first['next']}")
    assert ([item["id"] for item in second["items"]], second["next"]) == (["i1"], None)


@pytest.mark.parametrize(
    ("account", "status"), [("anna", 200), ("dora", 404), ("trainee", 404), ("sam", 200), ("ada", 200), ("crm", 403)]
)
async def test_an_agent_sees_customers_whom_they_were_offered(site: Site, account: str, status: int) -> None:
    who = await customer(site)
    assert (await site.send(account, "GET", f"/api/v1/customers/{who}/timeline"))[0] == status
    seen, body = await site.send(account, "GET", f"/api/v1/customers?identity={NUMBER}")
    assert (seen, bool(body.get("customers"))) == (403 if status == 403 else 200, status == 200)


async def test_nobody(site: Site) -> None:
    assert (await site.get("sam", "/api/v1/customers/nobody/timeline"))[0] == 404
