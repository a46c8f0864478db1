"""Teams, agents and queues of each caller."""

from dataclasses import replace
from types import MappingProxyType

from config.site import TeamConfig
from records.accounts import Role
from records.sessions import Caller
from router.policy import Elsewhere
from router.vocabulary import Medium
from server.floor.scopes import Scopes
from tests.server.sites import ORDERS, agent, small_site

SITE = small_site(
    {
        "anna": agent("anna"),
        "ben": agent("ben", team="line2"),
        "sue": agent("sue", role="supervisor"),
        "tom": agent("tom", team="line2", supervises=("line1", "line2")),
    },
    teams={name: TeamConfig(name, name) for name in ("line1", "line2")},
    queues={
        "orders": ORDERS,
        "first": replace(ORDERS, name="first", teams=("line1",)),
        "second": replace(ORDERS, name="second", teams=("line2",)),
    },
)


def covered(role: Role, name: str | None) -> tuple[set[str], set[str], set[str]]:
    scope = Scopes(lambda: SITE).of(Caller(name or "?", role, name, 0))
    return set(scope.teams), set(scope.agents), set(scope.queues)


def test_queues_of_other_shards_are_everybodys() -> None:
    there = replace(SITE.routing, elsewhere=MappingProxyType({"far": Elsewhere("south", Medium.VOICE)}))
    scope = Scopes(lambda: replace(SITE, routing=there)).of(Caller("sue", Role.SUPERVISOR, "sue", 0))
    assert set(scope.queues) == {"orders", "first", "far"}


def test_scopes() -> None:
    assert covered(Role.AGENT, "anna") == ({"line1"}, {"anna", "sue"}, {"orders", "first"})
    assert covered(Role.SUPERVISOR, "sue") == ({"line1"}, {"anna", "sue"}, {"orders", "first"})
    both = ({"line1", "line2"}, set(SITE.agents), {"orders", "first", "second"})
    assert covered(Role.SUPERVISOR, "tom") == both
    # `supervises` is a supervisor's: who was one before is an agent of the own team.
    assert covered(Role.AGENT, "tom") == ({"line2"}, {"ben", "tom"}, {"orders", "second"})
    assert covered(Role.API, "anna") == covered(Role.SUPERVISOR, None) == (set(), set(), set())
