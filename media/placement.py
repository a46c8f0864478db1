"""Rooms over several workers: which trunks they need, and what each worker's own gain matrix is.

Each source that is heard on another worker travels there once, unchanged, by a trunk of its own; the gains are applied
where it is heard. So a room sounds the same however its legs are spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from media.mixer import Gains


@dataclass(frozen=True, slots=True, order=True)
class Trunk:
    """A one-way path of one leg's sound from its worker to another one."""

    room_id: str
    source: str
    source_worker: int
    target_worker: int

    @property
    def near(self) -> str:
        """The trunk's leg beside the source: it hears it."""
        return f"trunk:{self.room_id}:{self.source}:{self.target_worker}:near"

    @property
    def far(self) -> str:
        """The trunk's leg on the other worker: it speaks with the source's voice."""
        return f"trunk:{self.room_id}:{self.source}:{self.target_worker}:far"


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """`gains` by worker, and the trunks that they mention."""

    gains: dict[int, dict[tuple[str, str], float]]
    trunks: frozenset[Trunk]


def plan_room(room_id: str, gains: Gains, place: Mapping[str, int]) -> RoomPlan:
    """Split a gain matrix; `place` is the worker of each leg (KeyError for a leg that has none).

    A pair with gain 0 across workers keeps its trunk, silent, so that un-muting is only a change of gains.
    """
    split: dict[int, dict[tuple[str, str], float]] = {}
    trunks: set[Trunk] = set()
    for (source, target), gain in gains.items():
        here, there = place[source], place[target]
        if here == there:
            split.setdefault(here, {})[source, target] = gain
            continue
        trunk = Trunk(room_id, source, here, there)
        trunks.add(trunk)
        split.setdefault(there, {})[trunk.far, target] = gain
        near = split.setdefault(here, {})
        near[source, trunk.near] = max(near.get((source, trunk.near), 0.0), 1.0 if gain > 0 else 0.0)
    return RoomPlan(split, frozenset(trunks))


def without(gains: Gains, leg_id: str) -> dict[tuple[str, str], float]:
    """The matrix after a leg has gone."""
    return {pair: gain for pair, gain in gains.items() if leg_id not in pair}


def port_slice(ports: tuple[int, int], index: int, count: int) -> tuple[int, int]:
    """The part of an inclusive port range for worker `index` of `count`, on even borders; ValueError when too small."""
    low = ports[0] + (ports[0] & 1)
    pairs = (ports[1] - low + 1) // 2
    if pairs < count:
        raise ValueError(f"{ports[0]}-{ports[1]} has {pairs} RTP ports for {count} workers")
    return low + 2 * (pairs * index // count), low + 2 * (pairs * (index + 1) // count) - 1
