"""What the server's clock says now, as somebody far from it can tell. Pure.

From each question and its answer follows what the server's clock said halfway between the two, and no more certainly
than to half of the time that lay between (Cristian, Probabilistic clock synchronization, 1989, section 3). So the
quickest of the last answers counts: one that waited a tenth of a second, for the server or for a program that was busy
with others, would shift all that is measured until the next one.
"""

from collections import deque

# At one question in five seconds a minute, in which no clock drifts by a tenth of a millisecond.
KEPT = 12


class ServerClock:
    """Told of each answer with the server's time in it. Microseconds, of the wall clock."""

    def __init__(self) -> None:
        self._found: deque[tuple[int, int]] = deque(maxlen=KEPT)
        self._offset_us = 0

    def told(self, asked_us: int, server_us: int, heard_us: int) -> None:
        """Asked and heard by the own clock."""
        self._found.append((heard_us - asked_us, server_us - (asked_us + heard_us) // 2))
        self._offset_us = min(self._found)[1]

    def at(self, own_us: int) -> int:
        """What the server's clock says when the own clock says that; the own time before the first answer."""
        return own_us + self._offset_us
