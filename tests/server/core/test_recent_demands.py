"""What the last items asked for, by queue, with shares."""

from router.events import TimePassed, WorkQueued
from router.rows import Changes, Turn
from router.vocabulary import Medium, Requirement
from server.core.recent_demands import ENOUGH, MOST, RecentDemands


def queued(number: int, skill: str = "", queue: str = "q") -> Turn:
    needs = (Requirement(skill, 1),) if skill else ()
    event = WorkQueued(f"w{number}", f"w{number}", Medium.VOICE, queue, needs, 0)
    return Turn(number, number, "test", event, (), Changes())


def test_shares_of_what_was_asked() -> None:
    demands = RecentDemands()
    demands.observe(Turn(1, 1, "test", TimePassed(), (), Changes()))
    for number in range(40):
        demands.observe(queued(number, "german" if number % 4 == 0 else ""))
    (german,) = demands.of("q")
    assert (german.share, german.requirements) == (0.25, (Requirement("german", 1),))


def test_nothing_is_said_of_too_few_or_of_rare_ones() -> None:
    demands = RecentDemands()
    for number in range(ENOUGH - 1):
        demands.observe(queued(number, "german"))
    assert demands.of("q") == ()
    assert demands.of("unknown") == ()
    for number in range(200):
        demands.observe(queued(number, f"skill{number}", "many"))
    assert demands.of("many") == ()
    for number in range(200):
        demands.observe(queued(number, f"skill{number % 10}", "some"))
    assert len(demands.of("some")) == MOST
