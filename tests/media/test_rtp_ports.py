import socket
from collections.abc import AsyncIterator

import pytest

from media.errors import MediaError
from media.ports import PortAllocator
from media.rtp_ports import RtpPorts
from media.sockets import Poller
from tests.media.phones import bound_udp
from tests.waiting import until

LOW = 28_600


@pytest.fixture
async def ports() -> AsyncIterator[RtpPorts]:
    poller = Poller()
    made = RtpPorts(poller, "127.0.0.1", PortAllocator(LOW, LOW + 5, 0))
    yield made
    await made.drop_reserved()
    poller.close()


async def test_what_was_reserved_hears_nobody_until_it_is_somebodys(ports: RtpPorts) -> None:
    heard: list[bytes] = []
    port = ports.reserve()
    spare = ports._spares[port]
    assert (spare.port, ports.in_use) == (port, 0)
    with bound_udp() as early, bound_udp() as peer:
        early.sendto(b"early", ("127.0.0.1", port))
        await until(lambda: spare.strangers == 1, "a stranger's packet")
        taken = ports.take(port, lambda data, _now: heard.append(data))
        assert (taken, ports.in_use, taken.strangers) == (spare, 1, 0)
        taken.set_peer("127.0.0.1", 9)
        peer.sendto(b"hello", ("127.0.0.1", port))
        await until(lambda: heard == [b"hello"], "the peer's packet")
    await ports.close(taken)
    assert ports.in_use == 0


async def test_what_is_reserved_is_taken_once(ports: RtpPorts) -> None:
    port = ports.reserve()
    await ports.close(ports.take(port, lambda _data, _now: None))
    with pytest.raises(MediaError, match="unknown_leg"):
        ports.take(port, lambda _data, _now: None)


async def test_reserved_ports_are_free_again_when_they_are_dropped(ports: RtpPorts) -> None:
    assert len({ports.reserve() for _ in range(3)}) == 3
    with pytest.raises(MediaError, match="ports_exhausted"):
        ports.open(lambda _data, _now: None)
    await ports.drop_reserved()
    opened = [ports.open(lambda _data, _now: None) for _ in range(3)]
    assert ports.in_use == 3
    for each in opened:
        await ports.close(each)


async def test_a_port_that_another_process_has_is_left_out(ports: RtpPorts) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", LOW))
        opened = ports.open(lambda _data, _now: None)
        assert opened.port == LOW + 2
        await ports.close(opened)
