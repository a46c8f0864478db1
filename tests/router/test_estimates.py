"""Expected waits: what they are made of, and that the same turns give the same ones."""

from dataclasses import replace

import pytest

from router.estimates import MIN_DEPARTURES, MIN_RATIOS, WaitEstimates
from router.events import CustomerLeft
from router.policy import AgentPolicy, AgentQueue, Policy, QueuePolicy
from router.rows import AgentRow, Changes, ShardImage, Turn, WorkRow
from router.vocabulary import Medium, Presence, Requirement, WorkState
from tests.sim.queue_day import QueueDay

S = 1_000_000
POLICY = Policy(
    "one",
    {"orders": QueuePolicy("orders", Medium.VOICE, (Requirement("orders", 3),), teams=("day",))},
    {
        "anna": AgentPolicy("anna", "day", {"orders": 5}),
        "bo": AgentPolicy("bo", "day", {"orders": 3}),
        "cai": AgentPolicy("cai", "day", {"orders": 2}),
        "di": AgentPolicy("di", "night", {"orders": 9}),
        "eli": AgentPolicy("eli", "day", {"orders": 9}, {Medium.CHAT: 3}),
    },
)


def agent(name: str, presence: Presence = Presence.READY, connected: bool = True) -> AgentRow:
    return AgentRow(name, presence, None, 0, 1, connected, 0)


def work(name: str, state: WorkState = WorkState.WAITING, queue: str = "orders") -> WorkRow:
    return WorkRow(name, name, Medium.VOICE, queue, (), 0, 0, 0, state, 0, "n1")


def test_who_serves_by_every_rule_of_the_queue() -> None:
    queue = replace(POLICY.queues["orders"], teams=(), condition='team in ("day", "late")')
    agents = {**POLICY.agents, "flo": AgentPolicy("flo", "late", {"orders": 9}, queues={"vip": AgentQueue()})}
    estimates = WaitEstimates(Policy("two", {"orders": queue}, agents))
    assert [name for name in agents if estimates.serves(name, "orders")] == ["anna", "bo"]
    assert not estimates.serves("anna", "gone")


class Feed:
    """Rows in, estimates out."""

    def __init__(self, *agents: AgentRow) -> None:
        self.estimates = WaitEstimates(POLICY)
        self.now = 0
        self.sequence = 0
        self.tell(agents=agents)

    def tell(self, *rows: WorkRow, agents: tuple[AgentRow, ...] = (), closed: tuple[str, ...] = ()) -> None:
        self.sequence += 1
        changes = Changes(agents=agents, work=rows, work_closed=closed)
        self.estimates.observe(Turn(self.sequence, self.now, "test", CustomerLeft("x"), (), changes))

    def depart(self, count: int, every: int) -> None:
        """Somebody always waits, and one leaves every so often."""
        for _ in range(count):
            self.tell(work(f"d{self.sequence}"), work(f"e{self.sequence}"))
            self.now += every
            waiting = next(iter(self.estimates._waiting_in))
            self.tell(work(waiting, WorkState.OFFERED))

    def expected(self, place: int) -> int | None:
        found = self.estimates.estimate("orders", place)
        return found.expected_us if found else None


def test_nothing_is_told_before_enough_is_known() -> None:
    feed = Feed(agent("anna"))
    feed.depart(MIN_DEPARTURES - 1, 60 * S)
    assert feed.expected(1) is None
    assert feed.estimates.per_place("orders") is None
    feed.depart(1, 60 * S)
    assert feed.expected(1) == 60 * S
    assert feed.expected(5) == 300 * S
    assert feed.estimates.per_place("orders") == 60 * S
    assert feed.estimates.estimate("unknown", 1) is None


def test_more_agents_shorten_the_wait_at_once_and_none_end_the_estimates() -> None:
    feed = Feed(agent("anna"))
    feed.depart(20, 60 * S)
    feed.tell(agents=(agent("bo"),))
    assert feed.expected(2) == 60 * S
    for name in ("cai", "di", "eli"):
        feed.tell(agents=(agent(name),))
        assert feed.expected(2) == 60 * S, f"{name} does not serve this queue"
    feed.tell(agents=(agent("bo", connected=False),))
    assert feed.expected(2) == 120 * S
    feed.tell(agents=(agent("anna", Presence.NOT_READY),))
    assert feed.expected(2) is None


def test_quiet_times_do_not_count() -> None:
    feed = Feed(agent("anna"))
    for number in range(20):
        feed.now += 3600 * S
        feed.tell(work(f"w{number}"))
        feed.now += 10 * S
        feed.tell(work(f"w{number}", WorkState.OFFERED))
    assert feed.expected(1) == 10 * S


def test_who_gives_up_makes_room_for_the_others() -> None:
    feed = Feed(agent("anna"))
    for number in range(20):
        feed.tell(work(f"w{number}"), work(f"x{number}"))
        feed.now += 10 * S
        feed.tell(closed=(f"w{number}",))
        feed.now += 10 * S
        feed.tell(work(f"x{number}", WorkState.OFFERED))
    assert feed.expected(1) == 10 * S


def test_an_item_that_is_moved_is_estimated_where_it_is_now() -> None:
    feed = Feed(agent("anna"))
    feed.depart(20, 60 * S)
    feed.tell(work("x"))
    assert feed.estimates.estimate_of("x", 2) == feed.estimates.estimate("orders", 2)
    feed.tell(work("x", queue="help"))
    assert feed.estimates.estimate_of("x", 2) is None
    assert feed.estimates.estimate_of("nobody", 1) is None


@pytest.mark.parametrize(("place", "low", "high"), [(1, 0.105, 2.303), (3, 0.367, 1.774), (10, 0.622, 1.421)])
def test_the_first_intervals_are_those_of_an_erlang_time(place: int, low: float, high: float) -> None:
    feed = Feed(agent("anna"))
    feed.depart(MIN_DEPARTURES, 60 * S)
    feed.estimates._ratios.clear()
    found = feed.estimates.estimate("orders", place)
    assert found is not None
    assert found.low_us / found.expected_us == pytest.approx(low, abs=0.01)
    assert found.high_us / found.expected_us == pytest.approx(high, abs=0.03)


def test_later_intervals_come_from_what_earlier_estimates_missed() -> None:
    feed = Feed(agent("anna"))
    feed.depart(MIN_DEPARTURES + MIN_RATIOS + 60, 60 * S)
    place = next(key[1] for key, ratios in feed.estimates._ratios.items() if len(ratios) >= MIN_RATIOS)
    found = feed.estimates.estimate("orders", 2 ** (place - 1))
    assert found is not None
    assert found.low_us <= found.high_us < found.expected_us * 3 // 2, "departures like clockwork leave little doubt"


def test_the_same_turns_give_the_same_estimates() -> None:
    day = QueueDay(seed=5, agents=5, load=0.95, arrivals=400)
    day.run()
    again = WaitEstimates(day.world.dispatcher.policy)
    for turn in day.turns:
        again.observe(turn)
    for place in (1, 2, 5, 20):
        assert again.estimate("orders", place) == day.estimates.estimate("orders", place) is not None


def test_a_new_owner_knows_who_waits_and_learns_the_rest() -> None:
    estimates = WaitEstimates(POLICY)
    estimates.restore(ShardImage((agent("anna"),), (work("w1"), work("w2", WorkState.OFFERED)), (), "one", 0, 0))
    assert dict(estimates._waiting_in) == {"w1": "orders"}
    assert estimates._agents("orders") == 1
    assert estimates.estimate_of("w1", 1) is None
