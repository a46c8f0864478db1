"""Each rule of matching by itself, on a dispatcher: what it does and by which name it is explained."""

from dataclasses import replace
from typing import Any

from router.events import NodeLost, WorkQueued
from router.explain import explain
from router.policy import AgentPolicy, AgentQueue, Order, Policy, Preference, QueuePolicy, Reserve, Strategy
from router.vocabulary import Medium
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, offers, policy


def rules(queues: dict[str, QueuePolicy], agents: dict[str, AgentPolicy], **policy_fields: Any) -> Policy:
    return replace(policy(agents, queues), **policy_fields)


def voice(name: str, **fields: Any) -> QueuePolicy:
    return QueuePolicy(name, Medium.VOICE, **fields)


def work(work_id: str, queue: str = "sales", medium: Medium = Medium.VOICE, **fields: Any) -> WorkQueued:
    return WorkQueued(work_id, "i", medium, queue, **fields)


def failed(world: World, work_id: str) -> dict[str, str | None]:
    found = explain(world.dispatcher, work_id)
    assert found is not None
    return {one.agent_id: one.failed for one in found.candidates}


def test_expressions_over_skills_teams_and_attributes_decide(new_world: NewWorld) -> None:
    condition = 'skill(work.language) >= 3 and (team == "t2" or customer.tier == "gold")'
    agents = {"ann": agent("ann", {"de": 5}), "bob": agent("bob", {"de": 3}, team="t2"), "cem": agent("cem", {"fr": 9})}
    world = new_world(rules({"sales": voice("sales", condition=condition)}, agents))
    world.ready("ann", "bob", "cem")
    german = (("language", "de"),)
    assert offers(world.post(work("w1", attributes=german))) == [("w1", "bob")]
    assert offers(world.post(work("w2", attributes=german))) == []
    assert failed(world, "w2") == {"ann": "skill", "bob": "capacity", "cem": "skill"}
    assert offers(world.post(work("w3", attributes=(("customer.tier", "gold"), *german)))) == [("w3", "ann")]


def test_an_agent_takes_from_the_queues_of_their_list_in_their_turns(new_world: NewWorld) -> None:
    turns = {"vip": AgentQueue(2), "sales": AgentQueue(1)}
    agents = {"ann": replace(agent("ann"), queues=turns), "bob": replace(agent("bob"), queues={"vip": AgentQueue()})}
    world = new_world(rules({"sales": voice("sales"), "vip": voice("vip", priority=10)}, agents))
    for name in ("v1", "s1", "s2"):
        world.queue(name, "vip" if name[0] == "v" else "sales")
    assert offers(world.ready("ann")) == [("s1", "ann")]
    assert offers(world.ready("bob")) == [("v1", "bob")]
    assert failed(world, "s2")["bob"] == "queue"


def test_turns_hold_when_several_come_free_at_once(new_world: NewWorld) -> None:
    agents = {
        "ann": replace(agent("ann"), queues={"vip": AgentQueue(2), "sales": AgentQueue(1)}),
        "bob": replace(agent("bob"), queues={"vip": AgentQueue(1), "sales": AgentQueue(2)}),
    }
    world = new_world(rules({"sales": voice("sales"), "vip": voice("vip", priority=10)}, agents))
    world.ready("ann", "bob")
    for name in agents:
        world.post(work(f"held-{name}", named=(name,), node="n2"))
    for name in ("v1", "v2", "s1"):
        world.queue(name, "vip" if name[0] == "v" else "sales")
    assert sorted(offers(world.post(NodeLost("n2")))) == [("s1", "ann"), ("v1", "bob")]


def test_a_delay_keeps_an_agent_back_until_work_has_waited_so_long(new_world: NewWorld) -> None:
    late = replace(agent("ann"), queues={"sales": AgentQueue(1, 10 * SECOND)})
    world = new_world(rules({"sales": voice("sales")}, {"ann": late}))
    world.ready("ann")
    assert offers(world.queue("w1")) == []
    assert failed(world, "w1") == {"ann": "delay"}
    assert offers(world.wait(9 * SECOND)) == []
    assert offers(world.wait(SECOND)) == [("w1", "ann")]


def test_the_last_free_agents_are_kept_for_what_is_more_urgent(new_world: NewWorld) -> None:
    agents = {name: agent(name) for name in ("ann", "bob", "cem")}
    world = new_world(rules({"sales": voice("sales", reserve=Reserve(1, below=5))}, agents))
    world.ready("ann", "bob")
    assert len(offers(world.queue("w1"))) == 1
    assert offers(world.queue("w2")) == []
    assert sorted(filter(None, failed(world, "w2").values())) == ["capacity", "presence", "reserve"]
    assert offers(world.queue("vip", priority=5)) == [("vip", "bob")]
    assert offers(world.ready("cem")) == []
    assert offers(world.leave("w1")) == [("w2", "ann")], "two are free: the better of them has it"


def test_preferred_agents_come_first_and_are_waited_for_while_they_are_there(new_world: NewWorld) -> None:
    agents = {name: agent(name) for name in ("ann", "bob", "cem")}
    world = new_world(rules({"sales": voice("sales", preferred_patience_us=20 * SECOND)}, agents))
    world.ready("ann", "bob")
    assert offers(world.post(work("w1", preferred=("cem", "bob")))) == [("w1", "bob")]
    assert offers(world.post(work("w2", preferred=("bob",)))) == []
    assert failed(world, "w2")["ann"] == "preferred"
    world.disconnect("bob")
    assert offers(world.wait(15 * SECOND)) == [("w2", "ann")], "not back within the grace: no longer there"


def test_patience_with_preferred_agents_ends(new_world: NewWorld) -> None:
    world = new_world(rules({"sales": voice("sales", preferred_patience_us=20 * SECOND)}, dict(policy().agents)))
    world.ready("ann")
    world.queue("w1")
    world.join("w1.1")
    world.ready("bob")
    assert offers(world.post(work("w2", preferred=("ann",)))) == []
    assert offers(world.wait(19 * SECOND)) == []
    assert offers(world.wait(SECOND)) == [("w2", "bob")]


def test_named_agents_are_the_only_ones(new_world: NewWorld) -> None:
    world = new_world()
    world.ready("ann", "bob")
    assert offers(world.post(work("w1", named=("cem", "bob")))) == [("w1", "bob")]
    assert offers(world.post(work("w2", named=("cem",)))) == []
    assert failed(world, "w2")["ann"] == "named"
    assert offers(world.ready("cem")) == [("w2", "cem")]


def test_preferences_lead_for_the_work_that_they_are_for(new_world: NewWorld) -> None:
    senior = Preference("en >= 8", 2, 'customer.tier == "vip"')
    agents = {"ann": agent("ann", {"en": 3}), "bob": agent("bob", {"en": 9})}
    queue = voice("sales", strategy=Strategy.LONGEST_IDLE, preferences=(senior,))
    world = new_world(rules({"sales": queue}, agents))
    world.ready("ann", "bob")
    assert offers(world.post(work("w1", attributes=(("customer.tier", "vip"),)))) == [("w1", "bob")]
    world.leave("w1")
    assert offers(world.queue("w2")) == [("w2", "ann")]


def test_what_is_nearest_to_its_target_stands_first_and_points_may_age(new_world: NewWorld) -> None:
    slow = voice("slow", order=Order.TARGET, target_us=60 * SECOND)
    fast = voice("fast", order=Order.TARGET, target_us=10 * SECOND)
    world = new_world(rules({"slow": slow, "fast": fast}, {"ann": agent("ann")}))
    for name, queue, wait in (("s1", "slow", 51), ("f1", "fast", 0), ("s2", "slow", 0)):
        world.queue(name, queue)
        world.wait(wait * SECOND)
    order = [offers(world.ready("ann"))[0][0]] + [offers(world.leave(name))[0][0] for name in ("s1", "f1")]
    assert order == ["s1", "f1", "s2"]

    aged = new_world(replace(policy(), ageing_us=10 * SECOND))
    aged.queue("w1")
    aged.wait(30 * SECOND)
    aged.queue("w2", priority=2)
    aged.queue("w3", priority=4)
    assert offers(aged.ready("ann")) == [("w3", "ann")]
    assert offers(aged.leave("w3")) == [("w1", "ann")]


def test_a_freed_agent_serves_the_queue_above_its_ratio(new_world: NewWorld) -> None:
    queues = {"a": voice("a", ratio=3), "b": voice("b", ratio=1)}
    world = new_world(rules(queues, {"ann": agent("ann")}))
    for number in range(6):
        world.queue(f"a{number}", "a")
    for number in range(4):
        world.queue(f"b{number}", "b")
    last, order = "", []
    for turn in range(8):
        made = offers(world.ready("ann") if not turn else world.leave(last))
        last = made[0][0]
        order.append(last[0])
    assert "".join(order) == "bbabaaab"


def test_a_call_comes_on_top_of_chats_and_mail_does_not(new_world: NewWorld) -> None:
    ann = replace(agent("ann", voice=1, chat=2, total=2), capacity={Medium.VOICE: 1, Medium.CHAT: 2, Medium.EMAIL: 1})
    queues = {
        "sales": voice("sales", units=2),
        "chat": QueuePolicy("chat", Medium.CHAT),
        "mail": QueuePolicy("mail", Medium.EMAIL),
    }
    world = new_world(rules(queues, {"ann": ann}, interrupts={Medium.CHAT: (Medium.VOICE,)}))
    world.ready("ann")
    assert offers(world.queue("c1", "chat", medium=Medium.CHAT)) == [("c1", "ann")]
    assert offers(world.queue("m1", "mail", medium=Medium.EMAIL)) == []
    assert failed(world, "m1") == {"ann": "interrupts"}
    assert offers(world.queue("w1")) == [("w1", "ann")]
    assert offers(world.queue("c2", "chat", medium=Medium.CHAT)) == []
    assert failed(world, "c2") == {"ann": "total_units"}
    assert offers(world.leave("w1")) == [("c2", "ann")]


def test_units_of_an_item_and_of_its_queue(new_world: NewWorld) -> None:
    world = new_world(rules({"sales": voice("sales", units=2)}, {"ann": agent("ann", voice=9, total=4)}))
    world.ready("ann")
    assert offers(world.queue("w1")) == [("w1", "ann")]
    assert offers(world.post(work("w2", units=3))) == []
    assert offers(world.post(work("w3", units=1))) == [("w3", "ann")]
    assert failed(world, "w2") == {"ann": "total_units"}
