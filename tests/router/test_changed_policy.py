"""Rules that change while work is open, and what they let the dispatcher choose."""

from router.commands import (
    SendOffer,
    WithdrawOffer,
)
from router.events import (
    PolicyChanged,
)
from router.policy import QueuePolicy
from router.vocabulary import (
    Medium,
    Requirement,
    WithdrawReason,
)
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, codes, kinds, offers, policy


def test_load_comes_before_proficiency_and_that_before_idleness(new_world: NewWorld) -> None:
    rules = policy(
        {
            "ann": agent("ann", {"en": 9}, chat=2, voice=0),
            "bob": agent("bob", {"en": 5}, chat=2, voice=0),
            "cem": agent("cem", {"en": 5}, chat=2, voice=0),
        }
    )
    world = new_world(rules)
    world.ready("cem", "bob", "ann")
    need = Requirement("en", 2)
    picked = [offers(world.queue(f"c{index}", "chat", need, medium=Medium.CHAT)) for index in range(7)]
    assert [agent_id for [(_, agent_id)] in picked[:6]] == ["ann", "cem", "bob", "ann", "cem", "bob"]
    assert picked[6] == []


def test_the_decision_names_the_runner_up(world: World) -> None:
    world.ready("bob", "ann")
    [offer] = world.queue("w1")
    assert isinstance(offer, SendOffer)
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert (offer.agent_id, offer.decision.runner_up) == ("bob", "ann")
    assert offer.decision.runner_up_terms == (("load", 0), ("proficiency", 0), ("idle_since", row.idle_since))
    assert (offer.decision.policy_version, offer.decision.strategy) == ("v1", "best_proficiency")


def test_a_queue_that_outranks_is_served_first(world: World) -> None:
    world.queue("w1", "sales")
    world.queue("w2", "sales", priority=3)
    world.queue("w3", "vip")
    assert offers(world.ready("ann")) == [("w3", "ann")]
    assert offers(world.ready("bob")) == [("w2", "bob")]


def test_a_changed_rule_applies_at_once_to_those_who_wait(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann")}))
    world.ready("ann")
    world.queue("w1", "sales", Requirement("fr"))
    assert world.dispatcher.place("w1") == 1
    commands = world.post(PolicyChanged(policy({"ann": agent("ann", {"fr": 4})}, version="v2")))
    assert offers(commands) == [("w1", "ann")]
    assert isinstance(commands[0], SendOffer)
    assert commands[0].decision.policy_version == "v2"


def test_a_changed_priority_reorders_those_who_wait(world: World) -> None:
    world.queue("w1", "sales")
    world.queue("w2", "vip")
    queues = {
        "sales": QueuePolicy("sales", Medium.VOICE, priority=20),
        "vip": QueuePolicy("vip", Medium.VOICE, priority=10),
    }
    world.post(PolicyChanged(policy(queues=queues, version="v2")))
    assert offers(world.ready("ann")) == [("w1", "ann")]


def test_removed_agents_without_work_vanish_and_offers_are_given_back(world: World) -> None:
    world.ready("ann", "bob")
    world.queue("w1")
    commands = world.post(PolicyChanged(policy({"cem": agent("cem"), "bob": agent("bob")}, version="v2")))
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork", "ShowPresence", "SendOffer"]
    assert isinstance(commands[0], WithdrawOffer)
    assert commands[0].reason is WithdrawReason.POLICY
    assert world.dispatcher.agent("ann") is None
    assert "ann" not in world.store.agents
    assert offers(commands) == [("w1", "bob")]


def test_a_removed_agent_finishes_their_conversation_first(talking: World) -> None:
    assert talking.post(PolicyChanged(policy({"bob": agent("bob")}, version="v2"))) == []
    assert kinds(talking.end("w1.1")) == ["PartLegs", "StartWrapUp"]
    commands = talking.finish("w1.1")
    assert kinds(commands) == ["EndWrapUp", "CloseWork", "ShowPresence"]
    assert talking.dispatcher.agent("ann") is None
    assert talking.dispatcher.place("w2") == 1


def test_less_capacity_takes_no_work_away_but_gives_none(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann", voice=0, chat=3)}))
    world.ready("ann")
    for work_id in ("c1", "c2", "c3"):
        world.queue(work_id, "chat", medium=Medium.CHAT)
        world.join(f"{work_id}.1")
    world.post(PolicyChanged(policy({"ann": agent("ann", voice=0, chat=1)}, version="v2")))
    world.queue("c4", "chat", medium=Medium.CHAT)
    for work_id in ("c1", "c2"):
        world.end(f"{work_id}.1")
        assert offers(world.finish(f"{work_id}.1")) == []
    world.end("c3.1")
    assert offers(world.finish("c3.1")) == [("c4", "ann")]


def test_items_of_a_removed_queue_follow_default_rules_until_they_are_gone(world: World) -> None:
    world.queue("w1", "vip", Requirement("en"))
    rules = policy({"ann": agent("ann", {"en": 1})}, {"sales": QueuePolicy("sales", Medium.VOICE)}, version="v2")
    world.post(PolicyChanged(rules))
    assert world.dispatcher.waiting("vip") == ("w1",)
    assert codes(world.queue("w2", "vip")) == ["unknown_queue"]
    assert offers(world.ready("ann")) == [("w1", "ann")]
    assert "vip" not in world.dispatcher.queues()


def test_the_same_policy_again_is_without_effect(talking: World) -> None:
    assert talking.post(PolicyChanged(talking.dispatcher.policy)) == []
    assert talking.dispatcher.place("w2") == 1
