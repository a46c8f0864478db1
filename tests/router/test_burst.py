"""A burst serves as many as can be, and leaves nobody over for one who stands behind."""

from functools import cache
from random import Random

import pytest

from router.commands import SendOffer
from router.events import NodeLost, WorkQueued
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Requirement
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, offers, policy


def freed_at_once(new_world: NewWorld, rules: Policy, *wants: tuple[str, str]) -> World:
    """All agents hold calls of node n2, and these (work, skill) wait; losing n2 frees them in one turn."""
    world = new_world(rules)
    world.ready(*rules.agents)
    for agent_id in rules.agents:
        world.post(WorkQueued(f"held-{agent_id}", "i", Medium.VOICE, "sales", (), 0, "n2", named=(agent_id,)))
    for work_id, skill in wants:
        world.queue(work_id, "sales", *([Requirement(skill)] if skill else []))
    return world


def test_the_agent_who_is_another_s_only_one_is_left_to_them(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", {"en": 9, "de": 9}), "bob": agent("bob", {"en": 1})}
    world = freed_at_once(new_world, policy(agents), ("w1", "en"), ("w2", "de"))
    made = world.post(NodeLost("n2"))
    assert offers(made) == [("w1", "bob"), ("w2", "ann")]
    first, second = (one.decision for one in made if isinstance(one, SendOffer))
    assert (first.terms[0], first.runner_up, first.runner_up_terms[0]) == (("yielded", 1), "ann", ("yielded", 0))
    assert (second.terms[0][0], second.runner_up) == ("load", None)


def test_who_has_nothing_to_gain_gets_the_best_agent(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", {"en": 9}), "bob": agent("bob", {"en": 1})}
    world = freed_at_once(new_world, policy(agents), ("w1", "en"), ("w2", "en"), ("w3", "en"))
    assert offers(world.post(NodeLost("n2"))) == [("w1", "ann"), ("w2", "bob")]


def test_higher_priority_gives_way_to_nobody(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", {"en": 9, "de": 9}), "bob": agent("bob", {"en": 1})}
    world = freed_at_once(new_world, policy(agents), ("w2", "de"))
    world.queue("vip", "vip", Requirement("en"))
    assert offers(world.post(NodeLost("n2"))) == [("vip", "ann")]


def test_agents_with_room_for_more_are_counted_as_they_fill(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", {"en": 5}, voice=2), "bob": agent("bob", {"en": 5, "de": 5}, voice=2)}
    world = new_world(policy(agents))
    world.ready("ann", "bob")
    for number in range(4):
        world.post(WorkQueued(f"held{number}", "i", Medium.VOICE, "sales", (), 0, "n2"))
    for number, skill in enumerate(("en", "en", "en", "de")):
        world.queue(f"w{number}", "sales", Requirement(skill))
    made = offers(world.post(NodeLost("n2")))
    assert made == [("w0", "ann"), ("w1", "bob"), ("w2", "ann"), ("w3", "bob")]


@pytest.mark.parametrize("seed", range(30))
def test_as_many_as_possible_and_the_first_first(new_world: NewWorld, seed: int) -> None:
    random = Random(seed)
    skills = [f"s{index}" for index in range(5)]
    names = [f"a{index}" for index in range(random.randint(2, 6))]
    agents = {
        name: AgentPolicy(name, "t", {skill: random.randint(1, 9) for skill in random.sample(skills, 2)})
        for name in names
    }
    wants = [(f"w{index}", random.choice(skills)) for index in range(random.randint(2, 9))]
    rules = Policy("v1", {"sales": QueuePolicy("sales", Medium.VOICE)}, agents)
    world = freed_at_once(new_world, rules, *wants)
    served = {work_id for work_id, _ in offers(world.post(NodeLost("n2")))}

    @cache
    def most(index: int, used: frozenset[str]) -> tuple[int, tuple[int, ...]]:
        """The most items of those from `index` on; of equal ones those that stand first."""
        if index == len(wants):
            return 0, ()
        count, first = most(index + 1, used)
        found = [(count, (0, *first))]
        for name in names:
            if name not in used and wants[index][1] in agents[name].skills:
                count, first = most(index + 1, used | {name})
                found.append((count + 1, (1, *first)))
        return max(found, key=lambda one: (one[0], one[1]))

    count, pattern = most(0, frozenset())
    assert served == {work_id for (work_id, _), chosen in zip(wants, pattern, strict=True) if chosen}
    assert len(served) == count
