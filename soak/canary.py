"""How fast the machine itself is: the same piece of work again and again, beside whatever else it does.

A server that needs longer at the end of a run than at its beginning has become slower, or the machine has: other
machines on the same host have its caches and its clock. The canary's work is like a server's: small objects, looked up
by name in an order that the processor cannot foresee, over more memory than the near caches hold.
"""

import random
import time

OBJECTS = 200_000
LOOKED_AT = 40_000


class Canary:
    """Some 40 MiB of small objects, and a fixed way through a fifth of them."""

    def __init__(self) -> None:
        chance = random.Random(7)
        self._kept = {f"item-{number}": (number, str(number)) for number in range(OBJECTS)}
        self._way = [f"item-{chance.randrange(OBJECTS)}" for _ in range(LOOKED_AT)]

    def sing(self) -> float:
        """Milliseconds of CPU that the work took: of this thread alone, so that waiting for a processor is left out."""
        began = time.thread_time()
        found = 0
        for name in self._way:
            number, written = self._kept[name]
            found += number + len(written)
        assert found > 0
        return (time.thread_time() - began) * 1000
