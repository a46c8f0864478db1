"""Two shards over a line that loses, repeats and reorders, each of which may die: no item is lost, none is in both."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router.commands import AnswerHandoff, CloseWork, Command, HandWork, Refuse
from router.events import (
    AssignmentConnected,
    CustomerLeft,
    Event,
    HandoffAnswered,
    HandoffHosted,
    NodeLost,
    PolicyChanged,
    WorkCancelled,
    WorkMoved,
    WorkQueued,
)
from router.policy import AgentPolicy, Elsewhere, Exit, Policy, QueuePolicy, Ring
from router.vocabulary import Medium, OfferState, Outcome, WorkState
from tests.router.world import SECOND, World, kinds

OTHER = {"north": "south", "south": "north"}
SHARDS = st.sampled_from(sorted(OTHER))
CHOICES = st.integers(0, 1_000)


def rules(shard: str, version: int = 1, *, closed: bool = False) -> Policy:
    """A queue of its own name that overflows to the other's after five seconds, or while it is full or closed."""
    away = Exit(queue=OTHER[shard])
    queue = QueuePolicy(
        shard,
        Medium.VOICE,
        rings=(Ring(5 * SECOND, exit=away),),
        max_waiting=2,
        when_full=away,
        closed=closed,
        when_closed=away,
        empty_when_closed=True,
        wrap_up_us=5 * SECOND,
    )
    agent = AgentPolicy(f"agent-{shard}", "t", capacity={Medium.VOICE: 1})
    return Policy(
        f"{shard}-{version}",
        {shard: queue},
        {agent.agent_id: agent},
        elsewhere={OTHER[shard]: Elsewhere(OTHER[shard], Medium.VOICE)},
    )


@dataclass
class Account:
    """What became of an item: `ends` are its closings but those of handoffs."""

    ends: list[Outcome]


class Handover(RuleBasedStateMachine):
    """`line` holds what is under way: to which shard, and what it is told."""

    @initialize()
    def begin(self) -> None:
        self.worlds = {name: World(rules(name)) for name in OTHER}
        self.line: list[tuple[str, Event]] = []
        self.accounts: dict[str, Account] = {}
        self.versions = 1
        # Whose customer left, or that were cancelled, on their way.
        self.over: set[str] = set()

    # --- what is under way

    @rule(which=CHOICES, kept=st.booleans())
    def deliver(self, which: int, kept: bool) -> None:
        """Any of it, whatever came before it; now and then it comes again."""
        if self.line:
            index = which % len(self.line)
            shard, event = self.line[index]
            if not kept:
                del self.line[index]
            self._post(shard, event)

    @rule(which=CHOICES)
    def lose(self, which: int) -> None:
        if self.line:
            del self.line[which % len(self.line)]

    @rule(shard=SHARDS)
    def ask_again(self, shard: str) -> None:
        self.line += self.worlds[shard].dispatcher.handoffs(shard)

    @rule(shard=SHARDS)
    def die(self, shard: str) -> None:
        """The owner dies after its commit: the next one has the rows, and nothing of what was to be said."""
        self.worlds[shard] = self.worlds[shard].restored()
        self.worlds[shard].ready(f"agent-{shard}")

    # --- what happens in a shard

    @rule(shard=SHARDS, call=st.booleans(), callback=st.booleans())
    def queue(self, shard: str, call: bool, callback: bool = False) -> None:
        """A program's item, a call, or a customer who is to be called back."""
        work_id = f"w{len(self.accounts)}"
        self.accounts[work_id] = Account([])
        node = f"node-{shard}" if call else ""
        if "Refuse" in kinds(
            self._post(shard, WorkQueued(work_id, f"i-{work_id}", Medium.VOICE, shard, node=node, callback=callback))
        ):
            del self.accounts[work_id]
            self.accounts[f"refused-{work_id}"] = Account([Outcome.CANCELLED])

    @rule(shard=SHARDS, which=CHOICES, how=st.sampled_from(("left", "cancelled", "moved")))
    def touch(self, shard: str, which: int, how: str) -> None:
        items = list(self.worlds[shard].store.work)
        if items:
            work_id = items[which % len(items)]
            row = self.worlds[shard].store.work[work_id]
            ends = how == "cancelled" or (how == "left" and not row.callback)
            if ends and row.state is WorkState.LEAVING:
                self.over.add(work_id)
            event: Event = CustomerLeft(work_id)
            if how == "cancelled":
                event = WorkCancelled(work_id, "sam")
            elif how == "moved":
                event = WorkMoved(work_id, OTHER[shard], "sam")
            self._post(shard, event)

    @rule(shard=SHARDS, which=CHOICES, found=st.booleans())
    def host(self, shard: str, which: int, found: bool) -> None:
        """A call that leaves has found a node there, or none; the answer may come twice, and late."""
        items = self.worlds[shard].store.work.values()
        leaving = [row.handoff for row in items if (row.node or row.callback) and row.handoff]
        if leaving:
            handoff = leaving[which % len(leaving)]
            there = f"node-{handoff.shard}" if found else ""
            self._post(shard, HandoffHosted(handoff.shard, handoff.token, there))

    @rule(shard=SHARDS)
    def lose_node(self, shard: str) -> None:
        """The calls of a node are over, also those that are on their way."""
        items = self.worlds[shard].store.work.values()
        self.over |= {row.work_id for row in items if row.node and not row.callback and row.state is WorkState.LEAVING}
        self._post(shard, NodeLost(f"node-{shard}"))

    @rule(shard=SHARDS)
    def ready(self, shard: str) -> None:
        self._spoken(shard, self.worlds[shard].ready(f"agent-{shard}"))

    @rule(shard=SHARDS)
    def work_on(self, shard: str) -> None:
        """The agent takes the next step with what they hold."""
        world = self.worlds[shard]
        held = world.dispatcher.reservations_of(f"agent-{shard}")
        for row in held:
            key = row.reservation_id
            match row.state:
                case OfferState.OFFERED:
                    self._spoken(shard, world.accept(key))
                case OfferState.ACCEPTED:
                    self._post(shard, AssignmentConnected(key))
                case OfferState.CONNECTED:
                    self._spoken(shard, world.end(key))
                case _:
                    self._spoken(shard, world.finish(key))

    @rule(shard=SHARDS, seconds=st.sampled_from((1, 6)))
    def wait(self, shard: str, seconds: int) -> None:
        self._spoken(shard, self.worlds[shard].wait(seconds * SECOND))

    @rule(shard=SHARDS, closed=st.booleans())
    def new_rules(self, shard: str, closed: bool) -> None:
        self.versions += 1
        self._post(shard, PolicyChanged(rules(shard, self.versions, closed=closed)))

    # --- what holds

    @invariant()
    def each_item_is_in_one_account(self) -> None:
        for work_id, account in self.accounts.items():
            rows = [row for world in self.worlds.values() if (row := world.store.work.get(work_id)) is not None]
            active = [row for row in rows if row.state is not WorkState.LEAVING]
            if account.ends:
                assert not active, f"{work_id} goes on after its end"
                assert len(account.ends) == 1, f"{work_id} ended {account.ends}"
            else:
                assert rows, f"{work_id} is lost"
                assert len(active) <= 1, f"{work_id} is in both shards"

    @invariant()
    def each_shard_is_whole(self) -> None:
        for world in self.worlds.values():
            world.check()

    def teardown(self) -> None:
        """A line that works in the end: nothing is on its way any more, and every item ends once."""
        if not hasattr(self, "worlds"):
            return
        for _ in range(3):
            for shard in OTHER:
                for number in range(len(self.worlds[shard].dispatcher.shard.leaving)):
                    self.host(shard, number, found=True)
                self.ask_again(shard)
            while self.line:
                self.deliver(0, kept=False)
                self.each_item_is_in_one_account()
        for world in self.worlds.values():
            assert not world.dispatcher.shard.leaving
        for work_id in self.over:
            rows = [row for world in self.worlds.values() if (row := world.store.work.get(work_id)) is not None]
            assert all(row.state is WorkState.WRAP_UP for row in rows), f"{work_id} goes on without its customer"
        for work_id, account in self.accounts.items():
            for shard in OTHER if not account.ends else ():
                self._post(shard, WorkCancelled(work_id, "sam"))
        self.each_item_is_in_one_account()
        assert all(account.ends for account in self.accounts.values())

    def _post(self, shard: str, event: Event) -> list[Command]:
        commands = self.worlds[shard].post(event)
        self._spoken(shard, commands)
        return commands

    def _spoken(self, shard: str, commands: list[Command]) -> None:
        """What the owner's shell does with a committed turn."""
        for command in commands:
            match command:
                case HandWork():
                    asked = self.worlds[shard].dispatcher.handoff(command.shard, command.token, shard)
                    if asked is not None:
                        self.line.append((command.shard, asked))
                case AnswerHandoff():
                    said = HandoffAnswered(shard, command.token, command.refused, command.ended)
                    self.line.append((command.shard, said))
                case CloseWork(outcome=outcome) if outcome is not Outcome.HANDED_OVER:
                    self.accounts[command.work_id].ends.append(outcome)
                case Refuse():
                    pass
                case _:
                    pass


TestHandover = Handover.TestCase
TestHandover.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_shard_that_gave_another_verdict_the_second_time_would_be_found() -> None:
    """The check has teeth: without memory of verdicts a late repeat begins an item again."""
    machine = Handover()
    machine.begin()
    machine.queue("north", call=False)
    machine.touch("north", 0, "moved")
    machine.deliver(0, kept=True)
    south = machine.worlds["south"]
    south.dispatcher.shard.neighbours["north"].verdicts.clear()
    south.ready("agent-south")
    for _ in range(5):
        machine.work_on("south")
    machine.deliver(0, kept=True)
    with pytest.raises(AssertionError, match="after its end"):
        machine.each_item_is_in_one_account()
