"""Every rule of a queue, and every mistake in one, by its key."""

import tomllib
from dataclasses import replace

import pytest

from config.queue_rows import QueueNames, circle, exits, read_queue
from config.row_text import queue_row
from config.site import QueueConfig
from ivr.reading import Table
from router.policy import Exit, Order, Preference, PriorityRule, Reserve, Ring, Strategy, Weights
from router.vocabulary import Requirement

NAMES = QueueNames(
    skills=("orders", "english", "mandarin", "trainee"),
    teams=("first_line", "experts"),
    dispositions=("resolved",),
    prompts=("music/hold",),
    languages=("en",),
    calendars=("office",),
    flows=("voicemail", "closed"),
    queues={"orders": "voice", "general": "voice", "web": "chat"},
)
EVERYTHING = """
title = "Orders"
medium = "voice"
requirements = "orders >= 3 and (english >= 5 or mandarin >= 5) and not trainee"
hard = ["orders"]
strategy = "weighted"
weights = { load = 1, proficiency = 50, idle = 1 }
preferred_patience_s = 20
teams = ["first_line"]
priority = 10
order = "target"
ratio = 2
reserve = { free = 1, below = 20 }
max_waiting = 50
when_full = { divert = "voicemail" }
hours = "office"
when_closed = { queue = "general" }
empty_when_closed = true
units = 2
offer_to = 3
missed_not_ready = false
reject_rest_s = "for_good"
wrap_up_s = 20
wrap_up_extend_s = 60
callback_attempts = 2
callback_retry_s = 300
service_level = { threshold_s = 20, fraction = 0.9 }

[[rings]]
after_s = 20
lower = { english = 2 }
skip_empty = false

[[rings]]
after_s = 40
teams = ["first_line", "experts"]
priority = 5

[[rings]]
after_s = 60
requirements = "orders"
drop = ["mandarin"]

[[rings]]
after_s = 120
queue = "general"

[[preferences]]
want = 'team == "experts"'
score = 5
when = 'customer.tier == "gold"'

[[priority_rules]]
when = 'customer.tier == "vip"'
priority = 50
"""


def read(text: str) -> tuple[QueueConfig, list[tuple[str, str]]]:
    table = Table(tomllib.loads(text), "", [])
    queue = read_queue("orders", table, NAMES)
    return queue, [(each.path, each.message) for each in table.problems]


def mistakes(more: str, medium: str = "voice") -> list[tuple[str, str]]:
    return read(f'title = "Orders"\nmedium = "{medium}"\n{more}')[1]


def test_every_rule_is_read() -> None:
    queue, problems = read(EVERYTHING)
    assert problems == []
    assert (queue.requirements, queue.hard) == ((), ("orders",))
    assert queue.condition == "orders >= 3 and (english >= 5 or mandarin >= 5) and not trainee"
    assert [need.skill for need in queue.demanded] == ["english", "mandarin", "orders"]
    assert queue.rings == (
        Ring(20_000_000, lower=(("english", 2),), skip_empty=False),
        Ring(40_000_000, teams=("first_line", "experts"), priority=5),
        Ring(60_000_000, requirements="orders", drop=("mandarin",)),
        Ring(120_000_000, exit=Exit(queue="general")),
    )
    assert (queue.strategy, queue.weights) == (Strategy.WEIGHTED, Weights(1, 50, 1, 0))
    assert queue.preferences == (Preference('team == "experts"', 5, 'customer.tier == "gold"'),)
    assert queue.priority_rules == (PriorityRule('customer.tier == "vip"', 50),)
    assert (queue.order, queue.target_us, queue.ratio) == (Order.TARGET, 20_000_000, 2)
    assert (queue.reserve, queue.max_waiting, queue.when_full) == (Reserve(1, 20), 50, Exit(divert="voicemail"))
    assert (queue.hours, queue.opening, queue.empty_when_closed) == ("office", "hours", True)
    assert queue.when_closed == Exit(queue="general")
    assert (queue.units, queue.offer_to, queue.missed_not_ready, queue.reject_rest_us) == (2, 3, False, None)
    assert (queue.wrap_up_extend_us, queue.callback_attempts, queue.callback_retry_us) == (60_000_000, 2, 300_000_000)
    assert not queue.closed


@pytest.mark.parametrize("text", [EVERYTHING, 'title = "Orders"\nmedium = "voice"\nrequirements = { orders = 3 }\n'])
def test_a_row_that_is_written_again_reads_the_same(text: str) -> None:
    queue, _ = read(text)
    row = {key: value for key, value in queue_row(queue).items() if value not in (None, "", {})}
    table = Table({**row, "title": "Orders"}, "", [])
    assert read_queue("orders", table, NAMES) == queue
    assert table.problems == []


def test_little_is_needed_and_a_table_of_grades_is_a_demand() -> None:
    queue, problems = read('title = "Orders"\nmedium = "voice"\nrequirements = { orders = 3, english = 2 }\n')
    assert problems == []
    assert queue.requirements == (Requirement("orders", 3), Requirement("english", 2))
    assert queue.strategy is Strategy.BEST_PROFICIENCY
    assert (queue.rings, queue.max_waiting, queue.offer_to, queue.target_us) == ((), 0, 1, 0)


RINGS = "[[rings]]\nafter_s = 20\n{}\n[[rings]]\nafter_s = {}\n{}\n"


@pytest.mark.parametrize(
    ("more", "path", "message"),
    [
        ('requirements = "order"', "requirements", 'column 1: there is no skill "order"'),
        ("requirements = 3", "requirements", "is a whole number: a table is expected"),
        ('strategy = "random"', "strategy", '"random" is not known'),
        ('order = "last"', "order", '"last" is not known'),
        ('opening = "maybe"', "opening", '"maybe" is not known'),
        ('hours = "offices"', "hours", '"offices" is not known'),
        (RINGS.format("priority = 1", 20, "priority = 1"), "rings[1].after_s", "is not later than the ring before"),
        (
            RINGS.format('queue = "general"', 30, "priority = 1"),
            "rings[1]",
            "is never reached: the ring before it sends the work away",
        ),
        ("[[rings]]\nafter_s = 5", "rings[0]", "changes nothing"),
        (
            '[[rings]]\nafter_s = 5\nqueue = "general"\npriority = 3',
            "rings[0]",
            "sends the work away: its other keys have no effect",
        ),
        ('[[rings]]\nafter_s = 0\nqueue = "general"', "rings[0].after_s", "is 0: nobody would ever wait in this queue"),
        (
            'hard = ["orders"]\n[[rings]]\nafter_s = 5\ndrop = ["orders"]',
            "rings[0].drop",
            '"orders" is hard for this queue',
        ),
        (
            'hard = ["orders"]\n[[rings]]\nafter_s = 5\nlower = { orders = 1 }',
            "rings[0].lower.orders",
            '"orders" is hard for this queue',
        ),
        ('hard = ["orders"]', "hard", "has no effect: without rings nothing is lowered or dropped"),
        ('[[rings]]\nafter_s = 5\nteams = ["expert"]', "rings[0].teams[0]", '"expert" is not known'),
        ('[[rings]]\nafter_s = 5\nqueue = "nowhere"', "rings[0].queue", '"nowhere" is not known'),
        ('[[rings]]\nafter_s = 5\nqueue = "orders"', "rings[0].queue", "is this queue itself"),
        ('[[rings]]\nafter_s = 5\nqueue = "web"', "rings[0].queue", '"web" takes chat, not voice'),
        ('[[rings]]\nafter_s = 5\ndivert = "voicmail"', "rings[0].divert", 'there is no flow "voicmail"'),
        ('max_waiting = 5\nwhen_full = { queue = "general", divert = "closed" }', "when_full.divert", None),
        ("max_waiting = 5\nwhen_full = {}", "when_full", "says not where to"),
        ('when_full = { queue = "general" }', "when_full", "never happens"),
        ("empty_when_closed = true", "empty_when_closed", "has nowhere to send who waits"),
        ("weights = { load = 1 }", "weights", "have no effect with this strategy"),
        ('strategy = "weighted"\nweights = { load = 0 }', "weights", "are all 0"),
        ("reserve = { free = 1 }", "reserve.below", "is missing: a whole number is expected"),
        ("[[preferences]]\nscore = 1", "preferences[0].want", "is missing: a text is expected"),
        ('[[priority_rules]]\nwhen = "english"\npriority = 3', "priority_rules[0].when", None),
        ("offer_to = 2\nauto_accept = true", "offer_to", "is more than 1, but an offer counts as accepted"),
        ('reject_rest_s = "never"', "reject_rest_s", "is a text: a number from 0 to 3600 is expected"),
        ("max_wating = 3", "max_wating", "is not a key of this table"),
    ],
)
def test_mistakes_have_their_key(more: str, path: str, message: str | None) -> None:
    ((found, said),) = mistakes(more)
    assert found == path
    assert message is None or said == message


def test_chats_leave_by_words_of_their_own() -> None:
    assert mistakes('max_waiting = 5\nwhen_full = { divert = "message" }', "chat") == []
    ((path, message),) = mistakes('max_waiting = 5\nwhen_full = { divert = "voicemail" }', "chat")
    assert (path, message) == ("when_full.divert", 'there is no way for chat work "voicemail"')


def test_a_circle_of_overflows_is_found_with_its_way() -> None:
    base, _ = read('title = "Orders"\nmedium = "voice"\n')

    def queue(name: str, **more: object) -> QueueConfig:
        return replace(base, name=name, **more)  # type: ignore[arg-type]

    line = {
        "a": queue("a", when_full=Exit(queue="b")),
        "b": queue("b", rings=(Ring(1), Ring(2, exit=Exit(queue="c")))),
        "c": queue("c", when_closed=Exit(divert="voicemail")),
    }
    assert circle(line) is None
    assert exits(line["b"]) == [("rings[1].queue", "c")]
    line["c"] = queue("c", when_closed=Exit(queue="b"))
    assert circle(line) == ("c", "when_closed", ("b", "c", "b"))
