"""Few agents to look at for a new demand."""

from router.agent import Agent
from router.expression import ALWAYS, resolve
from router.expression_parser import parse
from router.skills import SkillIndex
from tests.router.world import agent


def test_index_gives_the_holders_of_the_rarest_skill_that_all_must_have() -> None:
    agents = [
        Agent("ann", agent("ann", {"a": 5, "b": 5})),
        Agent("bob", agent("bob", {"a": 5})),
        Agent("cem", agent("cem", {"a": 9, "b": 2})),
    ]
    index = SkillIndex(agents)

    def holders(text: str) -> list[str]:
        return [one.agent_id for one in index.holders(resolve(parse(text), {}))]

    assert holders("a and b >= 3") == ["ann", "cem"]
    assert holders("b") == ["ann", "cem"]
    assert holders("a and z") == []
    assert holders("a or b") == holders("not b") == ["ann", "bob", "cem"]
    assert index.holders(ALWAYS) == agents


def test_index_gives_named_agents_as_far_as_there_are_such() -> None:
    ann = Agent("ann", agent("ann"))
    assert SkillIndex([ann]).only(("ann", "nobody")) == [ann]
