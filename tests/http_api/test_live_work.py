"""Calls and chats that go on: who is out of reach is not found, and what is refused is a conflict with its code."""

import pytest

from http_api.live_work import LiveWorkApi, done
from http_api.problems import ProblemError
from http_api.routes import order
from http_api.supervision_api import Refused
from records.roles import Action
from tests.http_api.conftest import MakeSite
from tests.http_api.neighbours import FirstTeam
from tests.http_api.watched import Watched


async def test_leaving_and_taking_over_are_the_same_for_both(make_site: MakeSite) -> None:
    watched = Watched()
    api = LiveWorkApi(watched, FirstTeam())
    path = "/api/v1/things/{id}"
    site = await make_site(
        (
            order("DELETE", f"{path}/listener", api.stop, "leave", "Leave", Action.LISTEN),
            order("POST", f"{path}/take-over", api.take_over, "take", "Take over", Action.TAKE_OVER),
        )
    )
    assert await site.send("sam", "DELETE", "/api/v1/things/c1/listener") == (204, None)
    assert await site.send("sam", "POST", "/api/v1/things/c1/take-over", {"comment": "upset"}) == (204, None)
    assert watched.asked == [("stop", "sam", "c1"), ("take_over", "sam", "c1", "upset")]
    assert (await site.send("sam", "DELETE", "/api/v1/things/c2/listener"))[0] == 404
    assert (await site.send("anna", "DELETE", "/api/v1/things/c1/listener"))[0] == 403


def test_a_refusal_is_a_conflict() -> None:
    with pytest.raises(ProblemError) as raised:
        done(Refused("no_leg", "sign in first"))
    assert (raised.value.status, raised.value.code) == (409, "no-leg")
    assert done(None).status == 204
