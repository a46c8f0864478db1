"""Why an agent gets nothing: their own state, and the first rule that each queue's items fail on."""

import pytest

from router import explain_agent
from router.explain_agent import OwnState, QueueReason, own_state, queue_reasons
from router.policy import QueuePolicy
from router.vocabulary import Medium, Presence, Requirement
from tests.router.world import World, agent, policy

QUEUES = {
    "sales": QueuePolicy("sales", Medium.VOICE),
    "experts": QueuePolicy("experts", Medium.VOICE, (Requirement("law", 5),)),
    "chat": QueuePolicy("chat", Medium.CHAT),
}


def world() -> World:
    return World(policy({"ann": agent("ann", {"law": 3}), "bob": agent("bob")}, QUEUES))


def reasons(made: World, agent_id: str = "ann") -> dict[str, QueueReason]:
    return {one.queue: one for one in queue_reasons(made.dispatcher, agent_id) if one is not None}


def test_own_state() -> None:
    made = world()
    made.ready("ann")
    made.queue("w1")
    made.presence("ann", Presence.NOT_READY, "lunch")
    found = own_state(made.dispatcher, "ann")
    held = ((Medium.VOICE, 1, 1), (Medium.CHAT, 0, 0))
    assert found == OwnState("ann", "not_ready", "lunch", made.now, True, 1, 1, held)
    assert own_state(made.dispatcher, "nobody") is None
    assert list(queue_reasons(made.dispatcher, "nobody")) == []


def test_each_queue_says_how_many_fail_which_rule_and_the_first_of_them() -> None:
    made = world()
    for number in range(3):
        made.queue(f"s{number}")
    made.queue("e0", "experts")
    found = reasons(made)
    assert found["sales"] == QueueReason("sales", Medium.VOICE, 3, 3, (("presence", 3),), "s0", "presence", "offline")
    assert (found["experts"].first_failed, found["experts"].detail) == ("skill", "law below 5")
    assert found["chat"] == QueueReason("chat", Medium.CHAT, 0, 0, ())


def test_an_item_that_the_agent_may_take_comes_before_one_that_fails() -> None:
    made = world()
    made.queue("s0")
    made.queue("s1")
    made.ready("ann")
    made.reject("s0.1")
    assert reasons(made)["sales"].failed == (("capacity", 1),), "s1 was offered at once, s0 rests"
    made.leave("s1")
    one = reasons(made)["sales"]
    assert (one.work_id, one.first_failed) == ("s0", "resting")


def test_a_long_queue_is_looked_at_from_its_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_agent, "LOOKED_AT", 2)
    made = world()
    for number in range(5):
        made.queue(f"s{number}")
    one = reasons(made)["sales"]
    assert (one.waiting, one.looked_at, one.failed) == (5, 2, (("presence", 2),))
