"""Items that say the same share a plan; others do not."""

from router.line import Line
from router.policy import PriorityRule, QueuePolicy, Ring
from router.vocabulary import Medium, Requirement
from router.work import Work

RULES = QueuePolicy("sales", Medium.VOICE, priority=1, rings=(Ring(1, priority=5), Ring(2, priority=7)))


def item(*needs: Requirement, **fields: object) -> Work:
    work = Work("w", "i", Medium.VOICE, "sales", needs, 3, 0, 0, "")
    for name, value in fields.items():
        setattr(work, name, value)
    return work


def test_what_decides_a_demand_decides_the_plan() -> None:
    line = Line(QueuePolicy("sales", Medium.VOICE, condition="skill(work.language)"))
    first = line.plan(item(Requirement("en")))
    assert line.plan(item(Requirement("en"), attributes=(("order", "7"),))) is first
    assert line.plan(item(Requirement("en", 2))) is not first
    assert line.plan(item(Requirement("en"), ring=1)) is not first
    assert line.plan(item(Requirement("en"), directed="ann")) is not first
    assert line.plan(item(Requirement("en"), attributes=(("language", "de"),))) is not first
    own = [line.plan(item(condition='work.order == "7"', attributes=(("order", number),))) for number in "77 8"]
    assert own[0] is own[1]
    assert own[0] is not own[3]


def test_the_whole_priority_is_the_queue_s_its_rings_and_the_item_s() -> None:
    line, ruled = Line(RULES), Line(QueuePolicy("q", Medium.VOICE, priority_rules=(PriorityRule("True", 4),)))
    for ring, priority in ((0, 4), (1, 9), (2, 16)):
        assert line.priority(item(ring=ring)) == priority
    assert ruled.priority(item()) == 7


def test_the_longest_delay_that_has_passed_counts() -> None:
    line = Line(RULES, delays=(5, 10))
    assert [line.delay(item(waited_us=waited)) for waited in (0, 5, 9, 10, 99)] == [0, 5, 5, 10, 10]


def test_plans_of_made_up_conditions_are_forgotten() -> None:
    line = Line(RULES)
    for number in range(10_000):
        line.plan(item(condition=f"s{number}"))
    assert len(line.plans._found) <= 4096 + 1
