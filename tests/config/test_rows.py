"""Rows by themselves: the defaults, and what is checked between a row's own keys."""

from config.queue_rows import QueueNames, read_queue
from config.rows import read_agent, read_alerts, read_named, read_reason
from config.site import AlertConfig
from ivr.reading import Table

NAMES = QueueNames(
    skills=("orders",),
    teams=("red",),
    dispositions=("resolved",),
    prompts=("music/hold", "en/busy", "zh/busy", "en/only"),
    languages=("en", "zh"),
)


def table(**values: object) -> Table:
    return Table(values, "row", [])


def test_a_queue_needs_little() -> None:
    row = table(title="Orders", medium="voice")
    queue = read_queue("orders", row, NAMES)
    assert row.problems == []
    assert queue.strategy == "best_proficiency"
    assert (queue.offer_timeout_us, queue.wrap_up_us, queue.reject_rest_us) == (20_000_000, 30_000_000, 30_000_000)
    assert (queue.teams, queue.requirements, queue.announce_place_every_us) == ((), (), 0)
    assert queue.music == "music/hold"
    assert (queue.short_abandon_us, queue.backlog) == (5_000_000, 0)


def test_a_bare_welcome_is_needed_in_every_language_a_complete_one_is_not() -> None:
    row = table(title="Orders", medium="voice", welcome=["busy", "en/only", "only"])
    read_queue("orders", row, NAMES)
    assert [(problem.path, problem.message) for problem in row.problems] == [
        ("row.welcome[2]", 'there is no prompt "zh/only"')
    ]


def test_a_key_for_callbacks_needs_what_is_said_then() -> None:
    row = table(title="Orders", medium="voice", callback_key="7")
    assert read_queue("orders", row, NAMES).callback_key == "7"
    said = {problem.message for problem in row.problems}
    assert 'there is no prompt "zh/callback-promised"' in said
    assert 'there is no prompt "en/no-match"' in said
    assert {f'there is no prompt "en/{name}"' for name in ("callback-hint", "digit-7")} <= said
    wrong = table(title="Orders", medium="voice", callback_key="77")
    read_queue("orders", wrong, NAMES)
    assert [problem.path for problem in wrong.problems] == ["row.callback_key"]


def test_what_becomes_of_a_caller_whose_node_is_gone() -> None:
    row = table(title="Orders", medium="voice", when_node_lost="call_back")
    assert read_queue("orders", row, NAMES).when_node_lost == "call_back"
    assert read_queue("orders", table(title="Orders", medium="voice"), NAMES).when_node_lost == "end"
    for wrong in (
        table(title="Orders", medium="voice", when_node_lost="move"),
        table(title="Chat", medium="chat", when_node_lost="call_back"),
    ):
        read_queue("orders", wrong, NAMES)
        assert "row.when_node_lost" in [problem.path for problem in wrong.problems]


def test_a_queue_of_chats_needs_no_sound() -> None:
    row = table(title="Chat", medium="chat", music="music/none")
    read_queue("chat", row, NAMES)
    assert row.problems == []


def test_when_supervisors_are_told() -> None:
    assert read_alerts(Table({}, "alerts", [])) == AlertConfig(backlog=50, not_ready_us=0)
    told = Table({"backlog": 9, "not_ready_s": 60}, "alerts", [])
    assert read_alerts(told) == AlertConfig(backlog=9, not_ready_us=60_000_000)
    assert read_reason("lunch", table(title="Lunch", limit_s=1800)).limit_us == 1_800_000_000
    assert read_reason("lunch", table(title="Lunch")).limit_us == 0


def test_an_agent_without_capacity_takes_one_call() -> None:
    row = table(display_name="A", team="red")
    agent = read_agent("a", row, NAMES.teams, NAMES.skills, {})
    assert row.problems == []
    assert (dict(agent.capacity), agent.total_units) == ({"voice": 1}, 1)
    assert (agent.role, agent.station, agent.sip_user) == ("agent", "webrtc", "")


def test_the_total_is_by_default_the_greatest_capacity() -> None:
    row = table(display_name="A", team="red", capacity={"voice": 1, "chat": 4})
    assert read_agent("a", row, NAMES.teams, NAMES.skills, {}).total_units == 4


def test_an_agents_own_queues_must_fit() -> None:
    row = table(
        display_name="A",
        team="red",
        capacity={"voice": 1},
        units={"voice": 2},
        queues={"web": 1, "sales": {"priority": 100}, "seles": 1},
    )
    read_agent("a", row, NAMES.teams, NAMES.skills, {"web": "chat", "sales": "voice"})
    assert [(problem.path, problem.message) for problem in row.problems] == [
        ("row.queues.sales.priority", "is 100: it must be from 1 to 99"),
        ("row.queues.seles", '"seles" is not known'),
        ("row.queues.web", "takes chat, for which the agent has no capacity"),
        ("row.units.voice", "is more than the 1 that the agent has in total"),
    ]


def test_a_title_is_one_text_or_one_for_each_language() -> None:
    titles = {"en": "Orders", "zh-CN": "订单"}
    queue = read_queue("orders", table(title=titles, medium="voice"), NAMES)
    assert (queue.title, queue.titles) == ("Orders", titles)
    named = read_named("lunch", table(title="Lunch"))
    assert (named.title, named.titles) == ("Lunch", {})
    for wrong, path in (({"de": "Bestellungen"}, "row.title.de"), ({}, "row.title"), ({"en": 3}, "row.title.en")):
        row = table(title=wrong)
        read_named("lunch", row)
        assert [problem.path for problem in row.problems] == [path]
