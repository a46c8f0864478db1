"""What an item demands: its queue's rules, its own, its attributes, and the rings that hold."""

from dataclasses import replace

from router.demand import attributes, attributes_ranked, attributes_read, demand, priority
from router.expression import ALWAYS, NEVER, render
from router.policy import Preference, PriorityRule, QueuePolicy, Ring
from router.vocabulary import Medium, Requirement
from router.work import Work

RULES = QueuePolicy(
    "sales",
    Medium.VOICE,
    (Requirement("orders", 4),),
    priority=2,
    teams=("b", "a"),
    condition='skill(work.language) >= 3 and work.medium == "voice"',
    hard=("orders",),
    preferences=(Preference("en >= 8", 3, 'customer.tier == "gold"'),),
    priority_rules=(PriorityRule('customer.tier in ("gold", "vip")', 10), PriorityRule('work.queue == "sales"', 1)),
)


def item(ring: int = 0, *needs: Requirement, condition: str = "", **attributes: str) -> Work:
    pairs = tuple(sorted((name.replace("__", "."), value) for name, value in attributes.items()))
    return Work("w", "i", Medium.VOICE, "sales", needs, 0, 0, 0, "", condition=condition, attributes=pairs, ring=ring)


def text(rules: QueuePolicy, work: Work) -> str:
    return render(demand(rules, work).expression)


def test_queue_item_and_attributes_are_one_demand() -> None:
    assert text(RULES, item()) == "orders >= 4"
    assert text(RULES, item(0, Requirement("orders", 6), language="de", condition="not en")) == (
        "de >= 3 and not en and orders >= 6"
    )
    assert demand(RULES, item()).teams == ("a", "b")
    assert demand(QueuePolicy("sales", Medium.CHAT, condition='work.medium == "chat"'), item()).expression == NEVER


def test_rings_lower_and_drop_on_top_of_each_other_but_never_what_is_hard() -> None:
    rings = (Ring(1, lower=(("de", 1), ("orders", 3))), Ring(2, lower=(("de", 1),)), Ring(3, drop=("de", "en")))
    rules = replace(RULES, rings=rings)
    found = [text(rules, item(ring, Requirement("en", 2), language="de")) for ring in range(4)]
    assert found == [
        "de >= 3 and en >= 2 and orders >= 4",
        "de >= 2 and en >= 2 and orders >= 4",
        "de and en >= 2 and orders >= 4",
        "orders >= 4",
    ]


def test_a_ring_may_ask_for_something_else_and_of_other_teams() -> None:
    rings = (Ring(1, requirements="second_line", teams=()), Ring(2, priority=5), Ring(3, requirements=""))
    rules = replace(RULES, rings=rings)
    work = item(2, Requirement("en"))
    assert text(rules, work) == "en and second_line"
    assert demand(rules, work).teams == ()
    assert priority(rules, 2, attributes(work)) == 2 + 1 + 5
    assert text(rules, item(3, Requirement("en"))) == "en"


def test_priority_and_preferences_hold_when_their_condition_does() -> None:
    plain, gold = demand(RULES, item()), demand(RULES, item(customer__tier="gold"))
    assert plain.preferences == ()
    assert [(render(want), score) for want, score in gold.preferences] == [("en >= 8", 3)]
    assert priority(RULES, 0, attributes(item())) == 3
    assert priority(RULES, 0, attributes(item(customer__tier="gold"))) == 13


def test_work_that_is_kept_for_one_demands_nothing_else() -> None:
    work = item(0, Requirement("en"), customer__tier="vip")
    work.directed = "ann"
    found = demand(RULES, work)
    assert (found.expression, found.teams, found.preferences) == (ALWAYS, (), ())


def test_attributes_on_which_a_queue_depends_are_known() -> None:
    rules = replace(RULES, rings=(Ring(1, requirements='work.channel == "web"'),))
    assert attributes_read(rules) == ("channel", "customer.tier", "language", "medium")
    assert attributes_ranked(rules) == ("customer.tier", "queue")
