"""Profiles: compiled once, kept in step, compacted without changing a decision."""

from dataclasses import replace
from random import Random

from router.agent import Agent
from router.events import CustomerLeft, PolicyChanged
from router.invariants import check
from router.line import Line
from router.matching import Matcher
from router.policy import Policy, QueuePolicy, Strategy
from router.vocabulary import Medium, Presence, Requirement
from router.work import Work
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, offers, policy

VOICE = QueuePolicy("sales", Medium.VOICE)


def ready(name: str, skills: dict[str, int] | None = None, idle_since: int = 0) -> Agent:
    return Agent(name, agent(name, skills), presence=Presence.READY, connected=True, idle_since=idle_since)


def bound(matcher: Matcher, queue: QueuePolicy, *needs: Requirement) -> Work:
    work = Work("w", "i", queue.medium, queue.name, needs, 0, 1, 1, "")
    matcher.bind(work, Line(queue))
    return work


def test_equal_demands_share_one_profile() -> None:
    matcher = Matcher(policy(), [])
    first = bound(matcher, VOICE, Requirement("a", 2), Requirement("b"))
    second = bound(matcher, QueuePolicy("vip", Medium.VOICE, (Requirement("b"),), priority=9), Requirement("a", 2))
    assert first.profile is second.profile
    assert bound(matcher, VOICE).profile is not first.profile


def test_strategies_differ_where_proficiency_does() -> None:
    agents = [ready("ann", {"a": 3}, idle_since=1), ready("bob", {"a": 9}, idle_since=2)]
    matcher = Matcher(policy(), agents)
    best = matcher.best_agent(bound(matcher, VOICE, Requirement("a")))
    idle = QueuePolicy("idle", Medium.VOICE, strategy=Strategy.LONGEST_IDLE)
    longest = matcher.best_agent(bound(matcher, idle, Requirement("a")))
    assert best is not None
    assert longest is not None
    assert (best.agent.agent_id, best.runner_up) == ("bob", "ann")
    assert best.terms == (("load", 0), ("proficiency", 9), ("idle_since", 2))
    assert (longest.agent.agent_id, longest.runner_up) == ("ann", "bob")
    assert longest.terms == (("busy", 0), ("idle_since", 1))


def test_equal_agents_are_told_apart_by_id() -> None:
    matcher = Matcher(policy(), [ready("bob"), ready("ann")])
    pair = matcher.best_agent(bound(matcher, VOICE))
    assert pair is not None
    assert (pair.agent.agent_id, pair.runner_up) == ("ann", "bob")


def test_resting_agents_are_passed_over_and_stay_for_others() -> None:
    matcher = Matcher(policy(), [ready("ann"), ready("bob"), ready("cem")])
    work = bound(matcher, VOICE)
    work.resting = {"ann": 99, "bob": 99}
    pair = matcher.best_agent(work)
    assert pair is not None
    assert (pair.agent.agent_id, pair.runner_up) == ("cem", None)
    other = matcher.best_agent(bound(matcher, VOICE))
    assert other is not None
    assert (other.agent.agent_id, other.runner_up) == ("ann", "bob")


def test_publishing_makes_older_entries_stale() -> None:
    ann = ready("ann")
    matcher = Matcher(policy(), [ann])
    work = bound(matcher, VOICE)
    ann.presence = Presence.NOT_READY
    matcher.publish(ann)
    assert matcher.best_agent(work) is None
    ann.presence = Presence.READY
    matcher.publish(ann)
    assert matcher.best_agent(work) is not None


def test_teams_and_media_bound_a_profile() -> None:
    chat = Agent("bob", agent("bob", voice=0, chat=1), presence=Presence.READY, connected=True)
    matcher = Matcher(policy(), [ready("ann"), chat])
    teams = bound(matcher, QueuePolicy("q", Medium.VOICE, teams=("t9",)))
    assert matcher.best_agent(teams) is None
    assert list(bound(matcher, VOICE).profile.members) == ["ann"]


def test_heaps_stay_bounded_when_nobody_tidies(world: World) -> None:
    for name in ("ann", "bob", "cem"):
        world.ready(name)
    for _ in range(500):
        world.presence("ann", Presence.NOT_READY)
        world.presence("ann", Presence.READY)
    for profile in world.dispatcher.shard.matcher.profiles.values():
        assert len(profile.heap) <= profile.limit


def test_tidy_drops_stale_entries_and_changes_no_choice(new_world: NewWorld) -> None:
    rules = policy({f"a{index}": agent(f"a{index}") for index in range(20)})
    lazy, tidy = new_world(rules), new_world(rules)
    random = Random(4)
    for world in (lazy, tidy):
        world.ready(*rules.agents)
    for index in range(300):
        name, presence = f"a{random.randrange(20)}", random.choice((Presence.READY, Presence.NOT_READY))
        for world in (lazy, tidy):
            world.presence(name, presence)
        tidy.dispatcher.tidy()
        if index % 10 == 0:
            made = [offers(world.queue(f"w{index}")) for world in (lazy, tidy)]
            assert made[0] == made[1]
            for world in (lazy, tidy):
                world.leave(f"w{index}")

    def entries(world: World) -> int:
        return sum(len(profile.heap) for profile in world.dispatcher.shard.matcher.profiles.values())

    for _ in range(5):
        tidy.dispatcher.tidy()
    assert entries(tidy) <= entries(lazy)


def test_profiles_of_made_up_demands_are_forgotten(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann", {f"s{index}": 5 for index in range(5000)})}))
    world.queue("kept", "sales", Requirement("s1", 2))
    for index in range(5000):
        world.queue(f"w{index}", "sales", Requirement(f"s{index}"))
        world.leave(f"w{index}")
    assert len(world.dispatcher.shard.matcher.profiles) > 5000
    for _ in range(1000):
        world.dispatcher.tidy()
    assert len(world.dispatcher.shard.matcher.profiles) == 4096
    check(world.dispatcher)
    assert offers(world.ready("ann")) == [("kept", "ann")]
    world.leave("kept")
    assert offers(world.queue("again", "sales", Requirement("s0"))) == [("again", "ann")]


def test_a_freed_agent_looks_behind_heads_that_rest_for_them(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    world.reject("w1.1")
    world.queue("w2", "vip", Requirement("none"))
    world.presence("ann", Presence.NOT_READY)
    world.queue("w3")
    assert offers(world.presence("ann", Presence.READY)) == [("w3", "ann")]
    world.wait(SECOND)


def test_capacity_of_a_policy_without_the_medium_is_none() -> None:
    rules = Policy("v", {}, {}, units={})
    ann = ready("ann")
    matcher = Matcher(rules, [ann])
    assert matcher.best_agent(bound(matcher, VOICE)) is not None
    assert matcher.best_agent(bound(matcher, QueuePolicy("mail", Medium.EMAIL))) is None


def test_few_changed_agents_revise_the_sets_in_place(new_world: NewWorld) -> None:
    rules = policy({f"a{index}": agent(f"a{index}", {"en": index}) for index in range(1, 9)})
    world = new_world(rules)
    world.ready(*rules.agents)
    world.queue("w1", "sales", Requirement("en", 9))
    before = world.dispatcher.shard.matcher
    better = {**rules.agents, "a1": agent("a1", {"en": 10})}
    assert offers(world.post(PolicyChanged(policy(better, version="v2")))) == [("w1", "a1")]
    assert world.dispatcher.shard.matcher is before
    world.check()
    assert offers(world.queue("w2", "sales", Requirement("en", 8))) == [("w2", "a8")]
    world.post(PolicyChanged(policy({**better, "a7": agent("a7", {"en": 7}, team="t2")}, version="v3")))
    world.check()


def test_changed_units_count_at_once(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", voice=2, total=2)}
    rules = policy(agents)
    world = new_world(rules)
    world.ready("ann")
    world.post(PolicyChanged(replace(rules, version="v2", units={**rules.units, Medium.VOICE: 3})))
    assert offers(world.queue("w1")) == []
    commands = world.post(PolicyChanged(replace(rules, version="v3", units={**rules.units, Medium.VOICE: 2})))
    assert offers(commands) == [("w1", "ann")]
    assert offers(world.queue("w2")) == []


def test_a_call_takes_all_of_an_agent_and_chats_a_unit_each(new_world: NewWorld) -> None:
    blended = replace(agent("ann", voice=1, chat=3, total=3), units={Medium.VOICE: 3})
    world = new_world(policy({"ann": blended}))
    world.ready("ann")
    assert offers(world.queue("call")) == [("call", "ann")]
    assert offers(world.queue("c1", "chat", medium=Medium.CHAT)) == []
    assert offers(world.post(CustomerLeft("call"))) == [("c1", "ann")]
    assert offers(world.queue("c2", "chat", medium=Medium.CHAT)) == [("c2", "ann")]
    assert offers(world.queue("call2")) == []
    assert offers(world.post(CustomerLeft("c1"))) == []
    assert offers(world.post(CustomerLeft("c2"))) == [("call2", "ann")]
    world.check()
