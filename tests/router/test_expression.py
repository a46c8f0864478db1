"""The normal form of expressions, and what they mean for agents."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.expression import (
    NEVER,
    AllOf,
    AtLeast,
    Attribute,
    Expression,
    Not,
    SkillOf,
    Team,
    all_of,
    names,
    relax,
    render,
    resolve,
    unmet,
    wanted,
)
from router.expression_parser import parse
from router.vocabulary import Requirement

SKILLS = ("a", "b", "c")


requirements = st.builds(
    lambda skill, low, span: Requirement(skill, low, min(10, low + span)),
    st.sampled_from(SKILLS),
    st.integers(1, 10),
    st.integers(0, 9),
)
atoms: st.SearchStrategy[Expression] = st.one_of(
    requirements,
    st.builds(Team, st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2).map(tuple)),
    st.builds(Attribute, st.sampled_from(["tier", "customer.kind"]), st.just(("vip",))),
    st.builds(SkillOf, st.just("language"), st.integers(1, 10)),
)


def _parts(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(children, max_size=3).map(tuple)
    return st.one_of(
        st.builds(AllOf, several),
        st.builds(lambda count, parts: AtLeast(min(count, max(1, len(parts))), parts), st.integers(1, 3), several),
        st.builds(Not, children),
    )


expressions = st.recursive(atoms, _parts, max_leaves=8)
agents = st.tuples(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 10)), st.sampled_from(["x", "y", "z"]))
attributes = st.dictionaries(st.sampled_from(["tier", "customer.kind", "language"]), st.sampled_from(["vip", "a", "b"]))


def _holds(expression: Expression, skills: dict[str, int], team: str, about: dict[str, str]) -> bool:
    """The meaning, written down a second time without any simplification."""
    match expression:
        case Requirement(skill, low, high):
            return low <= skills.get(skill, 0) <= high
        case SkillOf(attribute, low, high):
            return attribute not in about or low <= skills.get(about[attribute], 0) <= high
        case Team(found):
            return team in found
        case Attribute(name, values):
            return about.get(name) in values
        case AllOf(parts):
            return all(_holds(part, skills, team, about) for part in parts)
        case AtLeast(count, parts):
            return sum(_holds(part, skills, team, about) for part in parts) >= count
        case Not(part):
            return not _holds(part, skills, team, about)


@given(expressions, agents, attributes)
def test_the_normal_form_means_the_same(
    expression: Expression, agent: tuple[dict[str, int], str], about: dict[str, str]
) -> None:
    skills, team = agent
    resolved = resolve(expression, about)
    assert (unmet(resolved, skills, team) is None) == _holds(expression, skills, team, about)
    assert resolve(resolved, {}) == resolved


@given(expressions, attributes)
def test_an_expression_is_what_its_text_says(expression: Expression, about: dict[str, str]) -> None:
    assert resolve(parse(render(expression)), about) == resolve(expression, about)


def test_equal_demands_are_equal_however_they_are_written() -> None:
    forms = ["b and a >= 3 and a", "a >= 3 and (b and a >= 2)", "not not (a >= 3) and b", "at_least(2, b, a >= 3)"]
    assert len({resolve(parse(form), {}) for form in forms}) == 1
    assert resolve(parse("a >= 7 and 1 <= a <= 3"), {}) == NEVER


def test_unmet_names_the_first_part_that_fails() -> None:
    demand = resolve(parse('a >= 3 and (b or c >= 5) and team == "x"'), {})
    assert unmet(demand, {"a": 2, "b": 1}, "x") == Requirement("a", 3)
    assert unmet(demand, {"a": 3, "c": 4}, "x") == AtLeast(1, (Requirement("b"), Requirement("c", 5)))
    assert unmet(demand, {"a": 3, "c": 5}, "y") == Team(("x",))
    assert unmet(demand, {"a": 3, "c": 5}, "x") is None
    with pytest.raises(ValueError, match="not resolved"):
        unmet(Attribute("tier", ("vip",)), {}, "")


def test_wanted_skills_leave_out_what_is_excluded() -> None:
    assert wanted(parse("a >= 3 and (b or a >= 2) and not c")) == (Requirement("a", 2), Requirement("b"))


def test_relaxing_lowers_and_drops_but_never_what_is_hard() -> None:
    demand = all_of([Requirement("a", 5), Requirement("b", 4), resolve(parse("c >= 3 or a >= 9"), {})])
    assert relax(demand, {"a": 2}, ["b"]) == resolve(parse("a >= 3 and (c >= 3 or a >= 7)"), {})
    assert relax(demand, {"a": 9}, ["b"], hard=["a", "b"]) == demand
    assert relax(Requirement("a", 3), {"a": 9}, []) == Requirement("a", 1)
    assert relax(parse("not a"), {}, ["a"]) == parse("not a")


@given(expressions, agents, attributes, st.sampled_from(SKILLS))
def test_who_met_a_demand_meets_it_relaxed(
    expression: Expression, agent: tuple[dict[str, int], str], about: dict[str, str], skill: str
) -> None:
    skills, team = agent
    resolved = resolve(expression, about)
    if unmet(resolved, skills, team) is None:
        for lower, drop in product(({}, {skill: 2}), ((), (skill,))):
            assert unmet(relax(resolved, lower, drop), skills, team) is None


def test_names() -> None:
    found = names(parse('a and not skill(work.language) and (team == "x" or customer.tier == "vip")'))
    assert found == (frozenset({"a"}), frozenset({"x"}), frozenset({"language", "customer.tier"}))
