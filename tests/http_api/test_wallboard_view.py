"""What a wall is told: its queues and teams only, no names, changes after the first message."""

from typing import Any

from http_api.alerts_api import AlertOverview
from http_api.ports import AgentOverview, HeldWork, QueueOverview
from http_api.wallboard_view import Key, TeamCounts, WallView, counts
from records.accounts import Role
from records.roles import Scope

SCOPE = Scope(Role.WALLBOARD, None, frozenset({"first"}), frozenset({"anna", "bob"}), frozenset({"orders", "refunds"}))


def queue(name: str, waiting: int = 0) -> QueueOverview:
    return QueueOverview(queue=name, medium="voice", waiting=waiting, oldest_queued_at=None)


def agent(name: str, presence: str = "ready", *held: str, team: str = "first", connected: bool = True) -> AgentOverview:
    work = tuple(HeldWork(interaction_id="i", medium="voice", queue="orders", state=state, since=1) for state in held)
    return AgentOverview(
        agent_id=name,
        team=team,
        presence=presence,
        reason=None,
        since=1,
        connected=connected,
        load=len(held),
        capacity=3,
        held=work,
        display_name="Anna Secret",
    )


def alert(number: int, subject_kind: str = "queue", subject: str = "orders", **more: Any) -> AlertOverview:
    return AlertOverview(
        id=number, kind="backlog", subject_kind=subject_kind, subject=subject, raised_at=1, detail={}, **more
    )


class Feed:
    def __init__(self, **things: Any) -> None:
        self.version = 1
        self.things: dict[Key, Any] = {}
        self.changes: dict[Key, Any] | None = None
        self.put(**things)

    def put(self, *, gone: tuple[Key, ...] = (), things: tuple[Any, ...] = ()) -> None:
        self.version += 1
        self.changes = dict.fromkeys(gone)
        for thing in things:
            self.changes[key_of(thing)] = thing
        self.things.update(self.changes)

    def since(self, version: int) -> dict[Key, Any] | None:
        return None if version < 0 else self.changes

    def everything(self) -> dict[Key, Any]:
        return {key: thing for key, thing in self.things.items() if thing is not None}


def key_of(thing: Any) -> Key:
    match thing:
        case QueueOverview():
            return "queues", thing.queue
        case AgentOverview():
            return "agents", thing.agent_id
        case _:
            return "alerts", str(thing.id)


def test_the_first_message_is_whole_and_only_of_what_the_link_names() -> None:
    feed = Feed(
        things=(
            *(queue("orders", 3), queue("theirs", 9)),
            *(agent("anna"), agent("carl", team="second")),
            *(
                alert(1),
                alert(2, "agent", "anna"),
                alert(3, subject="theirs"),
                alert(4, "channel", "web", owner="first"),
            ),
        )
    )
    wall = WallView("Hall", "Asia/Shanghai").next(feed, SCOPE, 7)
    assert wall is not None
    assert (wall.whole, wall.name, wall.time_zone, wall.server_time_us) == (True, "Hall", "Asia/Shanghai", 7)
    assert [one.queue for one in wall.queues] == ["orders"]
    assert wall.teams == (TeamCounts(team="first", signed_in=1, free=1),)
    assert [one.id for one in wall.alerts] == [1, 4]
    assert "Secret" not in str(wall)


def test_then_what_changed_and_nothing_when_nothing_did() -> None:
    feed = Feed(things=(queue("orders"), agent("anna"), alert(1)))
    view = WallView()
    assert view.next(feed, SCOPE, 1) is not None
    feed.put(things=(queue("theirs", 1), agent("carl", team="second")))
    assert view.next(feed, SCOPE, 2) is None
    feed.put(things=(queue("orders", 1),))
    wall = view.next(feed, SCOPE, 3)
    assert wall is not None
    assert (wall.whole, [one.waiting for one in wall.queues]) == (False, [1])
    feed.put(things=(agent("anna", "ready", "connected"),))
    wall = view.next(feed, SCOPE, 4)
    assert wall is not None
    assert (wall.queues, wall.teams[0].busy, wall.teams[0].free) == ((), 1, 0)
    feed.put(things=(alert(1, acknowledged_at=5, acknowledged_by="sue"),))
    wall = view.next(feed, SCOPE, 5)
    assert wall is not None
    assert wall.alerts[0].seen
    assert "sue" not in str(wall)
    feed.put(gone=(("queues", "orders"), ("queues", "theirs"), ("agents", "anna"), ("alerts", "1"), ("work", "w")))
    wall = view.next(feed, SCOPE, 6)
    assert wall is not None
    assert (wall.gone, wall.teams, wall.alerts) == (("orders",), (TeamCounts(team="first"),), ())
    assert view.version == feed.version


def test_another_reach_begins_anew() -> None:
    feed = Feed(things=(queue("orders"), queue("refunds")))
    view = WallView()
    assert view.next(feed, SCOPE, 1) is not None
    narrow = Scope(Role.WALLBOARD, None, frozenset(), frozenset(), frozenset({"refunds"}))
    wall = view.next(feed, narrow, 2)
    assert wall is not None
    assert (wall.whole, [one.queue for one in wall.queues], wall.teams) == (True, ["refunds"], ())


def test_everybody_is_counted_once() -> None:
    agents = [
        agent("free"),
        agent("gone", connected=False),
        agent("talks", "ready", "connected"),
        agent("talks_on", "not_ready", "wrap_up", "connected"),
        agent("writes", "ready", "wrap_up"),
        agent("rings", "ready", "offered"),
        agent("lunch", "not_ready"),
        agent("home", "offline"),
        agent("others", team="second"),
    ]
    (first, empty) = counts(["first", "third"], agents)
    assert first == TeamCounts(team="first", signed_in=7, free=2, busy=2, wrap_up=1, away=2)
    assert empty == TeamCounts(team="third")
