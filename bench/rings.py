"""How soon an agent's phone rings, with few agents signed in and with many.

- call.arrival_to_ring.N: from a caller's INVITE to the INVITE at the phone of a free agent, of N who are ready, through
  a flow that is nothing but a queue. call.entered_to_ring.N: the part of it after the caller's ACK, which is when they
  enter the queue. call.freed_agent_to_ring.N: from the end of an agent's wrap-up, as their page says
  it, to the next waiting caller's INVITE at their phone, while N - 1 others are signed in and not ready. One at a time.
- call.*.cpu.N: what of that time the server itself computed: from the moment before to the moment after, its main
  process's CPU. call.floor_refused_answer: from an INVITE to its 404.
"""

import asyncio
import time
from collections.abc import Sequence

from agents_ws import messages as m
from bench.callcenter import LIMIT_S, STRAIGHT, Office, Page, times
from bench.figures import cpu_ms, line
from bench.phones import HOST, Phones, Ring
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.sdp import Origin, build_offer
from sip.settings import Settings
from sip.ua import Ua
from tests.e2e.server import Server

NOBODY = "5999"
WAITING = 3
# The server closes the connection of a page that sends faster than people work.
PACE_S = 0.2
WARM_UP = 10


class Callers:
    """Callers without sound on one user agent; `dial` gives a call's name, `began` when its INVITE was made."""

    def __init__(self, sip_port: int) -> None:
        self._target = f"{HOST}:{sip_port}"
        self._ua = Ua(Settings(now=monotonic_us, ids=random_ids(), host=HOST, port=0, user_agent="bench"), self._event)
        self._count = 0
        self._answers: dict[str, asyncio.Future[int]] = {}
        # When a call's ACK had been sent, monotonic nanoseconds.
        self.confirmed: dict[str, int] = {}

    async def __aenter__(self) -> "Callers":
        await self._ua.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ua.aclose()

    def dial(self, entry: str) -> tuple[str, int]:
        """Sends an INVITE: the call's name, and the monotonic time in nanoseconds just before."""
        self._count += 1
        name = f"call{self._count}"
        self._answers[name] = asyncio.get_running_loop().create_future()
        # Port 9 (discard): these callers have nothing to say and do not listen.
        offer = build_offer(host=HOST, port=9, origin=Origin(self._count, 1, HOST))
        began = time.monotonic_ns()
        self._ua.dial(name, f"sip:{entry}@{self._target}", offer, from_user=name, from_display="")
        return name, began

    async def answered(self, call: str) -> int:
        """The final status."""
        async with asyncio.timeout(LIMIT_S):
            return await self._answers[call]

    def hang_up(self, call: str) -> None:
        """BYE."""
        self._ua.hangup(call)

    def _event(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallAnswered(call):
                self.confirmed[call] = time.monotonic_ns()
                self._answers[call].set_result(200)
            case sip.CallFailed(call, code):
                self._answers[call].set_result(code)
            case _:
                return


async def arrivals(
    callers: Callers, phones: Phones, pages: Sequence[Page], count: int, pid: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds from a caller's INVITE to the INVITE at a free agent's phone, the same from the caller's ACK, and of
    the server's CPU from the first.
    """
    samples, entered, spent = list[float](), list[float](), list[float]()
    async with Office(pages) as office:
        for _ in range(count):
            before = cpu_ms(pid)
            call, began = callers.dial(STRAIGHT)
            ring = await next_ring(phones)
            spent.append(cpu_ms(pid) - before)
            samples.append((ring.at_ns - began) / 1e6)
            await callers.answered(call)
            entered.append((ring.at_ns - callers.confirmed.pop(call)) / 1e6)
            await times(office.joined)
            callers.hang_up(call)
            await times(office.closed)
    return samples, entered, spent


async def next_ring(phones: Phones) -> Ring:
    """The next INVITE at any phone."""
    async with asyncio.timeout(LIMIT_S):
        return await phones.rings.get()


async def freed(callers: Callers, phones: Phones, page: Page, count: int, pid: int) -> tuple[list[float], list[float]]:
    """The same from the end of the only agent's wrap-up to the next caller's INVITE at their phone."""
    samples, spent = [], []
    waiting = [callers.dial(STRAIGHT)[0] for _ in range(WAITING)]
    for call in waiting:
        await callers.answered(call)
    await next_ring(phones)
    for _ in range(count):
        await callers.answered(callers.dial(STRAIGHT)[0])
        current = await page.connected()
        await page.ask(m.HangUp(ref=page.ref(), reservation_id=current))
        wrap_up: m.WrapUp = await page.until(m.WrapUp)
        before, began = cpu_ms(pid), time.monotonic_ns()
        await page.finish(wrap_up.reservation_id)
        samples.append(((await next_ring(phones)).at_ns - began) / 1e6)
        spent.append(cpu_ms(pid) - before)
        await asyncio.sleep(PACE_S)
    for call in waiting:
        callers.hang_up(call)
    return samples, spent


async def refusals(callers: Callers, count: int) -> list[float]:
    """Milliseconds from an INVITE to its 404."""
    samples = []
    for _ in range(count):
        call, began = callers.dial(NOBODY)
        assert await callers.answered(call) == 404
        samples.append((time.monotonic_ns() - began) / 1e6)
    return samples


async def measure_rings(server: Server, phones: Phones, pages: Sequence[Page], rings: int) -> None:
    """The lines of how soon a phone rings, with so many agents."""
    alone = "one at a time, no menu, agents on SIP phones"
    agents = len(pages)
    async with Callers(server.sip_port) as callers:
        await arrivals(callers, phones, pages, WARM_UP, server.pid)
        samples, entered, spent = await arrivals(callers, phones, pages, rings, server.pid)
        print(line(f"call.arrival_to_ring.{agents}", "ms", samples, f"{alone}, all free"), flush=True)
        print(line(f"call.entered_to_ring.{agents}", "ms", entered, f"{alone}, all free"), flush=True)
        print(line(f"call.arrival_to_ring.cpu.{agents}", "ms CPU", spent, f"{alone}, all free"), flush=True)
        for page in pages[1:]:
            await page.ask(m.SetPresence(ref=page.ref(), presence="not_ready", reason="meeting"))
        samples, spent = await freed(callers, phones, pages[0], rings, server.pid)
        said = f"{alone}, {WAITING} callers wait for one of them"
        print(line(f"call.freed_agent_to_ring.{agents}", "ms", samples, said), flush=True)
        print(line(f"call.freed_agent_to_ring.cpu.{agents}", "ms CPU", spent, said), flush=True)
        samples = await refusals(callers, rings)
        print(line(f"call.floor_refused_answer.{agents}", "ms", samples, "404, one at a time"), flush=True)
