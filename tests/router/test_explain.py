"""Why whom: each candidate, the first rule failed, the terms, the runner-up."""

from router.commands import SendOffer
from router.events import PolicyChanged
from router.explain import explain
from router.policy import QueuePolicy
from router.vocabulary import Medium, Presence, Requirement
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, policy


def test_an_offer_explains_itself_as_it_was_decided(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann", {"en": 3}), "bob": agent("bob", {"en": 8}), "cem": agent("cem")}))
    world.ready("ann", "bob", "cem")
    [offer] = world.queue("w1", "sales", Requirement("en", 2))
    assert isinstance(offer, SendOffer)
    found = explain(world.dispatcher, "w1")
    assert found is not None
    assert (found.winner, found.runner_up, found.place) == ("bob", "ann", None)
    assert (found.winner, found.runner_up) == (offer.agent_id, offer.decision.runner_up)
    assert [(one.agent_id, one.failed) for one in found.candidates] == [("bob", None), ("ann", None), ("cem", "skill")]
    assert found.candidates[0].terms == offer.decision.terms
    assert found.candidates[1].terms == offer.decision.runner_up_terms
    assert found.candidates[2].terms == ()
    assert found.candidates[2].detail == "en below 2"


def test_each_rule_is_named_when_it_is_the_first_to_fail(new_world: NewWorld) -> None:
    rules = policy(
        {
            "away": agent("away", team="t2"),
            "busy": agent("busy"),
            "chat": agent("chat", voice=0, chat=1),
            "full": agent("full", voice=2, chat=1, total=1),
            "gone": agent("gone"),
            "lunch": agent("lunch"),
            "rests": agent("rests"),
        },
        {
            "sales": QueuePolicy("sales", Medium.VOICE, teams=("t1",)),
            "chat": QueuePolicy("chat", Medium.CHAT, (Requirement("x"),)),
        },
    )
    world = new_world(rules)
    world.ready("busy")
    world.queue("w1")
    world.ready("full")
    world.queue("w2")
    world.ready("rests")
    world.queue("w3")
    world.reject("w3.1")
    world.ready("away", "chat", "gone")
    world.queue("w4")
    world.presence("gone", Presence.OFFLINE)
    world.ready("lunch")
    world.presence("lunch", Presence.NOT_READY, "lunch")
    world.queue("w5")
    found = explain(world.dispatcher, "w3")
    assert found is not None
    failed = {one.agent_id: one.failed for one in found.candidates}
    assert failed["away"] == "team"
    assert failed["busy"] == "capacity"
    assert failed["chat"] == "medium"
    assert failed["full"] == "total_units"
    assert failed["gone"] == "presence"


def test_a_rest_and_a_lost_connection_are_named(world: World) -> None:
    world.ready("ann", "bob")
    world.disconnect("bob")
    world.queue("w1")
    world.reject("w1.1")
    found = explain(world.dispatcher, "w1")
    assert found is not None
    assert {one.agent_id: one.failed for one in found.candidates} == {
        "ann": "resting",
        "bob": "connection",
        "cem": "presence",
    }
    assert (found.winner, found.runner_up, found.place) == (None, None, 1)


def test_a_removed_agent_is_named_as_such(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    world.join("w1.1")
    world.post(PolicyChanged(policy({"bob": agent("bob")}, version="v2")))
    world.queue("w2")
    found = explain(world.dispatcher, "w2")
    assert found is not None
    assert [(one.agent_id, one.failed) for one in found.candidates] == [("ann", "removed"), ("bob", "presence")]


def test_unknown_work_has_no_explanation(world: World) -> None:
    assert explain(world.dispatcher, "nothing") is None
