"""Members, counts and candidates of one compiled demand."""

from router.agent import Agent
from router.choice import Choice
from router.expression_parser import parse
from router.policy import AgentPolicy, AgentQueue, Strategy
from router.profile import SLACK, Memberships, Profile, ProfileKey, Variant
from router.vocabulary import EVERY_MEDIUM, Medium, Presence

CHOICE = Choice(Strategy.LONGEST_IDLE)


def profile(demand: str = "", reserve: int = 0, **changed: object) -> Profile:
    key = ProfileKey("", Medium.VOICE, None, parse(demand), (), None, 0, CHOICE, reserve)
    return Profile(key._replace(**changed))  # type: ignore[arg-type]


def member(name: str, skills: dict[str, int] | None = None, **rules: object) -> Agent:
    policy = AgentPolicy(name, "t1", skills or {}, **rules)  # type: ignore[arg-type]
    return Agent(name, policy, presence=Presence.READY, connected=True, counted=EVERY_MEDIUM)


def joined(found: Profile, agent: Agent, free: bool = True) -> Memberships:
    held = Memberships(1, CHOICE.standing())
    held.free = free
    agent.profiles[found.slot(agent)] = held
    found.add(agent, held)
    return held


def test_who_may_ever_take_an_item() -> None:
    assert profile("en >= 3 or de").admits(member("a", {"de": 1}))
    assert not profile("en >= 3").admits(member("a", {"en": 2}))
    assert not profile(teams=("t2",)).admits(member("a"))
    assert not profile(medium=Medium.CHAT).admits(member("a"))
    assert not profile(only=("b",)).admits(member("a"))
    assert profile(only=("a", "b")).admits(member("a"))


def test_an_agent_with_a_list_takes_from_its_queues_when_their_delay_has_passed() -> None:
    listed = member("a", queues={"sales": AgentQueue(3, 10)})
    assert not profile(queue="vip").admits(listed)
    assert not profile(queue="sales", delay_us=9).admits(listed)
    assert profile(queue="sales", delay_us=10).admits(listed)
    assert profile(queue="sales", delay_us=10).slot(listed)[0] == 3
    assert profile().admits(listed)  # kept for them, whatever their list


def test_candidates_come_in_order_and_stale_ones_fall_out() -> None:
    found, agents = profile(), [member("b"), member("a"), member("c")]
    for agent in agents:
        joined(found, agent)
    assert found.candidate is agents[1]
    agents[1].stamp += 1
    assert found.candidate is agents[0]
    for _ in range(4 * SLACK):
        agents[0].stamp += 1
        found.heap.append((0, 0, 0, "b", agents[0].stamp - 1, agents[0]))
    found.tidy()
    assert [entry[3] for entry in found.heap] == ["c"]


def test_a_reserve_counts_the_free_and_tells_when_it_no_longer_holds() -> None:
    found, agents = profile(reserve=1), [member("a"), member("b")]
    first, second = joined(found, agents[0]), joined(found, agents[1], free=False)
    assert (found.free, found.held_back) == (1, True)
    assert second.count(True) == [found]
    assert (found.free, found.held_back) == (2, False)
    assert first.count(True) == first.count(False) == []
    assert found.held_back
    assert first.count(True) == [found]


def test_leaving_and_forgetting_undo_what_joining_did() -> None:
    found, agent = profile(reserve=2), member("a")
    held = joined(found, agent)
    assert (found.present, found.free, found.limit) == (1, 1, 4 + SLACK)
    found.remove(agent, held)
    assert (found.present, found.free, found.limit, found.members) == (0, 0, SLACK, {})
    held = joined(found, agent)
    home: dict[Variant, Profile] = {(None, 0, 0, None): found}
    found.homes.append((home, (None, 0, 0, None)))
    found.forget()
    assert (home, agent.profiles[found.slot(agent)].profiles, held.reserved) == ({}, [], [])
