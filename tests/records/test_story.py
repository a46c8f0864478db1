"""The story as text."""

from records.drafts import Step
from records.projection import Projection
from records.story import render
from tests.records.turns import abandoned_call, handled_call


def told(turns: list[object], interaction: str) -> list[str]:
    projection = Projection()
    for turn in turns:
        projection.apply(turn)  # type: ignore[arg-type]
    return render([step for step in projection.steps if step.interaction_id == interaction])


def test_a_handled_call() -> None:
    assert told([*handled_call()], "i1") == [
        "    +0.000 s  opened           channel line-400, entry 400, medium voice",
        "    +0.200 s  answered",
        "    +1.000 s  menu             main",
        "    +4.000 s  digit            main: 1 orders",
        "    +5.000 s  queued           orders, priority 3, needs english 5+",
        "    +5.000 s  offered          to anna (best_proficiency: load 0, proficiency 8; next ben: proficiency 6)",
        "    +7.000 s  rejected         agent anna, reason lunch",
        "    +7.000 s  offered          to ben (best_proficiency: load 0, proficiency 8; next ben: proficiency 6)",
        "   +27.000 s  missed           agent ben",
        "   +27.000 s  offered          to cai (best_proficiency: load 0, proficiency 8; next ben: proficiency 6)",
        "   +29.000 s  accepted         agent cai",
        "   +30.000 s  joined           cai, after 25.0 s",
        "   +90.000 s  ended            by customer, with cai, after 60.0 s",
        "   +90.000 s  wrap_up_started  cai",
        "   +90.100 s  closed           outcome handled",
        "  +100.000 s  wrapped_up       cai, order_changed",
    ]


def test_an_abandoned_call() -> None:
    assert told([*abandoned_call()], "i2")[-3:] == [
        "   +10.000 s  offer_withdrawn  agent anna, reason abandoned",
        "   +10.000 s  abandoned        after 4.0 s",
        "   +10.000 s  closed           outcome abandoned",
    ]


def test_nothing_to_tell() -> None:
    assert render([]) == []


def test_sparse_details() -> None:
    steps = [
        Step("i1", 1, 0, 0, "offered", {"agent": "a", "strategy": "longest_idle", "terms": {}, "runner_up": None}),
        Step("i1", 2, 0, 0, "ended", {"agent": "a", "by": "system"}),
        Step("i1", 3, 0, 0, "abandoned", {"wait_us": None}),
        Step("i1", 4, 0, 0, "wrapped_up", {"agent": "a", "disposition": None}),
        Step("i1", 5, 0, 0, "rejected", {"agent": "a", "reason": None}),
    ]
    assert [line.split("s  ", 1)[1] for line in render(steps)] == [
        "offered          to a (longest_idle)",
        "ended            by system, with a",
        "abandoned",
        "wrapped_up       a, without a disposition",
        "rejected         agent a",
    ]


def test_idleness_is_told_as_a_length() -> None:
    detail = {"agent": "a", "strategy": "longest_idle", "terms": {"idle_since": 2_000_000}, "runner_up": None}
    assert render([Step("i1", 1, 0, 9_500_000, "offered", detail)])[0].endswith("to a (longest_idle: idle 7.5 s)")
