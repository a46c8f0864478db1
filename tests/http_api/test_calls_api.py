"""Calls that go on: who reaches which, what is passed on, and how refusals are told."""

import pytest

from http_api.calls_api import CallsApi, LiveCall, LiveParty
from http_api.supervision_api import Refused
from records.roles import Scope
from tests.http_api.conftest import MakeSite, Site
from tests.http_api.neighbours import FirstTeam
from tests.http_api.watched import AGENT_OF, Watched


class Monitors(Watched):
    def live(self, scope: Scope) -> tuple[LiveCall, ...]:
        party = LiveParty(id="w", kind="agent", state="here", agent="anna", mode=None)
        return tuple(LiveCall(call, (party,)) for call in AGENT_OF if self.covers(scope, call))


@pytest.fixture
def monitors() -> Monitors:
    return Monitors()


@pytest.fixture
async def calls(make_site: MakeSite, monitors: Monitors) -> Site:
    return await make_site(CallsApi(monitors, FirstTeam()).routes())


async def test_what_is_asked_is_passed_on(calls: Site, monitors: Monitors) -> None:
    whisper = {"mode": "whisper", "agent_id": "anna", "comment": "first day"}
    assert await calls.send("sam", "PUT", "/api/v1/calls/c1/listener", whisper) == (204, None)
    assert await calls.send("sam", "DELETE", "/api/v1/calls/c1/listener") == (204, None)
    assert await calls.send("sam", "POST", "/api/v1/calls/c1/take-over", {"comment": "upset"}) == (204, None)
    assert monitors.asked == [
        ("listen", "sam", "c1", "whisper", "anna", "first day"),
        ("stop", "sam", "c1"),
        ("take_over", "sam", "c1", "upset"),
    ]


@pytest.mark.parametrize(
    ("account", "call", "status"),
    [
        ("sam", "c1", 204),
        ("sam", "c2", 404),
        ("ada", "c2", 204),
        ("anna", "c1", 403),
        ("crm", "c1", 403),
    ],
)
async def test_reach(calls: Site, account: str, call: str, status: int) -> None:
    assert (await calls.send(account, "PUT", f"/api/v1/calls/{call}/listener", {"mode": "listen"}))[0] == status
    assert (await calls.send(account, "DELETE", f"/api/v1/calls/{call}/listener"))[0] == status
    assert (await calls.send(account, "POST", f"/api/v1/calls/{call}/take-over", {}))[0] == status


async def test_the_list_is_that_of_the_callers_teams(calls: Site) -> None:
    status, seen = await calls.get("sam", "/api/v1/calls")
    assert (status, [call["interaction_id"] for call in seen["calls"]]) == (200, ["c1"])
    assert (await calls.get("anna", "/api/v1/calls"))[0] == 403


async def test_refusals_keep_their_code(calls: Site, monitors: Monitors) -> None:
    monitors.refusal = Refused("no_leg", "sign in first")
    status, told = await calls.send("sam", "PUT", "/api/v1/calls/c1/listener", {"mode": "barge"})
    assert (status, told["type"], told["detail"]) == (409, "urn:jackfield:problem:no-leg", "sign in first")
    assert (await calls.send("sam", "PUT", "/api/v1/calls/c1/listener", {"mode": "shout"}))[0] == 400
