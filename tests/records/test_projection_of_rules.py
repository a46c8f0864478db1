"""The story of items that rules move: offered to several, overflowed, diverted, called back. By the real dispatcher."""

from dataclasses import replace

from records.projection import Projection
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    CallbackFailed,
    CallbackRequested,
    Event,
    InteractionClosed,
    OfferAccepted,
    OfferRejected,
    PresenceSet,
    TimePassed,
    WorkQueued,
)
from router.policy import AgentPolicy, Exit, Policy, QueuePolicy, Ring
from router.rows import Turn
from router.vocabulary import Medium, Presence
from tests.records.turns import SECOND, START, opened

ORDERS = QueuePolicy("orders", Medium.VOICE)
WORK = WorkQueued("w", "i1", Medium.VOICE, "orders", node="n1")


class Story:
    """A dispatcher whose turns are folded as they come; anna and ben are ready unless told otherwise."""

    def __init__(self, *queues: QueuePolicy, ready: bool = True) -> None:
        agents = {name: AgentPolicy(name, "all") for name in ("anna", "ben")}
        self.dispatcher = Dispatcher(Policy("v1", {queue.name: queue for queue in queues}, agents))
        self.projection = Projection()
        self.sequence = 0
        for name in agents:
            self.post(0, AgentConnected(name, 1))
            self.post(0, PresenceSet(name, Presence.READY if ready else Presence.NOT_READY))
        self.post(1, opened())
        self.post(2, WORK)

    def post(self, seconds: int, event: Event) -> None:
        self.sequence += 1
        now = START + seconds * SECOND
        core = self.dispatcher
        commands = core.expire(now) if isinstance(event, TimePassed) else core.handle(event, now)
        turn = Turn(self.sequence, now, "test", event, tuple(commands), core.drain_changes())
        self.projection.apply(turn)

    def told(self) -> list[str]:
        return [step.kind for step in self.projection.steps if step.interaction_id == "i1"][2:]

    def record(self) -> tuple[str, str | None, str | None]:
        draft = self.projection.interactions["i1"]
        return (draft.state, draft.queue, draft.outcome)


def test_an_item_offered_to_two_is_with_the_one_who_took_it() -> None:
    story = Story(replace(ORDERS, offer_to=2))
    story.post(3, OfferRejected("w.1", "anna"))
    assert story.record()[0] == "offered"
    story.post(4, OfferAccepted("w.2", "ben"))
    assert story.record()[0] == "assigned"
    assert story.told() == ["offered", "offered", "rejected", "accepted"]


def test_the_offers_that_others_lose_do_not_bring_it_back() -> None:
    story = Story(replace(ORDERS, offer_to=2))
    story.post(4, OfferAccepted("w.1", "anna"))
    assert story.told() == ["offered", "offered", "accepted", "offer_withdrawn"]
    assert story.record()[0] == "assigned"
    assert story.projection.interactions["i1"].agent_id == "anna"


def test_an_overflow_tells_from_where_to_where() -> None:
    ring = Ring(10 * SECOND, exit=Exit("help"))
    story = Story(replace(ORDERS, rings=(ring,)), replace(ORDERS, name="help"), ready=False)
    story.post(12, TimePassed())
    step = story.projection.steps[-1]
    assert (step.kind, step.detail) == ("overflowed", {"queue": "help", "before": "orders"})
    assert story.record() == ("waiting", "help", None)


def test_a_diversion_tells_where_to_and_why() -> None:
    story = Story(replace(ORDERS, rings=(Ring(10 * SECOND, exit=Exit(divert="voicemail")),)), ready=False)
    story.post(12, TimePassed())
    step = story.projection.steps[-1]
    assert (step.kind, step.detail) == ("diverted", {"to": "voicemail", "why": "ring"})
    assert story.record() == ("open", "orders", "diverted")
    story.post(30, InteractionClosed("i1", "voicemail"))
    assert story.record() == ("closed", "orders", "voicemail")


def test_a_callback_that_reaches_nobody_is_told_try_by_try() -> None:
    story = Story(replace(ORDERS, callback_attempts=2, callback_retry_us=60 * SECOND), ready=False)
    story.post(3, CallbackRequested("w"))
    story.post(4, InteractionClosed("i1", "callback"))
    for at, name in ((5, "w.1"), (70, "w.2")):
        story.post(at, PresenceSet("anna", Presence.READY))
        story.post(at, TimePassed())
        story.post(at + 1, OfferAccepted(name, "anna"))
        story.post(at + 2, CallbackFailed(name, "no_answer"))
    once = ["offered", "accepted", "ended"]
    assert story.told() == ["closed", *once, "callback_failed", *once, "unreached"]
    assert story.record()[0] == "closed"
