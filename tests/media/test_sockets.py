import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from media.errors import MediaError
from media.sockets import Poller, RtpSocket
from tests.media.phones import bound_udp
from tests.waiting import until


class Ear:
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def __call__(self, data: bytes, now: int) -> None:
        self.heard.append(data)


@pytest.fixture
async def poller() -> AsyncIterator[Poller]:
    poller = Poller()
    yield poller
    poller.close()
    poller.close()


def open_socket(poller: Poller, ear: Ear) -> RtpSocket:
    for port in range(28_000, 29_000, 2):
        try:
            return RtpSocket(poller, "127.0.0.1", port, ear)
        except OSError:
            continue
    raise AssertionError("no free port")


async def test_only_the_peer_is_heard_and_its_first_port_is_kept(poller: Poller) -> None:
    ear = Ear()
    rtp = open_socket(poller, ear)
    target = ("127.0.0.1", rtp.port)
    with bound_udp("127.0.0.2") as stranger, bound_udp() as peer, bound_udp() as other_port:
        stranger.sendto(b"before any peer", target)
        await until(lambda: rtp.strangers == 1)
        rtp.set_peer("127.0.0.1", 9)
        stranger.sendto(b"stranger", target)
        await until(lambda: rtp.strangers == 2)
        peer.sendto(b"one", target)
        await until(lambda: ear.heard == [b"one"])
        rtp.send(b"back")
        assert peer.recv(100) == b"back"
        other_port.sendto(b"two late", target)
        stranger.sendto(b"stranger", target)
        peer.sendto(b"two", target)
        await until(lambda: ear.heard == [b"one", b"two"])
    await rtp.close()
    await rtp.close()


async def test_a_new_peer_is_learnt_afresh(poller: Poller) -> None:
    ear = Ear()
    rtp = open_socket(poller, ear)
    with bound_udp() as first, bound_udp() as second:
        for peer, word in ((first, b"first"), (second, b"second")):
            rtp.set_peer("127.0.0.1", peer.getsockname()[1])
            peer.sendto(word, ("127.0.0.1", rtp.port))
            await until(lambda word=word: ear.heard[-1:] == [word])
            rtp.send(word)
            assert peer.recv(100) == word
    await rtp.close()


async def test_a_refused_packet_is_counted_and_nothing_breaks(poller: Poller) -> None:
    ear = Ear()
    rtp = open_socket(poller, ear)
    with bound_udp() as peer:
        address = peer.getsockname()
        rtp.set_peer(*address)
        peer.sendto(b"hello", ("127.0.0.1", rtp.port))
        await until(lambda: bool(ear.heard))
    rtp.send(b"nobody there")
    await until(lambda: rtp.send_errors >= 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)
        again.sendto(b"back again", ("127.0.0.1", rtp.port))
        await until(lambda: ear.heard[-1] == b"back again")
    await rtp.close()


async def test_rtcp_goes_to_the_port_above_and_closing_frees_both(poller: Poller) -> None:
    rtp = open_socket(poller, Ear())
    rtp.send(b"no peer yet")
    rtp.send_rtcp(b"no peer yet")
    with bound_udp() as peer:
        rtp.set_peer("127.0.0.1", peer.getsockname()[1] - 1)
        rtp.send_rtcp(b"report")
        assert peer.recv(100) == b"report"
    await rtp.close()
    rtp.send(b"closed")
    again = RtpSocket(poller, "127.0.0.1", rtp.port, Ear())
    with pytest.raises(OSError, match="in use"):
        RtpSocket(poller, "127.0.0.1", rtp.port, Ear())
    await again.close()
    await asyncio.sleep(0)


async def test_a_name_is_no_address(poller: Poller) -> None:
    rtp = open_socket(poller, Ear())
    with pytest.raises(MediaError) as caught:
        rtp.set_peer("phone.example", 4000)
    assert caught.value.reason == "bad_address"
    await rtp.close()
