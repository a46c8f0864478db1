"""To whom a call can be handed on: who may ask, and that the list is the caller's own."""

import pytest

from http_api.targets_api import TargetAgent, TargetList, TargetQueue, TargetsApi
from router.vocabulary import Medium
from tests.http_api.conftest import MakeSite, Site


def targets(agent_id: str | None, medium: Medium) -> TargetList:
    if medium is Medium.CHAT:
        return TargetList((), (TargetQueue("web_chat", "Web chat", 0, 1),))
    agents = (TargetAgent("anna", "Anna", "free"), TargetAgent("dora", "Dora", "busy"))
    queues = (TargetQueue("orders", "Orders", 2, 1, {"en": "Orders"}),)
    return TargetList(tuple(one for one in agents if one.agent_id != agent_id), queues)


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(TargetsApi(targets).routes())


async def test_an_agent_sees_the_others(site: Site) -> None:
    status, seen = await site.get("anna", "/api/v1/transfer-targets")
    assert (status, seen) == (
        200,
        {
            "agents": [{"agent_id": "dora", "name": "Dora", "availability": "busy"}],
            "queues": [{"queue": "orders", "title": "Orders", "waiting": 2, "free": 1, "titles": {"en": "Orders"}}],
        },
    )


async def test_chats_have_targets_of_their_own(site: Site) -> None:
    status, seen = await site.get("anna", "/api/v1/transfer-targets?medium=chat")
    assert (status, [row["queue"] for row in seen["queues"]]) == (200, ["web_chat"])
    assert (await site.send("anna", "GET", "/api/v1/transfer-targets?medium=pigeon"))[0] == 400


@pytest.mark.parametrize(("account", "status"), [("sam", 200), ("ada", 200), ("crm", 403)])
async def test_staff_may_ask_and_programs_may_not(site: Site, account: str, status: int) -> None:
    assert (await site.send(account, "GET", "/api/v1/transfer-targets"))[0] == status
