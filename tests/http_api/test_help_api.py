"""Agents who ask for help: the list is the caller's, and so is what can be said of it."""

import pytest

from http_api.help_api import HelpApi, HelpRequest
from records.roles import Action, Scope
from records.sessions import Caller
from tests.http_api.conftest import MakeSite, Site
from tests.http_api.neighbours import FirstTeam


class Desk:
    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def requests(self, scope: Scope) -> tuple[HelpRequest, ...]:
        rows = (("anna.1", "anna"), ("dora.1", "dora"))
        return tuple(
            HelpRequest(
                reservation_id=name, interaction_id="i", agent=agent, name=agent, medium="chat", since_us=5, seen_by=""
            )
            for name, agent in rows
            if scope.covers_agent(Action.LISTEN, agent)
        )

    def acknowledge(self, reservation_id: str, caller: Caller) -> None:
        self.said.append(("acknowledge", reservation_id, caller.account))

    def done(self, reservation_id: str) -> None:
        self.said.append(("done", reservation_id))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def site(make_site: MakeSite, desk: Desk) -> Site:
    return await make_site(HelpApi(desk, FirstTeam()).routes())


async def test_a_supervisor_sees_and_answers_the_own_teams(site: Site, desk: Desk) -> None:
    status, seen = await site.get("sam", "/api/v1/help")
    assert (status, [row["agent"] for row in seen["requests"]]) == (200, ["anna"])
    assert await site.send("sam", "POST", "/api/v1/help/anna.1/acknowledge") == (204, None)
    assert await site.send("sam", "POST", "/api/v1/help/anna.1/done") == (204, None)
    assert (await site.send("sam", "POST", "/api/v1/help/dora.1/done"))[0] == 404
    assert desk.said == [("acknowledge", "anna.1", "sam"), ("done", "anna.1")]


@pytest.mark.parametrize("account", ["anna", "crm"])
async def test_nobody_else_does(site: Site, account: str) -> None:
    assert (await site.send(account, "GET", "/api/v1/help"))[0] == 403
