"""Nodes that speak with each other over real connections: requests, news, strangers, and the end of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from server.nodes.peer_door import PeerDoor
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from server.nodes.peer_wire import HEADER, Asked, Greeting, Proof, decode, encode
from server.tasks import TaskOwner
from tests.waiting import until

HOST = "127.0.0.1"


class Site:
    """Nodes at their doors; `addresses` is the register."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self.tasks = TaskOwner()
        self.word = b"s" * 32

    async def secret(self) -> bytes:
        return self.word

    async def known(self) -> dict[str, str]:
        return dict(self.addresses)

    @asynccontextmanager
    async def node(self, label: str) -> AsyncIterator[PeerLink]:
        link = PeerLink(label, self.secret, self.known, self.tasks)
        door = PeerDoor(link.serve)
        self.addresses[label] = await door.open(HOST, 0, HOST)
        running = self.tasks.spawn(link.run(), label)
        try:
            yield link
        finally:
            del self.addresses[label]
            running.cancel()
            await asyncio.wait({running})
            await door.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    yield made
    await made.tasks.aclose(2)
    assert made.tasks.failures == 0


async def together(*links: PeerLink) -> None:
    await until(lambda: all(len(link.reached) == len(links) - 1 for link in links), "all are connected")


async def test_requests_are_answered_and_news_comes_in_order(site: Site) -> None:
    async with site.node("a.1") as a, site.node("b.1") as b:
        heard: list[tuple[str, Any]] = []

        async def double(_node: str, body: Any) -> Any:
            return body * 2

        async def never(_node: str, _body: Any) -> Any:
            raise PeerRefusedError("not_here")

        async def broken(_node: str, _body: Any) -> Any:
            raise ValueError("a mistake")

        async def odd(_node: str, _body: Any) -> Any:
            return object()

        def mistaken(*_about: Any) -> None:
            raise ValueError("a mistake")

        b.answer |= {"double": double, "never": never, "broken": broken, "odd": odd}
        b.hear["wrong"] = mistaken
        a.found.append(mistaken)
        a.lost.append(mistaken)
        a.hear["news"] = b.hear["news"] = lambda node, body: heard.append((node, body))
        await together(a, b)
        assert await asyncio.gather(*(a.ask("b.1", "double", n) for n in range(20))) == [n * 2 for n in range(20)]
        for kind, reason in (
            ("never", "not_here"),
            ("unknown", "nobody here answers unknown"),
            ("broken", "ValueError"),
            ("odd", "TypeError"),
        ):
            with pytest.raises(PeerRefusedError, match=reason):
                await a.ask("b.1", kind)
        for n in range(5):
            assert a.tell("b.1", "news", n)
        a.tell("b.1", "nobody listens to this")
        a.tell("b.1", "wrong")
        b.tell_all("news", "all")
        await until(lambda: len(heard) == 6, "the news")
        assert [body for node, body in heard if node == "a.1"] == [0, 1, 2, 3, 4]
        assert ("b.1", "all") in heard


async def test_who_ends_is_lost_to_the_other_and_found_again(site: Site) -> None:
    async with site.node("a.1") as a:
        seen: list[str] = []
        a.found.append(lambda label: seen.append(f"+{label}"))
        a.lost.append(lambda label: seen.append(f"-{label}"))
        asked: list[asyncio.Task[Any]] = []
        async with site.node("b.1") as b:
            stuck = asyncio.Event()

            async def wait(_node: str, _body: Any) -> None:
                stuck.set()
                await asyncio.Event().wait()

            b.answer["wait"] = wait
            await together(a, b)
            asked.append(asyncio.create_task(a.ask("b.1", "wait")))
            await stuck.wait()
        with pytest.raises(PeerUnreachableError):
            await asked[0]
        await until(lambda: seen == ["+b.1", "-b.1"], "it is lost")
        assert not a.tell("b.1", "news")
        with pytest.raises(PeerUnreachableError):
            await a.ask("b.1", "wait")
        async with site.node("b.2") as again:
            await together(a, again)
            again.forget("a.1")  # one way breaks, and both know
            await until(lambda: seen[2:4] == ["+b.2", "-b.2"], "both ways are gone")
            await together(a, again)


async def test_strangers_are_turned_away_and_believed_by_nobody(site: Site) -> None:
    async with site.node("a.1") as a:
        host, _, port = site.addresses["a.1"].rpartition(":")
        for frames in ((Proof("b.1", b"", b"guess"),), (Asked(1, "double", 1),)):
            reader, writer = await asyncio.open_connection(host, int(port))
            (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
            greeting = decode(await reader.readexactly(length))
            assert isinstance(greeting, Greeting)
            for frame in frames:
                writer.write(encode(frame))
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
        other = Site()
        other.word = b"g" * 32
        async with other.node("c.1"):
            site.addresses["c.1"] = other.addresses["c.1"]
            site.addresses["d.1"] = other.addresses["c.1"]
            await asyncio.sleep(0)
            await a._connect("c.1", site.addresses["c.1"])
            await a._connect("d.1", site.addresses["d.1"])
            assert a.reached == frozenset()
        await other.tasks.aclose(2)


async def test_a_secret_that_the_store_has_lost_is_another_one_for_all(site: Site) -> None:
    async with site.node("a.1") as a, site.node("b.1") as b:
        await together(a, b)
        site.word = b"g" * 32
        async with site.node("c.1") as c:
            await together(a, b, c)


def test_what_is_said_in_the_moment_in_which_a_connection_breaks_is_lost_with_it() -> None:
    """In the server's own loop: what is written to a connection that is closed raises there."""

    async def broken(site: Site) -> None:
        async with site.node("a.1") as one, site.node("b.1") as two:
            await together(one, two)
            one._peers["b.1"].writer.transport.abort()
            one.tell_all("news")
            await asyncio.sleep(0)
            one.tell_all("news")
            with pytest.raises(PeerUnreachableError):
                await one.ask("b.1", "anything", timeout_s=30)
            await together(one, two)

    uvloop.run(broken(Site()))
