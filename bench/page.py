"""What the pages cost a browser: bytes of each page's first load, and main-thread time of the board's updates.

    python -m bench.page [--agents 500] [--seconds 10]

The pages come from the server's own handler of files. The board is pushed by a scripted socket: 500 agents and 300
items, four changes a second, each with 20 agents, 6 items and every queue, as on a floor where 80 agents a second take
or end something. Main-thread time is what Chromium itself counts as its tasks (Performance.getMetrics, TaskDuration),
less that of the same page while nothing is pushed but its clocks tick: that is the floor, printed beside it.
One JSON object a line: name, unit, p50, p99, n, conditions.
"""

import argparse
import asyncio
import json
import random
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, CDPSession, Page, async_playwright

from http_api.static import StaticPages

FRONTEND = Path(__file__).parents[1] / "frontend"
PAGES = ("", "agent/", "supervisor/", "visitor/")
CHANGES_A_SECOND = 4
AGENTS_EACH, ITEMS_EACH = 20, 6
ITEMS = 300
WARM_S = 3.0
QUICK_S = 0.5
PATIENCE_MS = 80_000


def emit(name: str, unit: str, samples: Sequence[float], conditions: str) -> None:
    """One result line."""
    cuts = statistics.quantiles(samples, n=100) if len(samples) > 1 else [samples[0]] * 99
    line = {"name": name, "unit": unit, "p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "n": len(samples)}
    print(json.dumps(line | {"conditions": conditions}), flush=True)


class Floor:
    """A floor that a socket tells of: a snapshot, then changes while `busy`."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.busy = False
        self._random = random.Random(7)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The board's WebSocket, as docs/board-ws.md has it."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        names = {"reasons": {}, "skills": {}, "team_titles": {}, "limits": {"": 1_800_000_000}}
        who = {"account": "bench", "role": "supervisor", "teams": []}
        await self._say(ws, {"type": "welcome", **who, **names, "beat_us": 5_000_000})
        everything = {
            "queues": [self._queue(number) for number in range(12)],
            "agents": [self._agent(number) for number in range(self.agents)],
            "work": [self._item(number) for number in range(ITEMS)],
            "trends": [self._trend(number) for number in range(12)],
        }
        empty: dict[str, Any] = {"alerts": [], "channels": [], "chats": [], "help": []}
        await self._say(ws, {"type": "snapshot", "version": 1, **everything, **empty})
        while not ws.closed:
            await asyncio.sleep(1 / CHANGES_A_SECOND)
            with suppress(ConnectionError):
                await self._say(ws, self._change() if self.busy else {"type": "beat"})
        return ws

    async def _say(self, ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await ws.send_str(json.dumps({"server_time_us": _now(), **message}))

    def _change(self) -> dict[str, Any]:
        agents = [self._agent(number) for number in self._random.sample(range(self.agents), AGENTS_EACH)]
        items = [self._item(number) for number in self._random.sample(range(ITEMS), ITEMS_EACH)]
        queues = [self._queue(number) for number in range(12)]
        parts = {"queues": queues, "agents": agents, "work": items, "alerts": [], "channels": []}
        return {"type": "change", "version": 2, **parts, "gone": {}}

    def _agent(self, number: int) -> dict[str, Any]:
        pick = self._random
        held = {"interaction_id": f"i{number}", "medium": "voice", "queue": "q1", "state": "connected"}
        return {
            "agent_id": f"a{number}",
            "display_name": f"Agent {number}",
            "team": f"team{number % 8}",
            "presence": pick.choice(("ready", "ready", "not_ready")),
            "reason": None,
            "since": _now() - pick.randrange(3_600_000_000),
            "connected": True,
            "load": pick.randrange(4),
            "capacity": 4,
            "held": [held | {"since": _now(), "work_id": f"w{number}"}] if pick.random() < 0.6 else [],
            "skills": {f"skill{(number + more) % 40}": 5 for more in range(5)},
            "today": {"handled": pick.randrange(60), "missed": pick.randrange(5), "occupancy": pick.random()},
        }

    def _item(self, number: int) -> dict[str, Any]:
        waiting = number < ITEMS // 2
        return {
            "work_id": f"w{number}",
            "interaction_id": f"i{number}",
            "medium": "voice",
            "queue": f"q{number % 12}",
            "state": "waiting" if waiting else "connected",
            "agent_id": None if waiting else f"a{number}",
            "since": _now(),
            "queued_at": _now() - self._random.randrange(60_000_000),
            "attempts": 1,
            "order": [0, number, number],
            "requirements": {"skill1": 3},
            "due_at": _now() + 20_000_000,
            "breach": self._random.random(),
            "customer": f"+32255{number:05}",
            "channel": "line",
            "ring": number % 3,
        }

    def _trend(self, number: int) -> dict[str, Any]:
        quarter = 900_000_000
        first = _now() // quarter * quarter - 15 * quarter
        starts = range(first, first + 16 * quarter, quarter)
        slots = [{"since": since, "until": since + quarter, "level": self._random.random()} for since in starts]
        return {"queue": f"q{number}", "slots": slots}

    def _queue(self, number: int) -> dict[str, Any]:
        level = {"threshold_us": 10_000_000, "target": 0.9, "answered": 40, "within": 37, "abandoned": 2}
        return {
            "queue": f"q{number}",
            "title": f"Queue {number}",
            "medium": "voice",
            "waiting": self._random.randrange(30),
            "oldest_queued_at": _now() - self._random.randrange(60_000_000),
            "wait_per_place_us": 9_000_000,
            "service_level": level | {"level": self._random.random()},
            "today": {"answered": 40, "abandoned": 2},
            "outlook": {"over": 1, "level": 0.8, "expected_level": 0.7, "staffed": 9, "ready": 5, "free": 1},
        }


def _now() -> int:
    return time.time_ns() // 1000


async def first_loads(browser: Browser, base: str) -> None:
    """Bytes over the wire of each page as a new visitor gets it."""
    for name in PAGES:
        context = await browser.new_context()
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        loaded: list[float] = []
        await cdp.send("Network.enable")
        cdp.on("Network.loadingFinished", lambda event, into=loaded: into.append(event["encodedDataLength"]))
        await page.goto(f"{base}/{name}", wait_until="networkidle", timeout=PATIENCE_MS)
        conditions = f"{len(loaded)} files, gzip, headers counted, an empty cache; at most 300 kB"
        emit(f"page.first_load.{name.strip('/') or 'start'}", "kB", [sum(loaded) / 1000], conditions)
        await context.close()


async def task_ms(cdp: CDPSession) -> float:
    """Main-thread time of all tasks since the page began, in milliseconds."""
    metrics = (await cdp.send("Performance.getMetrics"))["metrics"]
    return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


async def each_second(cdp: CDPSession, seconds: int) -> list[float]:
    """Milliseconds of main thread in each of so many seconds."""
    found, before, clock = [], await task_ms(cdp), time.monotonic()
    for _ in range(seconds):
        await asyncio.sleep(1)
        after, then = await task_ms(cdp), time.monotonic()
        found.append((after - before) / (then - clock))
        before, clock = after, then
    return found


async def board_updates(browser: Browser, base: str, floor: Floor, seconds: int) -> None:
    """What changes cost, beside what the same page costs while it only ticks."""
    page: Page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{base}/agent/icon.svg")
    await page.evaluate("sessionStorage.setItem('jackfield.token', 't')")
    await page.goto(f"{base}/supervisor/", timeout=PATIENCE_MS)
    await page.wait_for_selector("[data-agent]", timeout=PATIENCE_MS)
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    await asyncio.sleep(WARM_S if seconds > 1 else QUICK_S)
    idle = await each_second(cdp, seconds)
    floor.busy = True
    await asyncio.sleep(WARM_S if seconds > 1 else QUICK_S)
    busy = await each_second(cdp, seconds)
    what = f"{floor.agents} agents, {ITEMS} items, 12 queues"
    emit("page.board_floor", "ms/s", idle, f"main thread of the page while only its clocks tick; {what}")
    changes = f"{CHANGES_A_SECOND} changes/s of {AGENTS_EACH} agents, {ITEMS_EACH} items and all queues"
    emit("page.board", "ms/s", busy, f"the same with {changes}; {what}")
    added = [each - statistics.median(idle) for each in busy]
    emit("page.board_update", "ms/s", added, "page.board less the median of its floor; at most 16")


async def _nothing(_request: web.Request) -> web.Response:
    """What the page asks for once, beside the board."""
    return web.json_response({"items": [], "titles": {}})


async def main(agents: int, seconds: int) -> None:
    """All of it, in one Chromium; without one it says so and prints nothing."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        print("bench.page needs chromium", file=sys.stderr)
        return
    floor, app = Floor(agents), web.Application()
    app.router.add_get("/api/v1/board/ws", floor.handle)
    app.router.add_get("/api/v1/follow-ups", _nothing)
    app.router.add_get("/api/v1/guidance", _nothing)
    StaticPages(FRONTEND).add_to(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        await first_loads(browser, base)
        await board_updates(browser, base, floor, seconds)
        await browser.close()
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.agents, given.seconds)))
