"""What a chat and a caller wait for the records, beside a loop that is busy: how much of it is the way to SQL's thread.

    python -m bench.chats [--seconds 20] [--busy 0.55] [--turns 4000] [--switch-ms 5]

Another process tells of 1,500 events a second; each costs this loop so much time that it is busy for the share that is
asked. 37 of them are visitors who open a chat, say three things and are left by their agent, 43 are callers who enter
a queue and are offered at once: chats, contexts and SQLite are the server's own, the router answers after one turn of
the loop. A third process writes to the same file in batches, as the projection does, and a supervisor edits every five
seconds. `opening` is until the visitor could be welcomed, `message` until one is kept, `offer` what an offer waits for
the caller's past. Floors: a turn of the loop, and a bare way to a thread and back.

The same beside a loop that is always busy (`own`) is measured by the clock of its own thread, in turns of half a
millisecond on average: so long it computes until the answer is there. Other work on the machine moves that less, and
its p99 all the same: while the thread with SQL waits for a processor the loop may have one.
"""

import argparse
import asyncio
import itertools
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import uvloop

from bench.figures import line
from bench.ticks import told_of
from chat.conductor import ChatConductor
from chat.limits import ChatLimits
from chat.messages import Open
from chat.ports import ChatPorts
from chat.site import ChatEntry, ChatSite
from records.audit import Intervention
from records.customers import Customers
from records.database import Database, sqlite_url
from records.handovers import Handovers
from records.interactions import Interactions
from records.meetings import Meetings
from records.messages import Chats
from records.overlay import Edit, OverlayStore, Patch, Signature
from router.commands import CloseWork, Command, JoinLegs
from router.events import Event
from router.vocabulary import Outcome
from server.chats.chat_store import SqlChatStore
from server.clock import wall_us
from server.desks.contexts import InteractionContexts
from server.tasks import TaskOwner
from telemetry import logs
from tests.chat.neighbours import Mailbox, Screens, Waits

EVENTS, CHATS, CALLS = 1500, 37, 43
SAY_EVERY_S = 0.5
EDIT_EVERY_S = 5.0
# A SIP transaction and a commit lie between a caller's coming and their offer.
STEP_S = 0.002
# As the projection writes 1,000 turns a second: so many batches, so long, with so much between two.
BATCHES, HELD_S, PAUSE_S = 12, 0.01, 0.002
# A turn of the loop that is always busy adds up so many numbers on average: half a millisecond.
OWN_EVERY, OWN_STEPS = 22, 30_000


class Router:
    """Takes everything, and answers with the next turn of the loop."""

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:  # noqa: ARG002 - a port
        await asyncio.sleep(0)
        return ()

    def tell(self, event: Event, cause: str) -> None:
        """Nobody looks."""

    def place(self, work_id: str) -> int | None:  # noqa: ARG002 - a port
        return 1

    def directed(self, work_id: str) -> str | None:  # noqa: ARG002 - a port
        return None

    def now(self) -> int:
        return wall_us()


class Day:
    """All that is measured, over one database. `step_s` lies between a caller's steps, `say_every_s` a visitor's."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.perf_counter,
        step_s: float = STEP_S,
        say_every_s: float = SAY_EVERY_S,
    ) -> None:
        self._clock, self._step_s, self._say_every_s = clock, step_s, say_every_s
        self.found: defaultdict[str, list[float]] = defaultdict(list)
        self.tasks = TaskOwner()
        self.overlay = OverlayStore(database)
        self.contexts = InteractionContexts(
            Customers(database), Interactions(database), Meetings(database), self.tasks, wall_us
        )
        store = SqlChatStore(Chats(database), Handovers(database))
        ports = ChatPorts(store, Router(), self.contexts, Screens(), Waits(), Mailbox())
        self._number = itertools.count(1)
        free = ChatLimits(opens_per_minute=10**6, open_burst=10**6, open_chats_per_address=10**6, open_chats=10**6)
        site = ChatSite(
            {"web": ChatEntry("web", "web", "web")}, str.title, lambda: f"chat{next(self._number)}", "n1", limits=free
        )
        self.conductor = ChatConductor(site, ports, self.tasks)
        self._echo = Echo()

    def timed(self, name: str, since: float) -> None:
        """One more, in milliseconds."""
        self.found[name].append((self._clock() - since) * 1000)

    async def chat(self) -> None:
        """A visitor, from the opening to the end."""
        key = f"a-key-that-nobody-guesses-{next(self._number)}"
        began = self._clock()
        runner, _ = await self.conductor.open(Open(entry="web", key=key, question="Where is it?"), "10.0.0.1")
        self.timed("opening", began)
        chat_id = runner.chat_id
        await asyncio.sleep(self._say_every_s)
        self.conductor.execute(JoinLegs(f"r-{chat_id}", chat_id, chat_id, "ann"))
        for number in range(3):
            await asyncio.sleep(self._say_every_s)
            began = self._clock()
            await runner.customer_says(f"s{number}", "It is about my order.")
            self.timed("message", began)
        self.conductor.execute(CloseWork(chat_id, chat_id, Outcome.HANDLED))

    async def call(self) -> None:
        """A caller, until they are offered."""
        number = next(self._number)
        self.contexts.opened(f"call{number}", "line", f"+32255{number:06}", "Cai")
        await asyncio.sleep(self._step_s)
        await self.contexts.acquainted(f"call{number}", "line")
        await asyncio.sleep(self._step_s)
        began = self._clock()
        await self.contexts.get(f"call{number}")
        self.timed("offer", began)
        self.contexts.closed(f"call{number}")

    async def edits(self, seconds: float) -> None:
        """A supervisor's."""
        for number in range(int(seconds / EDIT_EVERY_S)):
            await asyncio.sleep(EDIT_EVERY_S)
            signed = Signature(at=wall_us(), by="ada", comment="", record=lambda _: _INTERVENTION)
            edit = Edit(subject="queue:web", based_on=None, make=partial(_made, {"priority": number}))
            began = self._clock()
            await self.overlay.edit([edit], signed)
            self.timed("edit", began)

    async def floor(self, seconds: float) -> None:
        """A turn of the loop, and a way to a thread that does nothing."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            await asyncio.sleep(0.02)
            began = self._clock()
            await asyncio.sleep(0)
            self.timed("floor_turn", began)
            began = self._clock()
            await self._echo.called()
            self.timed("floor_thread", began)


def _made(patch: Patch, _before: Patch) -> Patch:
    return patch


_INTERVENTION = Intervention(
    at=1, by="ada", role="admin", action="edit", subject="queue:web", before={}, after={}, teams=("t1",)
)


class Echo:
    """A thread that answers."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[asyncio.Future[None]] = SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    async def called(self) -> None:
        """There and back."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.put(answer)
        await answer

    def _run(self) -> None:
        while True:
            answer = self._asked.get()
            answer.get_loop().call_soon_threadsafe(answer.set_result, None)


def spin(seconds: float) -> None:
    """Python that does something else for so long."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        sum(range(20))


async def day(folder: Path, seconds: float, busy: float) -> dict[str, list[float]]:
    """Milliseconds of each kind."""
    path = folder / "records.db"
    database = await Database.open(sqlite_url(path))
    made, count = Day(database), int(seconds * EVENTS)
    every = {"chat": EVENTS // CHATS, "call": EVENTS // CALLS}

    def happens(name: str) -> None:
        number = int(name)
        if number % every["chat"] == 0:
            made.tasks.spawn(made.chat(), "chat")
        if number % every["call"] == 1:
            made.tasks.spawn(made.call(), "call")
        spin(busy / EVENTS)

    command = (sys.executable, "-m", "bench.chats", "--write", str(path), "--seconds", str(seconds))
    other = await asyncio.create_subprocess_exec(*command)
    try:
        used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(made.edits(seconds))
            group.create_task(made.floor(seconds))
            await told_of([str(number) for number in range(count)], EVENTS, happens)
            now, length = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began
    finally:
        with suppress(ProcessLookupError):  # it is done already
            other.terminate()
        await other.wait()
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    made.found["cpu"] = [100 * spent / length]
    made.found["sleeps"] = [(now.ru_nvcsw - used.ru_nvcsw) / length]
    await made.tasks.aclose(10)
    await database.close()
    return made.found


async def always_busy(folder: Path, turns: int) -> dict[str, list[float]]:
    """Milliseconds of the loop's thread of each kind, a chat and a call in each `OWN_EVERY` turns."""
    database, dice = await Database.open(sqlite_url(folder / "records.db")), random.Random(1)
    made = Day(database, time.thread_time, step_s=0.0, say_every_s=0.02)
    # The first of all make threads and connections.
    await asyncio.gather(made.chat(), made.call())
    made.found.clear()
    began = time.process_time()
    for number in range(turns):
        if number % OWN_EVERY == 0:
            made.tasks.spawn(made.chat(), "chat")
            made.tasks.spawn(made.call(), "call")
        sum(range(int(dice.expovariate(1 / OWN_STEPS))))
        await asyncio.sleep(0)
    made.found["turn"] = [(time.process_time() - began) * 1000 / turns]
    await made.tasks.aclose(10)
    await database.close()
    return made.found


def write(path: Path, seconds: float) -> None:
    """As the projection: in batches, one after the other, once a second."""
    with sqlite3.connect(path, isolation_level=None, timeout=10) as connection:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, text TEXT)")
        for _ in range(int(seconds) + 1):
            for _ in range(BATCHES):
                connection.execute("BEGIN IMMEDIATE")
                until = time.perf_counter() + HELD_S
                while time.perf_counter() < until:
                    connection.execute("INSERT INTO written (text) VALUES (?)", ("x" * 200,))
                connection.execute("COMMIT")
                time.sleep(PAUSE_S)
            time.sleep(1 - BATCHES * (HELD_S + PAUSE_S))


def main() -> None:
    """Print all results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=float, default=0.55, help="share of a processor that the events take")
    parser.add_argument("--turns", type=int, default=4000, help="of the loop that is always busy")
    parser.add_argument("--switch-ms", type=float, help="until a thread must give the interpreter's lock")
    parser.add_argument("--write", type=Path, help="be the process that writes to this file")
    asked = parser.parse_args()
    if asked.write is not None:
        write(asked.write, asked.seconds)
        return
    logs.configure("error")
    if asked.switch_ms is not None:
        sys.setswitchinterval(asked.switch_ms / 1000)
    with tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(day(Path(folder), asked.seconds, asked.busy))
    units = {"cpu": "percent", "sleeps": "a second", "own.turn": "ms CPU"}
    conditions = (
        f"{EVENTS} events a second, {asked.busy:.0%} of a processor; switch {sys.getswitchinterval() * 1000:g} ms"
    )
    with tempfile.TemporaryDirectory() as folder:
        own = uvloop.run(always_busy(Path(folder), asked.turns))
    found |= {f"own.{name}": samples for name, samples in own.items()}
    for name, samples in found.items():
        print(line(f"chats.{name}", units.get(name, "ms"), samples, conditions), flush=True)


if __name__ == "__main__":
    main()
