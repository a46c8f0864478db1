import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaError
from media.ports import PortAllocator


def test_ports_are_even_with_their_neighbour_in_the_range() -> None:
    ports = PortAllocator(20001, 20008)
    assert [ports.acquire(0) for _ in range(len(ports))] == [20002, 20004, 20006]


def test_exhaustion_is_an_error_with_the_counts() -> None:
    ports = PortAllocator(20000, 20001)
    ports.acquire(0)
    with pytest.raises(MediaError, match="1 in use") as caught:
        ports.acquire(0)
    assert caught.value.reason == "ports_exhausted"


def test_a_released_port_cools_down() -> None:
    ports = PortAllocator(20000, 20001, cool_down_us=1000)
    port = ports.acquire(0)
    ports.release(port, 500)
    with pytest.raises(MediaError):
        ports.acquire(1499)
    assert ports.acquire(1500) == port
    with pytest.raises(ValueError, match="not taken"):
        ports.release(20002, 0)


@pytest.mark.parametrize("bounds", [(0, 10), (20001, 20001), (20001, 20002), (20010, 20000), (65530, 65536)])
def test_ranges_without_a_pair_are_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no even RTP port"):
        PortAllocator(*bounds)


@given(st.lists(st.booleans(), max_size=60))
def test_no_port_is_out_twice(steps: list[bool]) -> None:
    ports = PortAllocator(20000, 20009, cool_down_us=0)
    out: list[int] = []
    for now, take in enumerate(steps):
        if take and len(ports):
            port = ports.acquire(now)
            assert port not in out
            out.append(port)
        elif out:
            ports.release(out.pop(0), now)
        assert ports.in_use == len(out)
        assert len(ports) + len(out) == 5
