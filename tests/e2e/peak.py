"""A peak: many chats and calls open at the same moment, and a crew that has not room for all of them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agents_ws import messages as m
from bench.callcenter import Page
from bench.phones import Phones
from chat import messages as c
from tests.e2e.kept import assert_assignments, assert_journal_and_records_agree, records, texts
from tests.e2e.office import Office
from tests.e2e.server import PASSWORD, Server
from tests.e2e.sipp import sipp
from tests.e2e.site import make_site
from tests.e2e.visitors import Visitor
from tests.e2e.waiting import wait_until

AGENT = """
[agents.{name}]
display_name = "Peak {name}"
team = "first_line"
role = "agent"
skills = {{ english = 8, orders = 8 }}
capacity = {{ {capacity} }}
station = "sip"
sip_user = "{user}"
"""
# Units in total, and how many items of each medium: on the phone only, in writing only, and either.
KINDS = {
    "phone": {"voice": 1, "total": 1},
    "desk": {"chat": 5, "total": 5},
    "both": {"voice": 1, "chat": 3, "total": 3},
}
LINES = 3
CUT_SHARE = 0.2
LEAVE_EVERY = 10
CALLS_PER_S = 30
SIGN_IN_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Peak:
    """How much at once, and how many agents of each kind; `limit_s` bounds each stage of a wave."""

    chats: int
    calls: int
    agents: dict[str, int]
    limit_s: float

    def crew(self) -> dict[str, dict[str, int]]:
        """Each agent's capacity, by name."""
        return {f"{kind}{n}": KINDS[kind] for kind, count in self.agents.items() for n in range(count)}


def peak_site(folder: Path, peak: Peak) -> Path:
    """The test site with the peak's agents, all on SIP phones, which cost this machine less than browsers."""
    site = make_site(folder)
    with (site / "agents.toml").open("a") as file:
        for number, (name, capacity) in enumerate(peak.crew().items()):
            units = ", ".join(f"{medium} = {count}" for medium, count in capacity.items())
            file.write(AGENT.format(name=name, user=_user(number), capacity=units))
    return site


def _user(number: int) -> str:
    return str(3000 + number)


@dataclass(slots=True)
class Wave:
    """What happened to whom. `all_in` is set while every chat and every call of the wave is open."""

    all_in: asyncio.Event = field(default_factory=asyncio.Event)
    chat_ids: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    wrap_ups: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def at_work(server: Server, peak: Peak) -> AsyncIterator[Sequence[Page]]:
    """The crew with registered phones, signed in and ready; at the end each signs out."""
    async with AsyncExitStack() as stack:
        phones = await stack.enter_async_context(Phones())
        pages = [Page(server, name) for name in peak.crew()]
        together = asyncio.Semaphore(SIGN_IN_TOGETHER)

        async def arrive(number: int, page: Page) -> None:
            async with together:
                await phones.register(_user(number), PASSWORD, server.sip_port)
                await stack.enter_async_context(page)

        await asyncio.gather(*(arrive(number, page) for number, page in enumerate(pages)))
        yield pages
        for page in pages:
            await page.sign_out()


async def wave(server: Server, office: Office, folder: Path, pages: Sequence[Page], peak: Peak, seed: int) -> Wave:
    """All chats and calls are opened; when all are open the work begins, and it ends when all were served."""
    dice = random.Random(seed)
    seen = Wave()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        visitors = [await stack.enter_async_context(Visitor(server, f"Visitor {n}")) for n in range(peak.chats)]
        crew = [tasks.create_task(_serve(page, seen, dice), name=f"serve:{page.account}") for page in pages]
        arguments = ("-key", "caller", "peak", "-m", str(peak.calls), "-r", str(CALLS_PER_S), "-l", str(peak.calls))
        calls = await stack.enter_async_context(
            sipp(server, folder, *arguments, scenario="until_bye", entry="4100", limit_s=int(peak.limit_s))
        )
        chats = [
            tasks.create_task(_visit(visitor, seen, dice, peak, leaves=n % LEAVE_EVERY == 0), name=visitor.name)
            for n, visitor in enumerate(visitors)
        ]
        await _all_open(office, peak)
        seen.all_in.set()
        await asyncio.gather(*chats)
        (await calls).ok()

        async def idle() -> bool:
            return (await office.open_things())["work"] == 0

        await wait_until(idle, peak.limit_s, "all wrapped up", every_s=0.2)
        for task in crew:
            task.cancel()
    return seen


async def _all_open(office: Office, peak: Peak) -> None:
    async def everybody() -> bool:
        things = await office.open_things()
        work = things["work"] == peak.chats + peak.calls
        return work and (things["chats"], things["calls"]) == (peak.chats, peak.calls)

    await wait_until(everybody, peak.limit_s, f"{peak.chats} chats and {peak.calls} calls are open", every_s=0.1)


async def _serve(page: Page, seen: Wave, dice: random.Random) -> None:
    """Takes what is offered, answers each line, ends calls after a moment, closes each wrap-up."""
    talking: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            match await page.inbox.get():
                case m.Offer(reservation_id=reservation, medium="chat"):
                    await page.ask(m.Accept(ref=page.ref(), reservation_id=reservation))
                case m.Assignment(state="connected", medium="voice", reservation_id=reservation):
                    if reservation not in talking:
                        talking.add(reservation)
                        tasks.create_task(_hang_up(page, reservation, seen, dice.uniform(0.1, 0.5)))
                case m.ChatMessage(author="customer", reservation_id=reservation, text=text, number=number):
                    say = m.SayInChat(
                        ref=page.ref(), reservation_id=reservation, client_id=f"re-{number}", text=f"re: {text}"
                    )
                    await page.ask(say)
                case m.WrapUp(reservation_id=reservation):
                    seen.wrap_ups[reservation] += 1
                    await page.finish(reservation)


async def _hang_up(page: Page, reservation: str, seen: Wave, after_s: float) -> None:
    await seen.all_in.wait()
    await asyncio.sleep(after_s)
    await page.ask(m.HangUp(ref=page.ref(), reservation_id=reservation))


async def _visit(visitor: Visitor, seen: Wave, dice: random.Random, peak: Peak, *, leaves: bool) -> None:
    """Asks, waits, talks with a line that is cut now and then, and ends; or leaves, wherever the chat is then."""
    question = f"question of {visitor.name}"
    await visitor.open(question)
    seen.chat_ids.append(visitor.chat_id)
    said = seen.said[visitor.chat_id] = [question]
    await seen.all_in.wait()
    if not leaves:
        await visitor.until_state("talking", peak.limit_s)
        for number in range(LINES):
            await asyncio.sleep(dice.uniform(0.1, 0.4))  # people type
            line = f"{number} of {visitor.name}"
            await visitor.say(line)
            said.append(line)
            if dice.random() < CUT_SHARE:
                await visitor.cut()
                await visitor.resume()
                await visitor.say(line, f"s{number + 1}")
            await visitor.until_said(f"re: {line}", peak.limit_s)
    await visitor.send(c.End())
    await visitor.until_state("ended", peak.limit_s)


async def assert_kept(server: Server, peak: Peak, waves: Sequence[Wave]) -> str:
    """Nothing lost, nothing assigned twice, nobody over capacity: by the journal and by SQL. A line for people."""
    length = await assert_journal_and_records_agree(server)
    most = await assert_assignments(server, peak.crew())
    chats = [row for row in records(server) if row["medium"] == "chat"]
    calls = [row for row in records(server) if row["medium"] == "voice"]
    assert sorted(row["id"] for row in chats) == sorted(chat for each in waves for chat in each.chat_ids)
    assert len(calls) == peak.calls * len(waves)
    assert {row["state"] for row in (*chats, *calls)} == {"closed"}
    assert {row["outcome"] for row in calls} == {"handled"}, "every caller stayed until an agent had spoken with them"
    outcomes = Counter(row["outcome"] for row in chats)
    assert set(outcomes) <= {"handled", "abandoned"}
    assert outcomes["abandoned"] <= sum(len(range(0, peak.chats, LEAVE_EVERY)) for _ in waves)
    said = {chat: lines for each in waves for chat, lines in each.said.items()}
    assert texts(server, "customer") == said, "each line once and in order"
    wrap_ups = sum((each.wrap_ups for each in waves), Counter[str]())
    assert set(wrap_ups.values()) == {1}, "a wrap-up came twice"
    assert len(wrap_ups) == outcomes["handled"] + len(calls), "each served item has been wrapped up by one agent"
    return f"{length} journal entries, outcomes of chats {dict(outcomes)}, most held at once {most}"
