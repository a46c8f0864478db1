"""Replay: a turn at a time, the first difference, the state at the end, and the state of a decision."""

from dataclasses import replace

from msgspec import structs

from router.commands import RequeueWork, SendOffer
from router.events import AgentConnected, Event, PresenceSet, TimePassed, WorkQueued
from router.explain import explain
from router.matching import Pair
from router.replay import Start, Watched, begin, differing_row, first_difference, past_decisions, step
from router.rows import Changes, Turn
from router.vocabulary import Medium, Presence
from tests.router.world import SECOND, World, offers, policy


class Recorded:
    """A world whose turns are kept."""

    def __init__(self) -> None:
        self.world = World(policy())
        self.world.ready("ann", "bob")
        self.start = Start(self.world.dispatcher.policy, self.world.store.image("v1", self.world.now))
        self.turns: list[Turn] = []

    def post(self, event: Event) -> None:
        world = self.world
        if isinstance(event, TimePassed):
            due = world.dispatcher.next_deadline()
            assert due is not None
            commands = world.wait(due - world.now)
        else:
            commands = world.post(event)
        self.turns.append(Turn(len(self.turns) + 1, world.now, "t", event, tuple(commands), Changes()))


def queued(work_id: str) -> WorkQueued:
    return WorkQueued(work_id, f"i-{work_id}", Medium.VOICE, "sales")


def two_offers() -> Recorded:
    recorded = Recorded()
    recorded.post(queued("w1"))
    recorded.post(queued("w2"))
    recorded.post(TimePassed())
    return recorded


def test_the_same_turns_come_out_and_lead_to_the_same_rows() -> None:
    recorded = two_offers()
    dispatcher = begin(recorded.start)
    assert first_difference(dispatcher, recorded.turns) is None
    image = recorded.world.store.image("v1", recorded.world.now)
    assert differing_row(dispatcher, image) is None
    row = differing_row(dispatcher, structs.replace(image, work=()))
    assert row is not None
    assert row.startswith("work w1: recorded None, replayed WorkRow(")


def test_the_first_differing_command_is_told() -> None:
    recorded = two_offers()
    first, second, third = recorded.turns
    found = first_difference(begin(recorded.start), [first, structs.replace(second, commands=()), third])
    assert found is not None
    assert (found.sequence, found.event, found.index, found.expected) == (2, queued("w2"), 0, None)
    assert found.got == second.commands[0]
    more = RequeueWork("w1", "i-w1", "sales")
    found = first_difference(begin(recorded.start), [structs.replace(first, commands=(*first.commands, more))])
    assert found is not None
    assert (found.index, found.expected, found.got) == (1, more, None)


def test_a_restored_start_counts_nobody_as_connected() -> None:
    recorded = Recorded()
    at = recorded.world.now + SECOND
    dispatcher = begin(replace(recorded.start, restored_at=at))
    row = dispatcher.agent("ann")
    assert row is not None
    assert (row.connected, row.grace_deadline) == (False, at + 15 * SECOND)
    row = begin(recorded.start).agent("ann")
    assert row is not None
    assert row.connected


def test_a_watched_dispatcher_shows_the_state_of_each_decision() -> None:
    """Both items are matched in one turn: each is explained as it was when it was its turn."""
    recorded = Recorded()
    recorded.world = World(policy())
    recorded.start = Start(policy(), recorded.world.store.image("v1", 0))
    for event in (queued("w1"), queued("w2"), AgentConnected("ann", 1), PresenceSet("ann", Presence.READY)):
        recorded.post(event)
    seen: list[tuple[str, str | None, int | None]] = []

    def look(pair: Pair) -> None:
        found = explain(dispatcher, pair.work.work_id)
        assert found is not None
        seen.append((pair.work.work_id, found.candidates[0].agent_id, found.place))

    dispatcher = Watched(look)
    begin(recorded.start, dispatcher)
    commands = [command for turn in recorded.turns for command in step(dispatcher, turn)]
    assert offers(commands) == [("w1", "ann")]
    assert next(one for one in commands if isinstance(one, SendOffer)).decision.runner_up is None
    assert seen == [("w1", "ann", 1)]


def test_a_past_decision_is_told_as_its_moment_saw_it() -> None:
    recorded = two_offers()
    (made,) = past_decisions(recorded.start, recorded.turns, {2: "w2"})
    assert (made.sequence, made.now, made.offer) == (2, recorded.turns[1].now, recorded.turns[1].commands[0])
    candidates = {one.agent_id: one.failed for one in made.explanation.candidates}
    assert candidates == {"bob": None, "ann": "capacity", "cem": "presence"}
    assert made.explanation.candidates[0].terms == made.offer.decision.terms
    assert list(past_decisions(recorded.start, recorded.turns, {1: "w2", 3: "w1"})) == []
    assert list(past_decisions(recorded.start, recorded.turns, {})) == []
