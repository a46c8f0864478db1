"""Supervisors in chats over a real dispatcher and SQLite: what they read, who is told, and the audit log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from agents_ws import messages as m
from chat import messages as c
from http_api.chats_api import ChatView
from http_api.supervision_api import Refused
from records.accounts import Role
from records.audit import Audit
from records.database import Database
from records.roles import Scope
from records.sessions import Caller
from router.events import PresenceSet, WorkQueued
from router.vocabulary import Medium, Presence
from server.chats.chat_monitoring import ChatMonitoring
from server.clock import wall_us
from tests.chat.pages import Page
from tests.databases import migrated
from tests.server.chat_nodes import ChatNode, one_node
from tests.waiting import until

BOB = Caller("bob", Role.SUPERVISOR, "bob", 2**60)
TEAM = Scope(Role.SUPERVISOR, "bob", frozenset({"line1"}), frozenset({"ann", "bob"}), frozenset({"web_chat"}))
ELSEWHERE = Scope(Role.SUPERVISOR, "tom", frozenset({"line2"}), frozenset({"tom"}), frozenset())


class Watch:
    def __init__(self, node: ChatNode, page: Page, database: Database) -> None:
        self.node, self.place, self.page = node, node.place, page
        self.helped: list[str] = []
        self.audit = Audit(database)
        # The dispatcher, its clock and `post` are all that it asks of the routing.
        self.monitoring = ChatMonitoring(
            node.homes,
            node.live,
            node.current,
            cast("Any", node.place.router),
            self.audit,
            self.helped.append,
            wall_us,
        )

    async def read(self, after: int, version: int | None, wait_s: float) -> ChatView:
        seen = await self.monitoring.read(BOB, "chat1", after, version, wait_s)
        assert isinstance(seen, ChatView), seen
        return seen


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Watch]:
    database = await migrated(folder / "audit.sqlite")
    async with one_node(folder) as node, node.place.page() as page:
        node.place.router.ready("ann")
        await page.open("Where is my parcel?")
        node.place.router.accept()
        await page.state("talking")
        yield Watch(node, page, database)
    await database.close()


async def code(doing: Any) -> str | None:
    refused = await doing
    return refused.code if isinstance(refused, Refused) else None


async def test_reading_along_waits_for_what_is_new(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        monitoring = watch.monitoring
        assert monitoring.covers(TEAM, "chat1")
        assert not monitoring.covers(ELSEWHERE, "chat1")
        assert monitoring.live(ELSEWHERE) == ()
        assert [one.interaction_id for one in monitoring.live(TEAM)] == ["chat1"]
        assert await code(monitoring.read(BOB, "chat1", 0, None, 0)) == "not_listening"
        assert await monitoring.listen(BOB, "chat1", "listen", "first day") is None
        assert watch.helped == ["chat1"]
        seen = await watch.read(0, None, 0)
        assert [line.text for line in seen.lines] == ["Where is my parcel?"]
        assert [one.name for one in seen.chat.listeners] == ["Bob"]
        waiting = asyncio.create_task(watch.read(1, seen.version, 5))
        await watch.page.speak("v1", "Hello?")
        assert [line.text for line in (await waiting).lines] == ["Hello?"]
        seen = await watch.read(2, None, 0)
        waiting = asyncio.create_task(watch.read(2, seen.version, 5))
        await until(lambda: len(watch.place.conductor.chat("chat1").onlookers) > 1)  # type: ignore[union-attr]
        watch.node.watch.close()
        assert (await waiting).lines == (), "the server stops: nobody is kept waiting"


async def test_the_board_is_told_of_each_chat(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        live, told = watch.node.live, list[str]()
        live.changed = told.append
        shown = live.thing("chat1")
        assert shown is not None
        assert live.things() == (("chat1", shown),)
        await watch.monitoring.listen(BOB, "chat1", "listen", "")
        assert told == ["chat1"]
        async with watch.place.page() as other:
            await other.open("Another one", key="m" * 22)
            await until(lambda: "chat2" in told)
            assert [name for name, _ in live.things()] == ["chat1", "chat2"]
            told.clear()
            await other.say(c.End())
            await until(lambda: "chat2" in told and live.thing("chat2") is None)


async def test_the_agent_sees_who_listens_unless_the_site_says_otherwise(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        await watch.monitoring.listen(BOB, "chat1", "listen", "")
        watch.node.quiet = True
        await watch.monitoring.listen(BOB, "chat1", "whisper", "")
        assert await watch.monitoring.say(BOB, "chat1", "s1", "Offer a refund") is None
        await watch.monitoring.listen(BOB, "chat1", "listen", "")
        modes = [[one.mode for one in each.listeners] for each in watch.node.of(m.ChatListeners)]
        assert modes == [["listen"], ["whisper"], []]
        (whisper,) = [each.whisper for each in watch.node.of(m.ChatWhispered)]
        assert (whisper.name, whisper.text) == ("Bob", "Offer a refund")
        assert await code(watch.monitoring.say(BOB, "chat1", "s2", "again")) == "not_speaking"
        assert await watch.monitoring.stop(BOB, "chat1") is None
        assert await code(watch.monitoring.stop(BOB, "chat1")) == "not_listening"
        kept = [(one.action, one.subject, one.after) for one in await watch.audit.page(10)]
        assert kept == [("listen", "chat:chat1", {"mode": mode}) for mode in (None, "listen", "whisper", "listen")]
        assert "refund" not in str(kept), "no texts in the log"


async def test_taking_over_leaves_them_as_they_were(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        monitoring, router = watch.monitoring, watch.place.router
        assert await code(monitoring.take_over(BOB, "chat1", "")) == "no_page"
        router.ready("bob")
        router.tell(PresenceSet("bob", Presence.NOT_READY, "lunch"), "test")
        router.tell(PresenceSet("ann", Presence.NOT_READY, "lunch"), "test")
        router.tell(WorkQueued("w9", "i9", Medium.CHAT, "web_chat"), "test")
        asked = len(router.offers)
        assert await monitoring.take_over(BOB, "chat1", "upset") is None
        await until(lambda: watch.page.status is not None)
        row = router.dispatcher.agent("bob")
        assert row is not None
        assert (row.presence, row.reason) == (Presence.NOT_READY, "lunch")
        assert [(one.interaction_id, one.agent_id) for one in router.offers[asked:]] == [("chat1", "bob")]
        (entry,) = await watch.audit.page(10)
        assert (entry.action, entry.before, entry.after) == ("take_over", {"agents": ["ann"]}, {"agents": ["bob"]})
        nobody = Caller("desk", Role.ADMINISTRATOR, None, 2**60)
        assert await code(monitoring.take_over(nobody, "chat1", "")) == "not_an_agent"
        assert await code(monitoring.listen(nobody, "chat1", "listen", "")) == "not_an_agent"
