"""Demands against skills."""

from router.agent import Agent
from router.skills import SkillIndex, lacking, merge, proficiency
from router.vocabulary import Requirement
from tests.router.world import agent


def test_merging_takes_the_higher_minimum_and_sorts_by_skill() -> None:
    merged = merge((Requirement("b", 2), Requirement("a", 5)), (Requirement("b", 4), Requirement("a", 1)))
    assert merged == (Requirement("a", 5), Requirement("b", 4))
    assert merge((), ()) == ()


def test_lacking_names_the_first_unmet_requirement() -> None:
    skills = {"a": 3}
    assert lacking(skills, (Requirement("a", 3),)) is None
    assert lacking(skills, (Requirement("a", 4), Requirement("b"))) == Requirement("a", 4)
    assert lacking(skills, (Requirement("b"),)) == Requirement("b")


def test_proficiency_counts_required_skills_only() -> None:
    assert proficiency({"a": 3, "b": 4, "c": 9}, (Requirement("a"), Requirement("b"))) == 7


def test_index_gives_the_holders_of_the_rarest_skill() -> None:
    agents = [
        Agent("ann", agent("ann", {"a": 5, "b": 5})),
        Agent("bob", agent("bob", {"a": 5})),
        Agent("cem", agent("cem", {"a": 9, "b": 2})),
    ]
    index = SkillIndex(agents)
    assert [one.agent_id for one in index.holders((Requirement("a"), Requirement("b", 3)))] == ["ann", "cem"]
    assert index.holders((Requirement("a"), Requirement("z"))) == []
    assert index.holders(()) == agents
