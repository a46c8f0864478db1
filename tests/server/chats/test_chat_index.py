"""Which items a chat has: from what is open at the start, and from turns."""

from chat.ports import Held, Terms
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    OfferAccepted,
    PresenceSet,
    WorkQueued,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import EndedBy, Medium, Presence, Requirement
from server.chats.chat_index import ChatIndex


def test_chats_of_the_router_by_where_they_stand() -> None:
    queue = QueuePolicy("chat", Medium.CHAT)
    agent = AgentPolicy("ann", "t1", {}, {Medium.CHAT: 3}, 3)
    router = Dispatcher(Policy("v1", {"chat": queue}, {"ann": agent}))
    router.handle(AgentConnected("ann", 1), 1)
    router.handle(PresenceSet("ann", Presence.READY), 2)
    for number in range(1, 6):
        router.handle(WorkQueued(f"w{number}", f"w{number}", Medium.CHAT, "chat", node="n1"), 2 + number)
    router.handle(WorkQueued("letter", "letter", Medium.CHAT, "chat"), 9)
    for number in (1, 2):
        router.handle(OfferAccepted(f"w{number}.1", "ann"), 20)
        router.handle(AssignmentConnected(f"w{number}.1"), 21)
    router.handle(AssignmentEnded("w2.1", EndedBy.CUSTOMER), 22)
    index = ChatIndex(router)
    index.begin()
    here = Terms(node="n1")
    found = {name: index.held(name) for name in ("w1", "w2", "w3", "w4", "w5", "letter")}
    assert found == {
        "letter": None,  # a program's
        "w2": None,
        "w1": Held(talking=True, reservation_id="w1.1", agent_id="ann", work_id="w1", queue="chat", terms=here),
        "w3": Held(talking=False, work_id="w3", queue="chat", terms=here),
        "w4": Held(talking=False, work_id="w4", queue="chat", terms=here),
        "w5": Held(talking=False, work_id="w5", queue="chat", terms=here),
    }
    assert not index.knows("letter")


def test_a_chat_that_changes_hands_is_where_its_newest_item_is() -> None:
    queue = QueuePolicy("chat", Medium.CHAT)
    agents = {name: AgentPolicy(name, "t1", {}, {Medium.CHAT: 1}, 1) for name in ("ann", "bob")}
    router = Dispatcher(Policy("v1", {"chat": queue}, agents))
    router.handle(AgentConnected("ann", 1), 1)
    router.handle(PresenceSet("ann", Presence.READY), 2)
    router.handle(WorkQueued("i", "i", Medium.CHAT, "chat", node="n1"), 3)
    router.handle(OfferAccepted("i.1", "ann"), 4)
    needs = (Requirement("mandarin", 1),)
    router.handle(WorkQueued("i-2", "i", Medium.CHAT, "chat", needs, 7, "n1", directed="bob"), 5)
    terms = Terms(needs, 7, (), "n1")
    index = ChatIndex(router)
    index.begin()
    held = Held(talking=False, work_id="i-2", queue="chat", directed="bob", terms=terms, left=("i.1",))
    assert index.held("i") == held
    assert [row.work_id for row in index.rows()] == ["i-2"]


def test_the_index_follows_the_turns_and_forgets_what_is_closed() -> None:
    queues = {"chat": QueuePolicy("chat", Medium.CHAT), "line": QueuePolicy("line", Medium.VOICE)}
    router = Dispatcher(Policy("v1", queues, {}))
    index = ChatIndex(router)

    def post(event: Event, now: int) -> None:
        commands = router.handle(event, now)
        index.observe(Turn(now, now, "test", event, tuple(commands), router.drain_changes()))

    post(WorkQueued("c", "c", Medium.CHAT, "chat", node="n1"), 1)
    post(WorkQueued("v", "v", Medium.VOICE, "line", node="n1"), 2)
    assert (index.held("v"), len(index), index.knows("c")) == (None, 1, True)
    assert index.held("c") == Held(talking=False, work_id="c", queue="chat", terms=Terms(node="n1"))
    post(CustomerLeft("c"), 3)
    assert (index.held("c"), len(index), list(index.rows())) == (None, 0, [])
