"""Who could be offered work now."""

from router.events import AgentConnected, AgentDisconnected, OfferAccepted, PresenceSet, WorkQueued
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Presence
from server.desks.availability import availability
from tests.router.world import World


def test_by_presence_connection_and_room() -> None:
    rules = AgentPolicy("ann", "t1", {}, {Medium.VOICE: 1, Medium.CHAT: 2}, 3, units={Medium.VOICE: 3})
    queues = {medium.value: QueuePolicy(medium.value, medium) for medium in (Medium.VOICE, Medium.CHAT)}
    router = World(Policy("v1", queues, {"ann": rules})).dispatcher

    def seen() -> tuple[str, str]:
        return availability(router, "ann", Medium.VOICE), availability(router, "ann", Medium.CHAT)

    assert seen() == ("offline", "offline")
    assert availability(router, "nobody", Medium.CHAT) == "offline"
    router.handle(AgentConnected("ann", 1), 1)
    assert seen() == ("not_ready", "not_ready")
    router.handle(PresenceSet("ann", Presence.READY), 2)
    assert seen() == ("free", "free")
    router.handle(WorkQueued("c", "c", Medium.CHAT, "chat"), 3)
    router.handle(OfferAccepted("c.1", "ann"), 4)
    assert seen() == ("busy", "free"), "a call takes all of an agent"
    router.handle(AgentDisconnected("ann", 1), 5)
    assert seen() == ("offline", "offline")
