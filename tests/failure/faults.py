"""What is broken when: the whole schedule from a seed, before anything starts."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """`*_OWNER` is who owns the shard at that moment; every KILL is a SIGKILL, every PAUSE a SIGSTOP."""

    KILL_OWNER = "kill_owner"
    KILL_FOLLOWER = "kill_follower"
    KILL_REDIS = "kill_redis"
    KILL_AGENTS = "kill_agents"
    KILL_CUSTOMERS = "kill_customers"
    KILL_ALL = "kill_all"
    PAUSE_OWNER = "pause_owner"
    PAUSE_FOLLOWER = "pause_follower"
    PAUSE_REDIS = "pause_redis"
    CUT_STORE = "cut_store"
    SILENCE_STORE = "silence_store"
    SLOW_STORE = "slow_store"
    CUT_CLIENTS = "cut_clients"
    LOSE_PACKETS = "lose_packets"
    MUTE_TO_STORE = "mute_to_store"
    DEAF_TO_STORE = "deaf_to_store"
    PART_PEERS = "part_peers"
    MUTE_TO_PEERS = "mute_to_peers"
    CUT_OFF = "cut_off"
    DRAIN_OWNER = "drain_owner"
    DRAIN_FOLLOWER = "drain_follower"


# How often of each, and how long it lasts at least and at most (s): a pause outlasts the lease, or does not.
LEASE_S = 1.0
KINDS: Mapping[Kind, tuple[int, float, float]] = {
    Kind.KILL_OWNER: (5, 0.0, 0.5),
    Kind.KILL_FOLLOWER: (3, 0.0, 0.5),
    Kind.KILL_REDIS: (2, 0.0, 1.0),
    Kind.KILL_AGENTS: (2, 0.0, 0.5),
    Kind.KILL_CUSTOMERS: (2, 0.0, 0.5),
    Kind.KILL_ALL: (1, 0.0, 0.5),
    Kind.PAUSE_OWNER: (3, 0.3, 4 * LEASE_S),
    Kind.PAUSE_FOLLOWER: (1, 0.3, 4 * LEASE_S),
    Kind.PAUSE_REDIS: (1, 0.2, 3 * LEASE_S),
    Kind.CUT_STORE: (2, 0.0, 0.0),
    Kind.SILENCE_STORE: (2, 0.3, 4 * LEASE_S),
    Kind.SLOW_STORE: (1, 1.0, 3.0),
    Kind.CUT_CLIENTS: (2, 0.0, 0.0),
    Kind.LOSE_PACKETS: (3, 1.0, 6.0),
    Kind.MUTE_TO_STORE: (1, 0.3, 4 * LEASE_S),
    Kind.DEAF_TO_STORE: (1, 0.3, 4 * LEASE_S),
    Kind.PART_PEERS: (2, 0.3, 8.0),
    Kind.MUTE_TO_PEERS: (2, 0.3, 8.0),
    Kind.CUT_OFF: (2, 0.3, 8.0),
}
# What nothing may come of, not even a call that is lost with its node: in no schedule of faults.
DRAINS = frozenset({Kind.DRAIN_OWNER, Kind.DRAIN_FOLLOWER})
# What takes networks of the nodes' own (tests.failure.namespaces).
OF_NETWORKS = frozenset({Kind.PART_PEERS, Kind.MUTE_TO_PEERS, Kind.CUT_OFF})
KILLS = frozenset(kind for kind in Kind if kind.name.startswith("KILL"))


@dataclass(frozen=True, slots=True)
class Fault:
    """`after_s` the one before was over, or the start. `dice` picks among equals (which node, which sockets)."""

    after_s: float
    kind: Kind
    length_s: float
    dice: int


def schedule(seed: int, kills: int, gap_s: float, without: frozenset[Kind] = frozenset()) -> list[Fault]:
    """Faults with that many kills among them, the last of them one; `gap_s` is the mean time between two."""
    if kills < 1:
        raise ValueError("a schedule without a kill shows nothing")
    dice = random.Random(f"faults-{seed}")
    kinds = [kind for kind in KINDS if kind not in without]
    weights = [KINDS[kind][0] for kind in kinds]
    found: list[Fault] = []
    while kills:
        kind = dice.choices(kinds, weights)[0]
        _, shortest, longest = KINDS[kind]
        found.append(
            Fault(dice.uniform(0.5, 1.5) * gap_s, kind, dice.uniform(shortest, longest), dice.randrange(2**16))
        )
        kills -= kind in KILLS
    return found


def rolling(drains: int, gap_s: float) -> tuple[Fault, ...]:
    """Nodes are drained and started anew one after the other, every second time the owner."""
    kinds = (Kind.DRAIN_FOLLOWER, Kind.DRAIN_OWNER)
    return tuple(Fault(gap_s, kinds[number % 2], 0.0, number) for number in range(drains))
