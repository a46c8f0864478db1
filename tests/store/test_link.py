"""The lean link against a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from store.address import Address, parse_address
from store.errors import StoreLost, StoreRefused
from store.link import Link

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """Answer each connection with `handler`; give the URL, and leave nothing open."""
    tasks = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError):
            await handler(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    listener = await asyncio.start_server(run, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()
    await asyncio.gather(*(task for task in tasks if task is not None))
    await listener.wait_closed()


def link_to(url: str, **timeouts: float) -> Link:
    place = parse_address(url)
    assert isinstance(place, Address)
    return Link(place, **timeouts)


async def test_replies_come_back_in_calling_order(store_url: str) -> None:
    link = link_to(store_url)
    replies = await asyncio.gather(*(link.call(("ECHO", str(number))) for number in range(500)))
    assert [reply for (reply,) in replies] == [str(number).encode() for number in range(500)]
    await link.aclose()


async def test_calls_during_connecting_keep_their_order(store_url: str, shard: str) -> None:
    link = link_to(store_url)
    early = [asyncio.ensure_future(link.call(("RPUSH", shard, str(number)))) for number in range(5)]
    while link._wire is None:
        await asyncio.sleep(0)
    # The connection stands, the early callers have not all been woken: this one must not overtake them.
    await link.call(("RPUSH", shard, "late"))
    await asyncio.gather(*early)
    assert await link.call(("LRANGE", shard, 0, -1)) == [[b"0", b"1", b"2", b"3", b"4", b"late"]]
    await link.aclose()


async def test_an_error_reply_concerns_its_own_call_only(store_url: str) -> None:
    link = link_to(store_url)
    results = await asyncio.gather(
        link.call(("ECHO", "a")), link.call(("NOSUCH",)), link.call(("ECHO", "b")), return_exceptions=True
    )
    assert results[0] == [b"a"]
    assert isinstance(results[1], StoreRefused)
    assert results[2] == [b"b"]
    await link.aclose()


async def test_commands_of_one_call_share_their_fate(store_url: str) -> None:
    link = link_to(store_url)
    assert await link.call(("ECHO", "a"), ("ECHO", "b")) == [b"a", b"b"]
    with pytest.raises(StoreRefused):
        await link.call(("ECHO", "a"), ("NOSUCH",))
    await link.aclose()


async def test_a_cancelled_call_does_not_shift_the_replies(store_url: str) -> None:
    link = link_to(store_url)
    await link.call(("PING",))
    given_up = asyncio.ensure_future(link.call(("ECHO", "given up")))
    kept = asyncio.ensure_future(link.call(("ECHO", "kept")))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await kept == [b"kept"]
    assert given_up.cancelled()
    await link.aclose()


async def test_large_and_binary_arguments_arrive_whole(store_url: str) -> None:
    link = link_to(store_url)
    data = bytes(range(256)) * 8_000
    assert await link.call(("ECHO", data)) == [data]
    await link.aclose()


async def test_closing_ends_calls_under_way(store_url: str) -> None:
    link = link_to(store_url)
    await link.call(("PING",))
    waiting = asyncio.ensure_future(link.call(("BLPOP", "jf:never", "0")))
    await asyncio.sleep(0)
    await link.aclose()
    with pytest.raises(StoreLost):
        await waiting


async def test_closing_while_it_connects_leaves_no_connection(store_url: str) -> None:
    link = link_to(store_url)
    waiting = asyncio.ensure_future(link.call(("PING",)))
    await asyncio.sleep(0)
    await link.aclose()
    with pytest.raises(StoreLost, match="the store is closed"):
        await waiting


async def test_a_closed_port_is_a_lost_store() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(hang_up) as url:
        with pytest.raises(StoreLost):
            await link_to(url).call(("PING",))
    with pytest.raises(StoreLost, match="cannot connect"):
        await link_to(url).call(("PING",))


async def test_a_server_that_is_loading_or_demoted_counts_as_lost_and_is_left() -> None:
    served = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        await reader.read(1)
        writer.write(b"-READONLY You can't write against a read only replica.\r\n")
        await reader.read()

    async with listening(refuse) as url:
        link = link_to(url)
        for attempt in (1, 2):
            with pytest.raises(StoreLost, match="READONLY"):
                await link.call(("SET", "a", "b"))
            assert served == attempt
        await link.aclose()


async def test_bytes_that_are_no_reply_lose_the_connection() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    async with listening(babble) as url:
        link = link_to(url)
        with pytest.raises(StoreLost, match="no Redis"):
            await link.call(("PING",))
        await link.aclose()


async def test_a_server_that_refuses_the_password_is_left() -> None:
    left = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"secret\r\n")
        writer.write(b"-WRONGPASS invalid username-password pair\r\n")
        await reader.read()
        left.set()

    async with listening(refuse) as url:
        with pytest.raises(StoreRefused, match="WRONGPASS"):
            await link_to(url.replace("//", "//:secret@")).call(("PING",))
        await asyncio.wait_for(left.wait(), 30)


async def test_the_database_and_password_of_the_url_are_used() -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            heard.append(data)
            writer.write(b"+OK\r\n")

    async with listening(answer) as url:
        link = link_to(url.replace("//", "//ann:s%20t@") + "/3")
        await link.call(("PING",))
        await link.aclose()
    assert b"$4\r\nAUTH\r\n$3\r\nann\r\n$3\r\ns t" in heard[0]
    assert b"SELECT\r\n$1\r\n3" in heard[1]


async def test_what_is_told_is_answered_where_the_reply_is_read_in_calling_order(store_url: str) -> None:
    link = link_to(store_url)
    heard: list[object] = []
    assert not link.tell(("PING",), heard.append), "no connection stands yet"
    await link.call(("PING",))
    assert link.tell(("ECHO", "a"), heard.append)
    second = asyncio.ensure_future(link.call(("ECHO", "b")))
    await asyncio.sleep(0)
    assert link.tell(("NOSUCH",), heard.append)
    assert heard == []
    assert await second == [b"b"]
    assert await link.call(("ECHO", "c")) == [b"c"]
    assert heard[0] == b"a"
    assert isinstance(heard[1], StoreRefused)
    assert len(heard) == 2
    await link.aclose()


async def test_what_is_told_on_a_connection_that_goes_is_lost_and_said_once(store_url: str) -> None:
    link = link_to(store_url)
    heard: list[object] = []
    await link.call(("PING",))
    assert link.tell(("BLPOP", "jf:never", "0"), heard.append)
    assert link.tell(("PING",), heard.append)
    await link.aclose()
    assert [type(one) for one in heard] == [StoreLost, StoreLost]
    assert not link.tell(("PING",), heard.append)
    await asyncio.sleep(0)
    assert len(heard) == 2


async def test_each_connection_has_a_number(store_url: str) -> None:
    link = link_to(store_url)
    for number in (1, 2):
        assert link.standing == 0
        await link.call(("PING",))
        await link.call(("PING",))
        assert link.standing == number
        link.keep_to(Address(None, "127.0.0.1", 1))
    await link.aclose()
