"""How soon an agent's phone rings, with few agents signed in and with many.

- call.arrival_to_ring.N: from a caller's INVITE to the INVITE at the phone of a free agent, of N who are ready, through
  a flow that is nothing but a queue. call.entered_to_ring.N: the part of it after the caller's ACK, which is when they
  enter the queue. call.freed_agent_to_ring.N: from the end of an agent's wrap-up, as their page says
  it, to the next waiting caller's INVITE at their phone, while N - 1 others are signed in and not ready. One at a time.
- call.*.cpu.N: what of that time the server itself computed: from the moment before to the moment after, its main
  process's CPU. call.floor_refused_answer: from an INVITE to its 404.

When a phone's INVITE, or an answer, was sent is taken from the kernel's time stamps: that this process reads it late is
not in any figure.
"""

import asyncio
import random
import time
from collections.abc import Sequence

from agents_ws import messages as m
from bench.callcenter import LIMIT_S, STRAIGHT, Office, Page, times
from bench.figures import cpu_ms, line
from bench.phones import HOST, Phones, Ring
from bench.plain_callers import PlainCallers
from tests.e2e.server import Server

NOBODY = "5999"
WAITING = 3
# A port for sound is not given to the next call at once, and no call waits for what the one before left to be done; not
# always equally long, since the server does some things twenty times a second.
BETWEEN_S = (0.01, 0.03)
WARM_UP = 10


async def arrivals(
    callers: PlainCallers, phones: Phones, pages: Sequence[Page], count: int, pid: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds from a caller's INVITE to the INVITE at a free agent's phone, the same from the caller's ACK, and of
    the server's CPU from the first.
    """
    samples, entered, spent, pause = list[float](), list[float](), list[float](), random.Random(1)
    async with Office(pages) as office:
        for _ in range(count):
            before = cpu_ms(pid)
            call, began = callers.dial(STRAIGHT)
            ring = await next_ring(phones)
            spent.append(cpu_ms(pid) - before)
            samples.append((ring.at_ns - began) / 1e6)
            await callers.answered(call, LIMIT_S)
            entered.append((ring.at_ns - callers.confirmed_at[call]) / 1e6)
            await times(office.joined)
            callers.hang_up(call)
            await times(office.closed)
            await asyncio.sleep(pause.uniform(*BETWEEN_S))
    return samples, entered, spent


async def next_ring(phones: Phones) -> Ring:
    """The next INVITE at any phone."""
    async with asyncio.timeout(LIMIT_S):
        return await phones.rings.get()


async def freed(
    callers: PlainCallers, phones: Phones, page: Page, count: int, pid: int
) -> tuple[list[float], list[float]]:
    """The same from the end of the only agent's wrap-up to the next caller's INVITE at their phone."""
    samples, spent, pause = list[float](), list[float](), random.Random(1)
    waiting = [callers.dial(STRAIGHT)[0] for _ in range(WAITING)]
    for call in waiting:
        await callers.answered(call, LIMIT_S)
    await next_ring(phones)
    for _ in range(count):
        await callers.answered(callers.dial(STRAIGHT)[0], LIMIT_S)
        current = await page.connected()
        await page.ask(m.HangUp(ref=page.ref(), reservation_id=current))
        wrap_up: m.WrapUp = await page.until(m.WrapUp)
        before, began = cpu_ms(pid), time.monotonic_ns()
        await page.finish(wrap_up.reservation_id)
        samples.append(((await next_ring(phones)).at_ns - began) / 1e6)
        spent.append(cpu_ms(pid) - before)
        await asyncio.sleep(pause.uniform(*BETWEEN_S))
    return samples, spent


async def refusals(callers: PlainCallers, count: int) -> list[float]:
    """Milliseconds from an INVITE to its 404."""
    samples, pause = [], random.Random(1)
    for _ in range(count):
        await asyncio.sleep(pause.uniform(*BETWEEN_S))
        call, began = callers.dial(NOBODY)
        assert await callers.answered(call, LIMIT_S) == 404
        samples.append((callers.answered_at[call] - began) / 1e6)
    return samples


async def measure_rings(server: Server, phones: Phones, pages: Sequence[Page], rings: int) -> None:
    """The lines of how soon a phone rings, with so many agents."""
    alone = "one at a time, no menu, agents on SIP phones"
    agents = len(pages)
    async with PlainCallers(HOST, server.sip_port) as callers:
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
