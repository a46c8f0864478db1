"""Customers as a process: they post letters at whichever node lives, until each is acknowledged; killed, they go on.

`python -m tests.failure.customers layout.json`. A letter that had no answer is posted again with the same
Idempotency-Key, here or after a kill. Ends when all are acknowledged.
"""

import asyncio
import itertools
import random
import sys
from pathlib import Path

import aiohttp

from tests.failure.history import Diary, read
from tests.failure.layout import PERSONAL, QUEUES, Layout, load

PATIENCE_S = 5.0
AGAIN_S, AGAIN_MAX_S = 0.1, 1.0
TOGETHER = 12
PRIORITIES = (0, 0, 0, 5)


class Customers:
    """`post_all` posts what the history does not have as acknowledged."""

    def __init__(self, layout: Layout, diary: Diary, http: aiohttp.ClientSession) -> None:
        self._layout = layout
        self._diary = diary
        self._http = http
        self._nodes = itertools.cycle(layout.bases.items())
        self._slots = asyncio.Semaphore(TOGETHER)

    async def post_all(self, done: set[str]) -> None:
        """`items` letters at `per_s` a second; slower where nobody answers."""
        loop = asyncio.get_running_loop()
        began, posted = loop.time(), 0
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._layout.items):
                key = f"letter-{number}"
                if key in done:
                    continue
                await asyncio.sleep(began + posted / self._layout.per_s - loop.time())
                await self._slots.acquire()
                posted += 1
                tasks.create_task(self._post(key, number), name=key)

    async def post_to(self, agent: str) -> None:
        """A letter that only this agent may have: whether they are reached."""
        await self._slots.acquire()
        await self._post(f"for-{agent}", 0, named=agent)

    async def _post(self, key: str, number: int, named: str = "") -> None:
        dice = random.Random(f"{self._layout.seed} {key}")
        work = {
            "medium": "email",
            "queue": PERSONAL if named else dice.choice(QUEUES),
            "channel": "email",
            "priority": dice.choice(PRIORITIES),
            "data": {"letter": str(number)},
            "named": [named] if named else [],
        }
        queue = "" if named else work["queue"]
        self._diary.write(key, "posting", queue=queue, priority=work["priority"])
        headers = {"Authorization": f"Bearer {self._layout.key}", "Idempotency-Key": key}
        try:
            pause_s = AGAIN_S
            while not await self._try(key, work, headers):
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, AGAIN_MAX_S)
        finally:
            self._slots.release()

    async def _try(self, key: str, work: dict[str, object], headers: dict[str, str]) -> bool:
        node, base = next(self._nodes)
        try:
            async with self._http.post(f"{base}/api/v1/work", json=work, headers=headers) as answer:
                if answer.status == 201:
                    ids = await answer.json()
                    self._diary.write(
                        key, "posted", node=node, work_id=ids["work_id"], interaction=ids["interaction_id"]
                    )
                    return True
                self._diary.write(key, "not_posted", node=node, text=f"{answer.status} {(await answer.text())[:200]}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._diary.write(key, "not_posted", node=node, text=type(error).__name__)
        return False


async def main(layout: Layout) -> None:
    """Posts what is not acknowledged yet."""
    file = Path(layout.folder) / "customers.history"
    done = {entry.who for entry in read(file) if entry.what == "posted"} if file.exists() else set()
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    with Diary(file) as diary:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            await Customers(layout, diary, http).post_all(done)


if __name__ == "__main__":
    asyncio.run(main(load(sys.argv[1])))
