"""Canned replies and scripts: staff get them, programs do not, and each answer is what holds then."""

import pytest

from http_api.guidance_api import CannedReply, GuidanceApi, SiteGuidance, SiteTitles
from tests.http_api.conftest import MakeSite, Site

HELLO = CannedReply(name="hello", titles={"en": "Greeting"}, queues=(), texts={"en": "Hello {customer}"})


@pytest.fixture
def held() -> list[SiteGuidance]:
    titles = SiteTitles(queues={"orders": {"en": "Orders"}}, channels={}, teams={})
    return [SiteGuidance(site="Demo", titles=titles, replies=(HELLO,), scripts={"orders": {"en": "# Orders"}})]


@pytest.fixture
async def site(make_site: MakeSite, held: list[SiteGuidance]) -> Site:
    return await make_site(GuidanceApi(lambda: held[-1]).routes())


async def test_an_agent_gets_all_of_it_as_it_is_now(site: Site, held: list[SiteGuidance]) -> None:
    status, seen = await site.get("anna", "/api/v1/guidance")
    assert (status, seen) == (
        200,
        {
            "site": "Demo",
            "titles": {
                "queues": {"orders": {"en": "Orders"}},
                **{kind: {} for kind in ("channels", "teams", "skills", "words", "agents")},
            },
            "replies": [
                {"name": "hello", "titles": {"en": "Greeting"}, "queues": [], "texts": {"en": "Hello {customer}"}}
            ],
            "scripts": {"orders": {"en": "# Orders"}},
        },
    )
    held.append(SiteGuidance(site="Demo", replies=(), scripts={}))
    assert (await site.get("anna", "/api/v1/guidance"))[1]["replies"] == []


@pytest.mark.parametrize(("account", "status"), [("sam", 200), ("ada", 200), ("crm", 403)])
async def test_staff_may_ask_and_programs_may_not(site: Site, account: str, status: int) -> None:
    assert (await site.send(account, "GET", "/api/v1/guidance"))[0] == status
