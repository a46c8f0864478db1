"""Callbacks and messages that came, were taken or done: told to the agents of the queue, and on every node's board."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from agents_ws import messages as m
from records.database import Database, sqlite_url
from records.follow_ups import FollowUp, FollowUps
from server.current import CurrentSite
from server.desks import follow_up_news
from server.desks.follow_up_news import FollowUpNews
from tests.server.chat_nodes import Wires
from tests.server.sites import ORDERS, agent, small_site


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


class Node:
    """A node's own connection to the one database; `sent` is what its pages are told."""

    def __init__(
        self, label: str, book: FollowUps, site: CurrentSite, all_wires: dict[str, Wires], *pages: str
    ) -> None:
        self.book = book
        self.broken = False
        self.sent: list[tuple[str, m.FollowUp]] = []
        self.touched: list[str] = []
        self.news = FollowUpNews(self, site, lambda: pages, self.send, Wires(label, all_wires, set()))
        self.news.changed = self.touched.append
        book.changed = self.news.note

    async def get(self, follow_up_id: int) -> FollowUp | None:
        if self.broken:
            self.broken = False
            raise OperationalError("SELECT", {}, Exception("away"))
        return await self.book.get(follow_up_id)

    def send(self, agent_id: str, message: m.NumberedMessage) -> bool:
        assert isinstance(message, m.FollowUpChanged)
        self.sent.append((agent_id, message.follow_up))
        return True


def site() -> CurrentSite:
    orders = replace(ORDERS, teams=("first_line",))
    agents = {
        "ann": agent("ann", team="first_line"),
        "eve": agent("eve", team="experts"),
        "sue": replace(agent("sue", team="experts"), role="supervisor", supervises=("first_line",)),
    }
    return CurrentSite(small_site(agents, queues={"orders": orders}))


@asynccontextmanager
async def nodes(folder: Path) -> AsyncIterator[tuple[Node, Node]]:
    database = await Database.open(sqlite_url(folder / "jackfield.db"))
    wires: dict[str, Wires] = {}
    one = Node("n1.1", FollowUps(database), site(), wires, "ann", "eve", "sue")
    two = Node("n2.1", FollowUps(database), site(), wires, "ann")
    tasks = [asyncio.create_task(node.news.run()) for node in (one, two)]
    try:
        yield one, two
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.close()


async def test_those_who_serve_the_queue_are_told_on_every_node(tmp_path: Path) -> None:
    async with nodes(tmp_path) as (one, two):
        number = await one.book.callback("i", "orders", "+3225550181", "en", (), 5)
        await until(lambda: len(one.sent) == 2 and len(two.sent) == 1)
        assert [who for who, _ in one.sent] == ["ann", "sue"]
        assert (two.sent[0][1].number, two.sent[0][1].queue_title) == ("+3225550181", "Orders")
        assert await two.book.take(number, None, "ann", 6)
        await until(lambda: len(one.sent) == 4)
        assert one.sent[-1][1].taken_by_name == "Ann"
        assert not await two.book.take(number, None, "eve", 7), "what had no effect is not told"
        assert await one.book.done(number, "ann", 8, "reached")
        await until(lambda: len(two.sent) == 3)
        assert two.sent[-1][1].done_at == 8
        await until(lambda: one.touched == [str(number)] * 3)
        shown = one.news.thing(str(number))
        assert shown is not None
        assert (shown.note, one.news.things()) == ("reached", ((str(number), shown),))


async def test_a_database_that_is_away_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_up_news, "AGAIN_S", 0.0)
    async with nodes(tmp_path) as (one, _two):
        one.broken = True
        await one.book.callback("i", "orders", "+3225550181", "en", (), 5)
        await until(lambda: len(one.sent) == 2)


async def test_the_board_keeps_the_newest_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_up_news, "KEPT", 1)
    async with nodes(tmp_path) as (one, _two):
        for at in (1, 2):
            await one.book.callback(f"i{at}", "orders", "+3225550181", "en", (), at)
        await until(lambda: len(one.touched) == 3)
        assert one.touched == ["1", "1", "2"]
        assert one.news.thing("1") is None
