"""Programs that post letters at whichever node lives, with an Idempotency-Key, until each is acknowledged."""

import asyncio
import itertools
import random

import aiohttp

from tests.failure.history import Diary
from tests.failure.layout import LETTERS, PERSONAL, Layout

PATIENCE_S = 5.0
AGAIN_S, AGAIN_MAX_S = 0.1, 1.0
PRIORITIES = (0, 0, 0, 5)


class Letters:
    """A letter that had no answer is posted again with the same key, here or by whoever comes after a kill."""

    def __init__(self, layout: Layout, diary: Diary, http: aiohttp.ClientSession) -> None:
        self._layout = layout
        self._diary = diary
        self._http = http
        self._nodes = itertools.cycle(layout.bases.items())

    async def post_to(self, agent: str) -> None:
        """A letter that only this agent may have: whether they are reached."""
        await self.post(f"for-{agent}", 0, named=agent)

    async def post(self, key: str, number: int, named: str = "") -> None:
        """Until it is acknowledged."""
        dice = random.Random(f"{self._layout.seed} {key}")
        work = {
            "medium": "email",
            "queue": PERSONAL if named else dice.choice(LETTERS),
            "channel": "email",
            "priority": dice.choice(PRIORITIES),
            "data": {"letter": str(number)},
            "named": [named] if named else [],
        }
        queue = "" if named else work["queue"]
        self._diary.write(key, "posting", medium="email", queue=queue, priority=work["priority"])
        headers = {"Authorization": f"Bearer {self._layout.key}", "Idempotency-Key": key}
        pause_s = AGAIN_S
        while not await self._try(key, work, headers):
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, AGAIN_MAX_S)

    async def _try(self, key: str, work: dict[str, object], headers: dict[str, str]) -> bool:
        node, base = next(self._nodes)
        try:
            async with (
                asyncio.timeout(PATIENCE_S),
                self._http.post(f"{base}/api/v1/work", json=work, headers=headers) as answer,
            ):
                if answer.status == 201:
                    ids = await answer.json()
                    work_id, interaction = ids["work_id"], ids["interaction_id"]
                    self._diary.write(
                        key, "posted", medium="email", node=node, work_id=work_id, interaction=interaction
                    )
                    return True
                self._diary.write(key, "not_posted", node=node, text=f"{answer.status} {(await answer.text())[:200]}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._diary.write(key, "not_posted", node=node, text=type(error).__name__)
        return False
