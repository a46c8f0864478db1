"""The audit log by teams, and the log of deliveries for administrators."""

from records.audit import Audit, Intervention
from records.webhooks import KINDS, WebhookOutbox
from tests.http_api.conftest import Site
from tests.records.turns import handled_call


async def test_a_supervisor_sees_the_own_teams(site: Site) -> None:
    audit = Audit(site.database)
    for number, team in enumerate(("first", "second", "first"), 1):
        await audit.add(
            Intervention(
                at=number,
                by="ada",
                role="administrator",
                action="move_work",
                subject=f"work:{number}",
                before={"queue": "orders"},
                after={"queue": "experts"},
                teams=(team,),
            )
        )
    status, body = await site.get("sam", "/api/v1/audit")
    assert (status, [item["subject"] for item in body["items"]], body["next"]) == (200, ["work:3", "work:1"], None)
    assert body["items"][0]["before"] == {"queue": "orders"}
    _, first = await site.get("ada", "/api/v1/audit?limit=2")
    assert ([item["id"] for item in first["items"]], first["next"]) == ([3, 2], 2)
    _, rest = await site.get("ada", f"/api/v1/audit?before={first['next']}")
    assert [item["id"] for item in rest["items"]] == [1]
    assert (await site.get("anna", "/api/v1/audit"))[0] == 403


async def test_deliveries(site: Site) -> None:
    outbox = WebhookOutbox(site.database, {"crm": frozenset(KINDS)})
    await outbox.begin(0)
    await outbox.apply(handled_call())
    status, first = await site.get("ada", "/api/v1/webhooks/deliveries?limit=2")
    assert (status, len(first["items"])) == (200, 2)
    _, rest = await site.get("ada", f"/api/v1/webhooks/deliveries?before={first['next']}&hook=crm&state=waiting")
    assert first["items"][-1]["id"] not in [item["id"] for item in rest["items"]]
    assert (await site.get("ada", "/api/v1/webhooks/deliveries?before=x"))[0] == 400
    assert (await site.get("sam", "/api/v1/webhooks/deliveries"))[0] == 403
