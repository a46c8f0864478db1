"""Whom work can be handed on to, told while an agent chooses: the whole list, then what changes, and no more."""

import asyncio

from agents_ws import messages as m
from http_api.targets_api import TargetAgent, TargetList, TargetQueue
from router.events import TimePassed
from router.rows import Changes, Turn
from router.vocabulary import Medium
from server.desks.target_watch import TargetWatch

BEN, CAI = TargetAgent("ben", "Ben", "free"), TargetAgent("cai", "Cai", "busy")
ORDERS = TargetQueue("orders", "Orders", 1, 0, {"en": "Orders"})


class Floor:
    def __init__(self) -> None:
        self.list = TargetList((BEN, CAI), (ORDERS,))
        self.asked: list[Medium] = []
        self.sent: list[tuple[str, m.Targets]] = []
        self.reached = True
        self.watch = TargetWatch(self.of, self.send, gather_s=0.0)

    def of(self, agent_id: str | None, medium: Medium) -> TargetList:
        assert agent_id is None, "one list serves all who watch"
        self.asked.append(medium)
        return self.list

    def send(self, agent_id: str, message: m.NumberedMessage) -> bool:
        assert isinstance(message, m.Targets)
        self.sent.append((agent_id, message))
        return self.reached

    async def changed(self, *agents: TargetAgent, queues: tuple[TargetQueue, ...] = (ORDERS,)) -> None:
        self.list = TargetList(agents, queues)
        self.watch.refresh()
        for _ in range(3):
            await asyncio.sleep(0)


async def test_the_whole_list_without_oneself_then_what_changes() -> None:
    floor = Floor()
    floor.watch.watch("ben", Medium.VOICE)
    floor.watch.watch("cai", Medium.VOICE)
    assert [(who, one.whole, [each.agent_id for each in one.agents]) for who, one in floor.sent] == [
        ("ben", True, ["cai"]),
        ("cai", True, ["ben"]),
    ]
    floor.sent.clear()
    floor.asked.clear()
    await floor.changed(BEN, TargetAgent("cai", "Cai", "free"))
    assert floor.asked == [Medium.VOICE]
    ((who, message),) = floor.sent
    assert (who, message.whole, message.queues) == ("ben", False, ())
    assert [(one.agent_id, one.availability) for one in message.agents] == [("cai", "free")]
    await floor.changed(BEN, TargetAgent("cai", "Cai", "free"), queues=(TargetQueue("orders", "Orders", 2, 0),))
    assert [(who, one.agents, one.queues[0].waiting) for who, one in floor.sent[1:]] == [("ben", (), 2), ("cai", (), 2)]


async def test_another_site_has_another_list_and_who_stops_hears_nothing() -> None:
    floor = Floor()
    floor.watch.watch("ann", Medium.CHAT)
    await floor.changed(CAI)
    assert floor.sent[-1][1].whole
    floor.watch.watch("ann", None)
    floor.sent.clear()
    await floor.changed(BEN)
    assert (floor.sent, len(floor.watch)) == ([], 0)


async def test_who_can_not_be_told_is_forgotten_until_they_ask_again() -> None:
    floor = Floor()
    floor.watch.watch("ann", Medium.VOICE)
    floor.reached = False
    await floor.changed(CAI)
    assert len(floor.watch) == 0


async def test_only_turns_that_change_something_are_looked_at() -> None:
    floor = Floor()
    floor.watch.watch("ann", Medium.VOICE)
    floor.asked.clear()
    floor.watch.observe(Turn(1, 1, "t", TimePassed(), (), Changes()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert floor.asked == []
    floor.watch.observe(Turn(2, 1, "t", TimePassed(), (), Changes(work_closed=("w",))))
    async with asyncio.timeout(30):
        while not floor.asked:
            await asyncio.sleep(0)
