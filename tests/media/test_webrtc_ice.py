"""Sockets and demultiplexing of the ICE agent; whole connections are in test_webrtc.py."""

import asyncio
import socket

import pytest

from media.webrtc_ice import IceConnection, bind_udp, expand_hosts


def free_ports(count: int) -> int:
    """The first of `count` neighbouring UDP ports that are free on loopback now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        if first + count > 65536:
            continue
        opened = []
        try:
            for port in range(first, first + count):
                opened.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                opened[-1].bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for sock in opened:
                sock.close()


def test_every_port_of_the_range_is_used_before_it_is_exhausted() -> None:
    first = free_ports(4)
    sockets = [bind_udp("127.0.0.1", (first, first + 3)) for _ in range(4)]
    try:
        assert sorted(s.getsockname()[1] for s in sockets) == list(range(first, first + 4))
        assert not any(s.getblocking() for s in sockets)
        with pytest.raises(OSError, match="no free UDP port"):
            bind_udp("127.0.0.1", (first, first + 3))
    finally:
        for sock in sockets:
            sock.close()


def test_wildcard_means_this_machines_addresses() -> None:
    expanded = expand_hosts(["0.0.0.0"])
    assert "127.0.0.1" in expanded
    assert "0.0.0.0" not in expanded
    assert expand_hosts(["127.0.0.1", "127.0.0.1"]) == ("127.0.0.1",)
    with pytest.raises(ValueError, match="does not appear to be"):
        expand_hosts(["localhost"])


async def test_hosts_are_announced_in_order_and_unbindable_ones_left_out() -> None:
    ice = IceConnection(["127.0.0.2", "192.0.2.1", "127.0.0.1"], None, lambda _: None)
    await ice.gather_candidates()
    candidates = ice.local_candidates
    await ice.close()
    assert [c.host for c in candidates] == ["127.0.0.2", "127.0.0.1"]
    assert candidates[0].priority > candidates[1].priority


async def test_only_media_passes_before_a_check_has_authenticated_the_sender() -> None:
    media: list[bytes] = []
    arrived = asyncio.Event()

    def on_media(data: bytes) -> None:
        media.append(data)
        if data == b"\x80last":
            arrived.set()

    ice = IceConnection(["127.0.0.1"], None, on_media)
    await ice.gather_candidates()
    candidate = ice.local_candidates[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (b"\x16dtls", b"\x80first", b"\xc0none", b"\x40turn", b"\x80last"):
            stranger.sendto(datagram, (candidate.host, candidate.port))
        await asyncio.wait_for(arrived.wait(), 30)
    assert media == [b"\x80first", b"\x80last"]
    assert ice._queue.empty()
    assert ice.send_media(b"\x80") is False
    await ice.close()


async def test_the_queue_of_unread_handshake_datagrams_is_bounded() -> None:
    ice = IceConnection(["127.0.0.1"], None, lambda _: None)
    for _ in range(1000):
        ice.data_received(b"\x16", 1)
    assert ice._queue.qsize() == 64
    await ice.close()
