"""Sockets: streams, keep-alives, limits, connections that break."""

import asyncio

import pytest

from sip.flow import Flow
from sip.transport import Transport
from tests.sip.rig import SDP, Peer, local_settings
from tests.waiting import until

ONE = Peer(transport="TCP").request("INVITE", SDP)


class Site:
    def __init__(self, **changes: object) -> None:
        self.heard: list[tuple[bytes, Flow]] = []
        self.failed: list[Flow] = []
        self.counted: list[str] = []
        settings = local_settings(**changes)
        self.transport = Transport(
            settings, lambda d, f: self.heard.append((d, f)), self.failed.append, self.counted.append
        )

    async def __aenter__(self) -> "Site":
        await self.transport.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.aclose()

    def flow(self, kind: str = "TCP") -> Flow:
        return Flow(kind, "127.0.0.1", self.transport.port)


@pytest.mark.parametrize("kind", ["UDP", "TCP"])
async def test_both_ways(kind: str) -> None:
    async with Site() as one, Site() as two:
        one.transport.send(two.flow(kind), ONE)
        one.transport.send(two.flow(kind), ONE)
        await until(lambda: len(two.heard) == 2)
        data, source = two.heard[0]
        assert (data, source.transport) == (ONE, kind)
        two.transport.send(source, b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        await until(lambda: len(one.heard) == 1)
        assert one.transport.connections == two.transport.connections == (kind == "TCP")


async def test_names_are_resolved() -> None:
    async with Site() as one, Site() as two:
        for kind in ("UDP", "TCP"):
            one.transport.send(Flow(kind, "localhost", two.transport.port), ONE)
        await until(lambda: len(two.heard) == 2)
    async with Site() as one:
        one.transport.send(Flow("UDP", "no-such-host.invalid", 5060), ONE)
        await until(lambda: bool(one.failed))
        assert one.counted == ["unreachable"]


async def test_keep_alive_and_a_stream_that_breaks() -> None:
    async with Site() as one:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.transport.port)
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.write(ONE[:50])
        await writer.drain()
        writer.write(ONE[50:])
        await until(lambda: len(one.heard) == 1)
        writer.write(b"nonsense\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        assert one.counted == ["stream_broken"]
        await until(lambda: one.transport.connections == 0)


async def test_connections_are_limited() -> None:
    async with Site(max_connections=1) as one:
        first = await asyncio.open_connection("127.0.0.1", one.transport.port)
        await until(lambda: one.transport.connections == 1)
        second = await asyncio.open_connection("127.0.0.1", one.transport.port)
        assert await second[0].read() == b""
        one.transport.send(Flow("TCP", "127.0.0.1", 9), ONE)
        await until(lambda: bool(one.failed))
        assert one.counted == ["connections_refused", "unreachable"]
        first[1].close()
        second[1].close()


async def test_half_a_message_and_silence_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip.transport._SWEEP_S", 0.02)
    async with Site(partial_message_us=100_000) as one:
        quiet = await asyncio.open_connection("127.0.0.1", one.transport.port)
        slow = await asyncio.open_connection("127.0.0.1", one.transport.port)
        slow[1].write(ONE[:20])
        assert await slow[0].read() == b""
        assert one.transport.connections == 1
        slow[1].close()
        quiet[1].close()
    async with Site(partial_message_us=300_000) as one:
        pinging = await asyncio.open_connection("127.0.0.1", one.transport.port)
        pinging[1].write(b"\r\n")  # of itself no message, whatever comes after it
        trickle = await asyncio.open_connection("127.0.0.1", one.transport.port)
        ended = asyncio.create_task(trickle[0].read())
        async with asyncio.timeout(30):
            while not ended.done():
                trickle[1].write(b"x")
                await asyncio.sleep(0.02)
        await asyncio.gather(ended, return_exceptions=True)  # what was on its way makes it a reset
        assert one.transport.connections == 1
        trickle[1].close()
        pinging[1].close()
    async with Site(idle_connection_us=50_000) as one:
        quiet = await asyncio.open_connection("127.0.0.1", one.transport.port)
        assert await quiet[0].read() == b""
        quiet[1].close()


async def test_no_connection_and_the_fallback() -> None:
    async with Site() as one, Site() as two:
        gone = Flow("TCP", "127.0.0.1", 1)
        one.transport.send(gone, ONE, two.flow())
        await until(lambda: len(two.heard) == 1)
        assert one.failed == []
        one.transport.send(gone, ONE)
        await until(lambda: one.failed == [gone])


async def test_one_transport_only_and_a_port_in_use() -> None:
    async with Site(tcp=False) as one:
        with pytest.raises(OSError):  # noqa: PT011 - the errno differs between loops
            await Transport(
                local_settings(port=one.transport.port), lambda _d, _f: None, lambda _f: None, lambda _c: None
            ).start()
    async with Site(udp=False) as one:
        one.transport.send(one.flow("UDP"), ONE)
        assert one.counted == ["unsent"]
