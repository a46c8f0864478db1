"""Chats as the site's files say, and as the router has them."""

from pathlib import Path

import pytest

import config
from chat.ports import Held, Terms
from config.chats import load_chats
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    OfferAccepted,
    PresenceSet,
    WorkQueued,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import EndedBy, Medium, Presence, Requirement
from server.chat_site import chat_site, held_chats
from server.current import CurrentSite

DEMO = Path(__file__).parents[2] / "config" / "demo"


@pytest.mark.parametrize(("serve_demo", "secret"), [(True, "demo-widget-secret"), (False, "")])
def test_the_demo_s_public_secret_proves_nobody_off_loopback(serve_demo: bool, secret: str) -> None:
    site = config.load(DEMO)
    made = chat_site(CurrentSite(site), load_chats(DEMO, site), "n1#1", lambda: "id", serve_demo=serve_demo)
    entry = made.entries["web"]
    assert (entry.secret, entry.demands("zh-CN")) == (secret, (Requirement("mandarin", 1),))
    assert (made.agent_name("agent1"), made.agent_name("gone")) == ("Demo agent 1", "")
    assert made.patience.abandon == 120_000_000


def test_chats_of_the_router_by_where_they_stand() -> None:
    queue = QueuePolicy("chat", Medium.CHAT)
    agent = AgentPolicy("ann", "t1", {}, {Medium.CHAT: 3}, 3)
    router = Dispatcher(Policy("v1", {"chat": queue}, {"ann": agent}))
    router.handle(AgentConnected("ann", 1), 1)
    router.handle(PresenceSet("ann", Presence.READY), 2)
    for number in range(1, 6):
        router.handle(WorkQueued(f"w{number}", f"w{number}", Medium.CHAT, "chat"), 2 + number)
    for number in (1, 2):
        router.handle(OfferAccepted(f"w{number}.1", "ann"), 20)
        router.handle(AssignmentConnected(f"w{number}.1"), 21)
    router.handle(AssignmentEnded("w2.1", EndedBy.CUSTOMER), 22)
    assert held_chats(router) == {
        "w1": Held(talking=True, reservation_id="w1.1", agent_id="ann", work_id="w1", queue="chat"),
        "w3": Held(talking=False, work_id="w3", queue="chat"),
        "w4": Held(talking=False, work_id="w4", queue="chat"),
        "w5": Held(talking=False, work_id="w5", queue="chat"),
    }


def test_a_chat_that_changes_hands_is_where_its_newest_item_is() -> None:
    queue = QueuePolicy("chat", Medium.CHAT)
    agents = {name: AgentPolicy(name, "t1", {}, {Medium.CHAT: 1}, 1) for name in ("ann", "bob")}
    router = Dispatcher(Policy("v1", {"chat": queue}, agents))
    router.handle(AgentConnected("ann", 1), 1)
    router.handle(PresenceSet("ann", Presence.READY), 2)
    router.handle(WorkQueued("i", "i", Medium.CHAT, "chat"), 3)
    router.handle(OfferAccepted("i.1", "ann"), 4)
    needs = (Requirement("mandarin", 1),)
    router.handle(WorkQueued("i-2", "i", Medium.CHAT, "chat", needs, 7, "n1", directed="bob"), 5)
    terms = Terms(needs, 7, (), "n1")
    assert held_chats(router) == {
        "i": Held(talking=False, work_id="i-2", queue="chat", directed="bob", terms=terms, left=("i.1",))
    }
