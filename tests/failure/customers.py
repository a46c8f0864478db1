"""Customers as a process: letters, chats and calls at whichever node lives, each to its end; killed, they go on.

`python -m tests.failure.customers layout.json`. Once everything is over it says so in its history, and still answers
who is called back; it ends by signal.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from tests.failure.callers import Callers, left_behind
from tests.failure.history import Diary, Entry, read
from tests.failure.layout import Layout, load
from tests.failure.letters import Letters
from tests.failure.visitors import Visitor

PATIENCE_S = 5.0
TOGETHER = {"letter": 12, "chat": 30, "call": 15}


def drawn(layout: Layout) -> list[tuple[str, int]]:
    """Every item of the run in the order in which they come: its kind and number."""
    kinds = {"letter": layout.mix.letters, "chat": layout.mix.chats, "call": layout.mix.calls}
    items = [(kind, number) for kind, count in kinds.items() for number in range(count)]
    random.Random(f"{layout.seed} items").shuffle(items)
    return items


def settled(history: list[Entry]) -> set[str]:
    """Keys of what needs no customer any more: letters acknowledged, chats over, calls answered."""
    over = {entry.who for entry in history if entry.what == "over" and entry.interaction}
    letters = {entry.who for entry in history if entry.what == "posted" and entry.medium == "email"}
    return over | letters | {entry.who for entry in history if entry.what == "answered"}


class Customers:
    """`come` brings everybody who is not settled."""

    def __init__(self, layout: Layout, diary: Diary, web: aiohttp.ClientSession, callers: Callers) -> None:
        letters = Letters(layout, diary, web)
        self._layout = layout
        self._slots = {kind: asyncio.Semaphore(count) for kind, count in TOGETHER.items()}
        self._served: dict[str, Callable[[str, int], Awaitable[None]]] = {
            "letter": letters.post,
            "chat": lambda key, _: Visitor(key, layout, diary, web).live(),
            "call": callers.call,
        }

    async def come(self, done: set[str]) -> None:
        """At the layout's rate; slower where nobody answers."""
        loop = asyncio.get_running_loop()
        began, came, every_s = loop.time(), 0, self._layout.lasts_s / max(1, self._layout.mix.items)
        async with asyncio.TaskGroup() as tasks:
            for kind, number in drawn(self._layout):
                key = f"{kind}-{number}"
                if key in done:
                    continue
                await asyncio.sleep(began + came * every_s - loop.time())
                await self._slots[kind].acquire()
                came += 1
                tasks.create_task(self._one(kind, key, number), name=key)

    async def _one(self, kind: str, key: str, number: int) -> None:
        try:
            await self._served[kind](key, number)
        finally:
            self._slots[kind].release()


async def main(layout: Layout) -> None:
    """Until killed."""
    file = Path(layout.folder) / "customers.history"
    before = read(file) if file.exists() else []
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE_S)
    with Diary(file) as diary:
        for call in left_behind(before):
            diary.write(call.who, "gone", ref=call.ref)
        async with aiohttp.ClientSession(timeout=timeout) as web, Callers(layout, diary) as callers:
            await Customers(layout, diary, web, callers).come(settled(before))
            diary.write("customers", "finished")
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(load(sys.argv[1])))
