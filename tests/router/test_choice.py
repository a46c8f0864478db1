"""Each strategy's order, its terms, and that a key is the sum of its two halves."""

from random import Random

import pytest

from router.agent import Agent
from router.choice import Choice, load
from router.expression import resolve
from router.expression_parser import parse
from router.offer import Reservation
from router.policy import AgentPolicy, Strategy, Weights
from router.vocabulary import Medium, Requirement
from router.work import Work
from tests.router.world import SECOND

WANTED = (Requirement("en"), Requirement("orders"))


def one(name: str, units: int = 0, total: int = 4, grade: int = 0, idle_since: int = 0, today: int = 0) -> Agent:
    rules = AgentPolicy(name, "t1", {"en": grade} if grade else {}, total_units=total)
    agent = Agent(name, rules, idle_since=idle_since, handled_today=today)
    if units:
        work = Work("w", "i", Medium.CHAT, "q", (), 0, 0, 0, "")
        agent.take(Reservation(f"{name}.1", work, agent, Medium.CHAT, units, 0, None, None))
    return agent


def order(choice: Choice, *agents: Agent) -> str:
    return " ".join(found.agent_id for found in sorted(agents, key=lambda agent: choice.key(agent, WANTED)))


def test_load_is_relative_so_that_an_idle_agent_beats_a_half_loaded_one() -> None:
    idle, half, third = one("idle", total=1, idle_since=9), one("half", 2, 4), one("third", 3, 9)
    assert [load(agent) for agent in (idle, half, third)] == [0, 500, 333]
    for strategy in (Strategy.BEST_PROFICIENCY, Strategy.LEAST_LOADED, Strategy.FEWEST_TODAY, Strategy.WEIGHTED):
        assert order(Choice(strategy), half, idle, third) == "idle third half"


@pytest.mark.parametrize(("strategy", "found"), [
    (Strategy.BEST_PROFICIENCY, "good many long"),
    (Strategy.LEAST_LOADED, "long good many"),
    (Strategy.LONGEST_IDLE, "long good many"),
    (Strategy.FEWEST_TODAY, "good long many"),
])  # fmt: skip
def test_strategies_order_idle_agents_each_in_their_way(strategy: Strategy, found: str) -> None:
    long = one("long", grade=1, idle_since=1, today=5)
    good = one("good", grade=9, idle_since=2, today=2)
    many = one("many", grade=5, idle_since=3, today=8)
    assert order(Choice(strategy), many, good, long) == found


def test_longest_idle_asks_only_whether_anything_is_held() -> None:
    assert order(Choice(Strategy.LONGEST_IDLE), one("full", 4), one("some", 1, idle_since=1)) == "full some"
    assert order(Choice(Strategy.LONGEST_IDLE), one("full", 4), one("free", idle_since=9)) == "free full"


def test_weights_trade_idle_seconds_for_grades_exactly() -> None:
    choice = Choice(Strategy.WEIGHTED, Weights(load=0, proficiency=10, idle=1))
    expert, waits = one("expert", grade=5, idle_since=50 * SECOND), one("waits", grade=1, idle_since=10 * SECOND)
    assert order(choice, waits, expert) == "waits expert"  # both 40 points apart: the longer idle one
    waits.idle_since += 1
    assert order(choice, waits, expert) == "expert waits"
    assert choice.teller()(choice.key(expert, WANTED)) == (
        ("points", -50),
        ("idle_weight", 1),
        ("idle_since", 50 * SECOND),
    )


def test_preferences_lead_whatever_the_strategy_says() -> None:
    senior, trainee = parse("en >= 8"), resolve(parse('team == "t1" and not en'), {})
    for strategy in Strategy:
        choice = Choice(strategy, Weights(9, 9, 9, 9), ((senior, 2), (trainee, 1)))
        agents = one("both", 4, grade=9, today=99, idle_since=10**15), one("new"), one("mid", grade=5)
        assert order(choice, *reversed(agents)) == "both new mid"
        assert choice.teller()(choice.key(agents[0], WANTED))[0] == ("preference", 2)


def test_a_key_is_standing_plus_merit() -> None:
    random = Random(1)
    for _ in range(200):
        weights = Weights(*(random.randint(0, 9) for _ in range(4)))
        choice = Choice(random.choice(tuple(Strategy)), weights, ((parse("en >= 3"), 1),))
        agent = one("a", random.randint(0, 4), 4, random.randint(0, 10), random.randint(0, 10**12), 3)
        standing, merit = choice.standing()(agent), choice.merit(agent, WANTED)
        assert choice.key(agent, WANTED)[:2] == (standing[0] + merit[0], standing[1] + merit[1])


def test_choices_of_one_kind_have_one_standing() -> None:
    assert Choice(Strategy.LEAST_LOADED).kind == Choice(Strategy.LEAST_LOADED, None, ((parse("a"), 1),)).kind
    first, second = Weights(1, 2, 3, 4), Weights(1, 2, 3, 5)
    assert Choice(Strategy.WEIGHTED, first).kind != Choice(Strategy.WEIGHTED, second).kind
