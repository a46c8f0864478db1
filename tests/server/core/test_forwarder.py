"""Events on their way to the owner: in order, again when the store was away, each answered by its own turn."""

import asyncio
from collections.abc import Sequence

import pytest

from router.errors import RoutingEndedError
from router.events import CustomerLeft
from router.rows import Changes, Turn
from server.core.forwarder import Forwarder, turn_cause
from store.errors import InboxGap, StoreLost
from store.lease import Request
from tests.waiting import until


class Inbox:
    """Takes each number once, as the store does; `lost` replies are lost after, `refused` before it took them."""

    def __init__(self) -> None:
        self.taken: list[Request] = []
        self.settled: list[int] = []
        self.lost = 0
        self.refused = 0

    async def forward(
        self, label: str, first: int, requests: Sequence[Request], settled: int = 0, seen: int = 0
    ) -> None:
        del seen
        self.settled.append(settled)
        await asyncio.sleep(0)
        if self.refused:
            self.refused -= 1
            raise StoreLost(label)
        if first > len(self.taken) + 1:
            raise InboxGap(len(self.taken))
        self.taken += requests[max(0, len(self.taken) + 1 - first) :]
        if self.lost:
            self.lost -= 1
            raise StoreLost(label)


def turn(number: int, cause: str) -> Turn:
    return Turn(number, number, cause, CustomerLeft(f"w{number}"), (), Changes())


async def test_a_request_is_answered_by_the_turn_that_it_made_and_by_no_other() -> None:
    inbox = Inbox()
    forwarder = Forwarder(inbox, "n1.1")
    running = asyncio.create_task(forwarder.run())
    posted = asyncio.create_task(forwarder.post(CustomerLeft("w1"), "agent:anna"))
    await until(lambda: len(inbox.taken) == 1)
    for other in ("n1.10/1 agent:anna", "n2.1/1 agent:anna", "timer", "n1.1/2 agent:anna"):
        forwarder.settle(turn(1, other))
    assert not posted.done()
    forwarder.settle(turn(2, turn_cause("n1.1/1", "agent:anna")))
    assert await posted == ()
    await forwarder.drain()
    forwarder.close()
    await running


async def test_lost_replies_and_refusals_neither_lose_nor_double_nor_reorder() -> None:
    inbox = Inbox()
    away: list[bool] = []
    forwarder = Forwarder(inbox, "n1.1", away=away.append)
    running = asyncio.create_task(forwarder.run())
    inbox.lost, inbox.refused = 2, 1
    for number in range(1, 6):
        forwarder.tell(CustomerLeft(f"w{number}"), "t")
    await until(lambda: len(inbox.taken) == 5 and bool(away) and not away[-1])
    forwarder.tell(CustomerLeft("w6"), "t")
    await until(lambda: len(inbox.taken) == 6)
    assert [request.event for request in inbox.taken] == [CustomerLeft(f"w{number}") for number in range(1, 7)]
    assert True in away
    assert len(forwarder) == 6
    forwarder.close()
    await running


async def test_what_an_inbox_lost_is_sent_again_from_the_first_that_is_missing() -> None:
    inbox = Inbox()
    forwarder = Forwarder(inbox, "n1.1")
    running = asyncio.create_task(forwarder.run())
    for number in range(1, 5):
        forwarder.tell(CustomerLeft(f"w{number}"), "t")
    await until(lambda: len(inbox.taken) == 4)
    forwarder.settle(turn(1, "n1.1/1 t"))
    del inbox.taken[2:]  # the store went back
    forwarder.tell(CustomerLeft("w5"), "t")
    await until(lambda: len(inbox.taken) == 5)
    del inbox.taken[4:]
    forwarder.again()  # it may have, and nothing new is to be sent
    await until(lambda: len(inbox.taken) == 5)
    assert [request.event for request in inbox.taken] == [CustomerLeft(f"w{number}") for number in range(1, 6)]
    assert inbox.settled[-1] == 1
    forwarder.close()
    await running


async def test_what_does_not_come_back_is_sent_again_though_nobody_knows_that_it_was_lost() -> None:
    """A master that was given up, and lived, had taken it, and nothing comes after it."""
    inbox = Inbox()
    forwarder = Forwarder(inbox, "n1.1", silence_s=0.01)
    running = asyncio.create_task(forwarder.run())
    for number in (1, 2):
        forwarder.tell(CustomerLeft(f"w{number}"), "t")
    await until(lambda: len(inbox.taken) == 2)
    forwarder.settle(turn(1, turn_cause("n1.1/1", "t")))
    inbox.taken.pop()
    await until(lambda: len(inbox.taken) == 2, "it is sent again")
    assert inbox.taken[1].event == CustomerLeft("w2")
    forwarder.settle(turn(2, turn_cause("n1.1/2", "t")))
    await forwarder.drain()
    forwarder.close()
    await running


async def test_what_is_not_in_the_inbox_is_left_when_this_node_becomes_the_owner() -> None:
    inbox = Inbox()
    forwarder = Forwarder(inbox, "n1.1")
    running = asyncio.create_task(forwarder.run())
    forwarder.tell(CustomerLeft("w1"), "t")
    await until(lambda: len(inbox.taken) == 1)
    forwarder.halt()
    await running
    posted = asyncio.create_task(forwarder.post(CustomerLeft("w2"), "t"))
    await asyncio.sleep(0)
    assert forwarder.left(1) == [("n1.1/2 t", CustomerLeft("w2"))]
    drained = asyncio.create_task(forwarder.drain())
    forwarder.settle(turn(1, "n1.1/1 t"))
    await asyncio.sleep(0)
    assert not drained.done()
    forwarder.settle(turn(2, "n1.1/2 t"))
    assert await posted == ()
    await drained


async def test_nobody_waits_for_a_forwarder_that_is_closed() -> None:
    forwarder = Forwarder(Inbox(), "n1.1")
    posted = asyncio.create_task(forwarder.post(CustomerLeft("w1"), "t"))
    drained = asyncio.create_task(forwarder.drain())
    await asyncio.sleep(0)
    forwarder.close()
    for waiting in (posted, drained):
        with pytest.raises(RoutingEndedError):
            await waiting
    with pytest.raises(RoutingEndedError):
        await forwarder.post(CustomerLeft("w2"), "t")
    forwarder.tell(CustomerLeft("w3"), "t")
    await forwarder.run()
