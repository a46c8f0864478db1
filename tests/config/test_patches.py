"""Live edits over rows: what they may speak of, and that they are judged together with the rest of the site."""

from dataclasses import replace

import pytest

from config.patches import RulesProblem, UnknownSubjectError, patched, row_of
from router.policy import Exit, Ring
from tests.server.sites import ORDERS, agent, small_site

SITE = replace(
    small_site({"anna": agent("anna", role="supervisor", supervises=("line1",))}),
    queues={
        "orders": ORDERS,
        "general": replace(ORDERS, name="general", when_full=Exit(queue="orders"), max_waiting=3),
    },
)


def problems(subject: str, patch: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(RulesProblem) as caught:
        patched(SITE, subject, patch)
    return [(each.path, each.message) for each in caught.value.problems]


def test_every_rule_can_be_edited_and_the_rest_of_the_row_stays() -> None:
    rings = [{"after_s": 20, "lower": {"english": 2}}]
    made = patched(SITE, "queue:orders", {"rings": rings, "max_waiting": 9, "opening": "closed"})
    orders = made.queues["orders"]
    assert orders.rings == (Ring(20_000_000, lower=(("english", 2),)),)
    assert (orders.max_waiting, orders.opening) == (9, "closed")
    assert replace(orders, rings=(), max_waiting=0, opening="hours") == ORDERS
    anna = patched(SITE, "agent:anna", {"queues": {"orders": 3}, "fresh": {"limit": 2}}).agents["anna"]
    assert (anna.role, anna.supervises, anna.queues["orders"].priority, anna.fresh_limit) == (
        "supervisor",
        ("line1",),
        3,
        2,
    )


def test_what_an_edit_may_not_do() -> None:
    assert problems("queue:orders", {"medium": "chat"}) == [("medium", "cannot be set here")]
    assert problems("agent:anna", {"role": "operations"}) == [("role", "cannot be set here")]
    assert problems("queue:orders", {"rings": [{"after_s": 1, "drop": ["dutch"]}]}) == [
        ("rings[0].drop[0]", '"dutch" is not known'),
        ("rings[0]", "changes nothing"),
    ]
    circle = {"max_waiting": 3, "when_full": {"queue": "general"}}
    assert problems("queue:orders", circle) == [("when_full", "leads in a circle: orders -> general -> orders")]
    with pytest.raises(UnknownSubjectError):
        patched(SITE, "queue:nowhere", {})


def test_the_row_as_the_files_have_it() -> None:
    row = row_of(SITE, "queue:general", {"priority": 3})
    assert (row["when_full"], row["priority"], row["requirements"]) == ({"queue": "orders"}, 3, {"english": 3})
    assert "rings" not in row
