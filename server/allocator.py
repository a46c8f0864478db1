"""Memory that is freed goes back to the system: the C library keeps large pieces for the next time, in each thread.

glibc maps a large piece by itself and gives it back when it is freed, and then counts pieces of that size (up to
32 MiB) as small ones, which stay with the heap of the thread that had them: mallopt(3), M_MMAP_THRESHOLD. What packs a
file of the journal or checks a password needs some 20 to 60 MiB for a moment, in whichever thread. With a fixed
threshold it is given back each time, which costs a page fault for each 4 KiB and no more.
"""

import ctypes
import sys

# From mallopt(3); pieces of a size that no turn of the routing needs.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
LARGE = 1 << 20


def give_back() -> bool:
    """For the whole process from now on; False where the C library has no such settings."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and all(mallopt(option, LARGE) == 1 for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))
