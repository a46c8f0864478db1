"""Many at once: queue order over everything, bounded steps."""

from router.adoption import adopt
from router.agenda import Agenda
from router.moves import Moves
from router.policy import QueuePolicy
from router.queue import rank
from router.shard import Shard
from router.vocabulary import Medium, Presence
from router.work import Work, WorkCause
from tests.router.world import agent, policy


def shard_with(agents: int, items: int) -> Shard:
    shard = Shard()
    adopt(shard, policy({f"a{index}": agent(f"a{index}") for index in range(agents)}))
    for one in shard.agents.values():
        one.presence, one.connected = Presence.READY, True
        shard.matcher.publish(one)
    for index in range(items):
        work = Work(f"w{index}", "i", Medium.VOICE, "sales", (), 0, 100 - index, index, "")
        shard.work[work.work_id] = work
        shard.bind(work)
        shard.enlist(work)
    return shard


def drawn(shard: Shard, agenda: Agenda, steps: int) -> list[tuple[str, str]]:
    made = []
    for pair in agenda.pairs(steps):
        shard.delist(pair.work)
        pair.work.move(WorkCause.OFFER)
        pair.agent.units, pair.agent.held = 1, {Medium.VOICE: 1}
        shard.matcher.publish(pair.agent)
        made.append((pair.work.work_id, pair.agent.agent_id))
    return made


def test_items_come_in_rank_order_not_in_order_of_arrival() -> None:
    shard = shard_with(agents=2, items=4)
    agenda = Agenda(Moves(shard))
    agenda.add_work(shard.work.values())
    assert drawn(shard, agenda, 100) == [("w3", "a0"), ("w2", "a1")]
    assert not agenda


def test_freed_agents_bring_in_items_that_waited_already() -> None:
    shard = shard_with(agents=2, items=3)
    agenda = Agenda(Moves(shard))
    for one in shard.agents.values():
        agenda.add_agent(one)
    assert drawn(shard, agenda, 100) == [("w2", "a0"), ("w1", "a1")]


def test_steps_are_bounded_and_the_rest_follows() -> None:
    shard = shard_with(agents=3, items=3)
    agenda = Agenda(Moves(shard))
    agenda.add_work(shard.work.values())
    assert drawn(shard, agenda, 2) == [("w2", "a0"), ("w1", "a1")]
    assert len(agenda) == 1
    assert drawn(shard, agenda, 2) == [("w0", "a2")]


def test_work_that_left_meanwhile_is_passed_over() -> None:
    shard = shard_with(agents=1, items=2)
    agenda = Agenda(Moves(shard))
    for one in shard.agents.values():
        agenda.add_agent(one)
    first = shard.work["w1"]
    shard.delist(first)
    first.move(WorkCause.CLOSE)
    assert drawn(shard, agenda, 10) == [("w0", "a0")]


def test_rank_is_what_orders() -> None:
    assert rank(5, 10, 2) < rank(0, 1, 1)
    assert QueuePolicy("q", Medium.VOICE).priority == 0
