"""Ports of 127.0.0.1 that tests and what they start may listen on, so that runs of pytest beside each other never meet.

All are below the range from which Linux gives out ephemeral ports: what another test connects from cannot take one
between the moment of looking and that of listening. Of each range a run takes every so-manieth: tools.run_tests tells
it which, by TEST_RUN.
"""

import os
import random
import socket
from collections import deque
from contextlib import closing

HOST = "127.0.0.1"
RUNS = 5
RTP_PORTS_EACH = 1000
SIPP_MEDIA_EACH = 8
_RUN = int(os.environ.get("TEST_RUN", "0"))
PORTS = range(10_000, 18_000)[_RUN::RUNS]
# Above them tests/server has 27,000-27,999 and tests/media 28,000-31,399: each of these is one run.
RTP_BLOCKS = range(18_000, 27_000, RTP_PORTS_EACH)[_RUN::RUNS]
SIPP_MEDIA = range(31_400, 32_760, SIPP_MEDIA_EACH)[_RUN::RUNS]

_random = random.Random()
# A server that is to start asks for all its ports before it listens at any.
_given: deque[int] = deque(maxlen=200)


def free_port(*kinds: socket.SocketKind) -> int:
    """One that is free for all these kinds now, for TCP when none is given, and none of the last that were given."""
    while (port := _random.choice(PORTS)) in _given or not free(port, *kinds or (socket.SOCK_STREAM,)):
        pass
    _given.append(port)
    return port


def free(port: int, *kinds: socket.SocketKind) -> bool:
    """Whether nobody has it."""
    try:
        for kind in kinds:
            with closing(socket.socket(socket.AF_INET, kind)) as probe:
                probe.bind((HOST, port))
    except OSError:
        return False
    return True


def rtp_block() -> tuple[int, int]:
    """The first and the last port of a server's audio; several servers of a run may share a block."""
    first = _random.choice(RTP_BLOCKS)
    return first, first + RTP_PORTS_EACH - 1


def sipp_media() -> int:
    """The first of SIPp's ports: for audio; RTCP and video are on those after it."""
    while True:
        first = _random.choice(SIPP_MEDIA)
        if all(free(port, socket.SOCK_DGRAM) for port in range(first, first + SIPP_MEDIA_EACH)):
            return first
