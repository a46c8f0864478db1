"""The ports of media."""

import pytest

from server.calls.telephony import split_ports


@pytest.mark.parametrize("whole", [(16384, 18383), (20000, 20019), (1024, 65535)])
def test_ports_are_split_without_overlap(whole: tuple[int, int]) -> None:
    rtp, browsers = split_ports(whole)
    assert rtp[0] == whole[0]
    assert browsers[1] == whole[1]
    assert rtp[1] + 1 == browsers[0]
    assert rtp[0] % 2 == 0
    assert (rtp[1] + 1) % 2 == 0, "a whole number of pairs"
