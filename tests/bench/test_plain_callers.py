"""The benchmarks' callers, against our own user agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from bench.plain_callers import PlainCallers
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.sdp import Origin, build_answer, negotiate
from sip.settings import Settings
from sip.ua import Ua

HOST = "127.0.0.1"
LIMIT_S = 30.0
T = TypeVar("T", bound=sip.SipEvent)


@asynccontextmanager
async def far_side() -> AsyncIterator[tuple[Ua, asyncio.Queue[sip.SipEvent]]]:
    events: asyncio.Queue[sip.SipEvent] = asyncio.Queue()
    ua = Ua(Settings(now=monotonic_us, ids=random_ids(), host=HOST, port=0), events.put_nowait)
    await ua.start()
    try:
        yield ua, events
    finally:
        await ua.aclose()


async def following(events: asyncio.Queue[sip.SipEvent], kind: type[T]) -> T:
    async with asyncio.timeout(LIMIT_S):
        while True:
            event = await events.get()
            if isinstance(event, kind):
                return event


async def test_a_caller_is_answered_confirms_it_and_hangs_up() -> None:
    async with far_side() as (ua, events), PlainCallers(HOST, ua.port) as callers:
        name, began = callers.dial("4100")
        received = await following(events, sip.CallReceived)
        assert (received.to_user, received.from_user) == ("4100", name)
        assert received.offer is not None
        chosen = negotiate(received.offer)
        ua.answer(received.call, build_answer(received.offer, chosen, host=HOST, port=9, origin=Origin(1, 1, HOST)))
        assert await callers.answered(name, LIMIT_S) == 200
        await following(events, sip.CallConfirmed)
        assert began < callers.confirmed_at[name]
        callers.hang_up(name)
        assert (await following(events, sip.CallEnded)).by == "remote"


async def test_a_caller_may_be_refused_and_may_be_hung_up_on() -> None:
    async with far_side() as (ua, events), PlainCallers(HOST, ua.port) as callers:
        name, _ = callers.dial("5999")
        ua.reject((await following(events, sip.CallReceived)).call, 404)
        assert await callers.answered(name, LIMIT_S) == 404
        name, _ = callers.dial("4100")
        received = await following(events, sip.CallReceived)
        assert received.offer is not None
        chosen = negotiate(received.offer)
        ua.answer(received.call, build_answer(received.offer, chosen, host=HOST, port=9, origin=Origin(1, 1, HOST)))
        await following(events, sip.CallConfirmed)
        ua.hangup(received.call)
        assert (await following(events, sip.CallEnded)).by == "local"
