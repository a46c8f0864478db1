"""What a watcher is told: what is in their reach, what has changed, and what is gone."""

import msgspec

from http_api.alerts_api import AlertOverview
from http_api.board_messages import Change, QueueTrend, Snapshot, TrendSlot
from http_api.board_view import View
from http_api.calls_api import LiveCall, LiveParty
from http_api.chats_api import LiveChat
from http_api.follow_ups_api import ShownFollowUp
from http_api.help_api import HelpRequest
from http_api.ports import ChannelOverview
from records.accounts import Role
from records.roles import Scope
from router.alerts import Alert, AlertKind
from tests.http_api.ledger import SAM, Ledger, item, person, queue


def test_a_snapshot_then_changes_within_reach() -> None:
    feed, view = Ledger(), View()
    feed.put(("queues", "sales"), queue("sales"))
    feed.put(("queues", "other"), queue("other"))
    first = view.next(feed, SAM, 5)
    assert isinstance(first, Snapshot)
    assert [each.queue for each in first.queues] == ["sales"]
    assert view.next(feed, SAM, 6) is None
    feed.put(("queues", "other"), queue("other", 3))
    assert view.next(feed, SAM, 7) is None
    feed.put(("work", "w1"), item("w1", "sales"))
    change = view.next(feed, SAM, 8)
    assert isinstance(change, Change)
    assert ([each.work_id for each in change.work], change.gone.work) == (["w1"], ())


def test_what_moves_out_of_reach_is_gone_and_once_only() -> None:
    feed, view = Ledger(), View()
    feed.put(("work", "w1"), item("w1", "sales"))
    view.next(feed, SAM, 1)
    feed.put(("work", "w1"), item("w1", "other"))
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert change.gone.work == ("w1",)
    feed.put(("work", "w1"), None)
    assert view.next(feed, SAM, 3) is None


def test_alerts_of_the_own_teams_and_when_they_are_over() -> None:
    feed, view = Ledger(), View()
    for number, name in ((1, "sales"), (2, "other")):
        alert = AlertOverview.of(Alert(number, AlertKind.BREACH, "queue", name, 5))
        feed.put(("alerts", str(number)), alert)
    first = view.next(feed, SAM, 1)
    assert isinstance(first, Snapshot)
    assert [each.id for each in first.alerts] == [1]
    feed.put(("alerts", "1"), None)
    feed.put(("alerts", "2"), None)
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert change.gone.alerts == ("1",)


def chat(number: str, name: str, agent: str | None) -> LiveChat:
    return LiveChat(interaction_id=number, state="talking", queue=name, customer="", agent=agent, name="", listeners=())


def asked(agent: str) -> HelpRequest:
    return HelpRequest(
        reservation_id=f"{agent}.1", interaction_id="i", agent=agent, name="", medium="chat", since_us=1, seen_by=""
    )


def call(name: str, agent: str, state: str = "here") -> LiveCall:
    return LiveCall(name, (LiveParty(id="w", kind="agent", state=state, agent=agent),))


def left(number: int, name: str, done_at: int | None = None) -> ShownFollowUp:
    nobody: dict[str, None] = dict.fromkeys(("duration_us", "taken_by", "taken_at", "done_by", "note", "name", "text"))
    words = dict.fromkeys(("interaction_id", "number", "language", "path", "queue_title", "taken_by_name"), "")
    fields = {**nobody, **words, "id": number, "kind": "callback", "queue": name, "created_at": 1, "done_at": done_at}
    return msgspec.convert(fields, ShownFollowUp)


def test_calls_with_an_own_agent_and_follow_ups_of_own_queues() -> None:
    feed, view = Ledger(), View()
    feed.put(("calls", "i1"), call("i1", "ann"))
    feed.put(("calls", "i2"), call("i2", "eve"))
    feed.put(("calls", "i3"), call("i3", "ann", "coming"))
    first = view.next(feed, SAM, 1)
    assert isinstance(first, Snapshot)
    assert [one.interaction_id for one in first.calls] == ["i1"]
    feed.put(("follow_ups", "7"), left(7, "sales"))
    feed.put(("follow_ups", "8"), left(8, "other"))
    feed.put(("calls", "i1"), call("i1", "eve"))
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert ([one.id for one in change.follow_ups], change.gone.calls) == ([7], ("i1",))
    feed.put(("follow_ups", "7"), left(7, "sales", done_at=5))
    change = view.next(feed, SAM, 3)
    assert isinstance(change, Change)
    assert ([one.done_at for one in change.follow_ups], change.gone.follow_ups) == ([5], ())


def test_chats_help_and_trends_of_the_own_teams() -> None:
    feed, view = Ledger(), View()
    for one in (chat("c1", "sales", "ann"), chat("c2", "sales", "eve"), chat("c3", "sales", None)):
        feed.put(("chats", one.interaction_id), one)
    for agent in ("ann", "eve"):
        feed.put(("help", f"{agent}.1"), asked(agent))
    for name in ("sales", "other"):
        feed.put(("trends", name), QueueTrend(name, (TrendSlot(0, 1, 0.5),)))
    first = view.next(feed, SAM, 1)
    assert isinstance(first, Snapshot)
    assert [one.interaction_id for one in first.chats] == ["c1", "c3"], "another team's agent has c2"
    assert [one.agent for one in first.help] == ["ann"]
    assert [one.queue for one in first.trends] == ["sales"]
    feed.put(("chats", "c3"), chat("c3", "sales", "eve"))
    feed.put(("help", "ann.1"), None)
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert (change.gone.chats, change.gone.help, change.chats, change.help) == (("c3",), ("ann.1",), (), ())


def test_too_long_ago_or_another_scope_begins_anew() -> None:
    feed, view = Ledger(), View()
    feed.put(("work", "w1"), item("w1", "sales"))
    view.next(feed, SAM, 1)
    feed.put(("work", "w2"), item("w2", "sales"))
    feed.floor = feed.version + 1
    again = view.next(feed, SAM, 2)
    assert isinstance(again, Snapshot)
    assert len(again.work) == 2
    feed.floor = 0
    narrow = Scope(Role.SUPERVISOR, "sam", frozenset(), frozenset(), frozenset())
    empty = view.next(feed, narrow, 3)
    assert isinstance(empty, Snapshot)
    assert empty.work == ()


def test_nothing_outside_the_scope_is_ever_sent() -> None:
    """Every kind of thing, in and out of reach, in snapshots and in changes, and when reach is lost."""
    feed, view = Ledger(), View()
    for number, name in enumerate(("sales", "secret")):
        team = ("t", "u")[number]
        agent_id = ("ann", "eve")[number]
        feed.put(("queues", name), queue(name))
        feed.put(("work", f"w-{name}"), item(f"w-{name}", name))
        feed.put(("agents", agent_id), person(agent_id, team))
        feed.put(("channels", team), ChannelOverview(channel=team, title="", medium="voice", owner=team))
    sent = [view.next(feed, SAM, 1)]
    for number in range(3):
        feed.put(("queues", "secret"), queue("secret", number + 1))
        feed.put(("agents", "eve"), person("eve", "u", load=number + 1))
        feed.put(("work", "w-secret"), item("w-secret", "secret"))
        feed.put(("channels", "u"), ChannelOverview(channel="u", title=str(number), medium="voice", owner="u"))
        sent.append(view.next(feed, SAM, 2))
    feed.put(("work", "w-secret"), None)
    feed.put(("work", "w-sales"), item("w-sales", "secret"))
    sent.append(view.next(feed, SAM, 3))
    told = msgspec.json.encode(sent).decode()
    for secret in ("secret", '"eve"', '"u"'):
        assert secret not in told
    last = sent[-1]
    assert isinstance(last, Change)
    assert last.gone.work == ("w-sales",)
