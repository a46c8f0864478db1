"""Random numbers by purpose: the same seed gives the same customers, whatever the router does with them.

Each purpose of each work type has its own generator, and a customer's numbers lie at the customer's own place in it. So
two policies see the same arrivals, the same patience and the same talk times (common random numbers), and their
difference is the policies' and not luck's. See Law, "Simulation Modeling and Analysis", the chapter on comparing
alternatives.
"""

from zlib import crc32

import numpy as np

from simulator.distributions import Floats


class Streams:
    """The generators of one replication. Two of the same seed and replication give the same numbers for a purpose."""

    def __init__(self, seed: int, replication: int) -> None:
        self._root = (seed, replication)

    def generator(self, purpose: str, name: str = "", *more: int) -> np.random.Generator:
        """The generator of a purpose ("arrivals", "talk") for a work type; `more` tells apart what else there is."""
        key = (*self._root, crc32(purpose.encode()), crc32(name.encode()), *more)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    def uniforms(self, purpose: str, name: str, turn: int, count: int) -> Floats:
        """`count` numbers in [0, 1), one for each customer of the work type."""
        return self.generator(purpose, name, turn).random(count)

    def single(self, purpose: str, name: str, turn: int, customer: int) -> float:
        """A number in [0, 1) for one customer only: for what hardly anybody comes to."""
        return float(self.generator(purpose, name, turn, customer).random())
