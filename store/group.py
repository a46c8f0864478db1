"""Turns into the argument of the function `commit`: several turns become one group commit."""

from collections.abc import Callable, Mapping, Sequence

import msgpack

from router.events import PolicyChanged
from router.rows import NOTHING, AgentRow, Changes, NeighbourRow, ReservationRow, Turn, WorkRow
from store.codec import encode_entry, encode_row
from store.errors import OutOfOrder
from store.lease import InboxEntry, Memory

Part = bytes | str | int

# Text and bytes alike as "raw": the functions' reader (lua-cmsgpack) is older than msgpack's type of bytes.
_pack: Callable[[list[Part]], bytes] = msgpack.Packer(use_bin_type=False, autoreset=True).pack


def commit_argument(epoch: int, owner: str, turns: Sequence[Turn], inbox: Sequence[InboxEntry]) -> bytes:
    """Return the one argument of `commit`: its values packed. Raises OutOfOrder when `turns` are not consecutive."""
    return _pack(commit_values(epoch, owner, turns, inbox))


def commit_values(epoch: int, owner: str, turns: Sequence[Turn], inbox: Sequence[InboxEntry]) -> list[Part]:
    """Return the values of `commit` (its header has the layout). Raises OutOfOrder when `turns` are not consecutive."""
    first, last = turns[0], turns[-1]
    entries: list[Part] = []
    policies: list[Part] = []
    current_policy = ""
    for sequence, turn in enumerate(turns, first.sequence):
        if turn.sequence != sequence:
            raise OutOfOrder(turn.sequence, sequence - 1, "turns of one commit must be consecutive")
        entries.append(encode_entry(turn))
        if isinstance(turn.event, PolicyChanged):
            current_policy = turn.event.policy.version
            policies += (current_policy, encode_row(turn.event.policy))
    values: list[Part] = [epoch, first.sequence, last.now, current_policy, owner]
    values.append(len(entries))
    values += entries
    values.append(len(policies))
    values += policies
    values += _rows(first.changes if first is last else _last_words(turns))
    values.append(2 * len(inbox))
    for entry in inbox:
        values += (entry.id, entry.request)
    return values


def reseed_arguments(epoch: int, owner: str, lease_ms: int, memory: Memory) -> list[Part]:
    """Return ARGV of `reseed` (its header has the layout)."""
    image, turns = memory.image, memory.turns
    policies: dict[str, bytes] = {memory.policy.version: encode_row(memory.policy)}
    for turn in turns:
        if isinstance(turn.event, PolicyChanged):
            policies[turn.event.policy.version] = encode_row(turn.event.policy)
    agents = {row.agent_id: row for row in image.agents}
    reservations = {row.reservation_id: row for row in image.reservations}
    work = {row.work_id: row for row in image.work}
    first = turns[0].sequence if turns else image.applied + 1
    arguments: list[Part] = [epoch, owner, lease_ms, first, image.applied, image.clock, memory.policy.version]
    return arguments + _counted(
        [encode_entry(turn) for turn in turns],
        [part for pair in policies.items() for part in pair],
        _written(agents),
        _written(reservations),
        _written(work),
        [part for pair in memory.senders.items() for part in pair],
        sorted(memory.gone),
        _written({row.shard: row for row in image.neighbours}),
    )


def _counted(*sections: list[Part]) -> list[Part]:
    return [part for section in sections for part in (len(section), *section)]


def _last_words(turns: Sequence[Turn]) -> Changes:
    """Return what each row is after all `turns`."""
    agents: dict[str, AgentRow | None] = {}
    reservations: dict[str, ReservationRow | None] = {}
    work: dict[str, WorkRow | None] = {}
    neighbours: dict[str, NeighbourRow] = {}
    for turn in turns:
        changes = turn.changes
        if changes is NOTHING:
            continue
        for agent in changes.agents:
            agents[agent.agent_id] = agent
        for reservation in changes.reservations:
            reservations[reservation.reservation_id] = reservation
        for item in changes.work:
            work[item.work_id] = item
        for row in changes.neighbours:
            neighbours[row.shard] = row
        for agent_id in changes.agents_removed:
            agents[agent_id] = None
        for reservation_id in changes.reservations_closed:
            reservations[reservation_id] = None
        for work_id in changes.work_closed:
            work[work_id] = None
    return Changes(
        agents=tuple(row for row in agents.values() if row is not None),
        work=tuple(item for item in work.values() if item is not None),
        reservations=tuple(one for one in reservations.values() if one is not None),
        work_closed=tuple(key for key, item in work.items() if item is None),
        reservations_closed=tuple(key for key, one in reservations.items() if one is None),
        agents_removed=tuple(key for key, row in agents.items() if row is None),
        neighbours=tuple(neighbours.values()),
    )


def _rows(changes: Changes) -> list[Part]:
    """Return the sections of rows: most have one row or none, and each is written while an offer waits for it."""
    parts: list[Part] = [2 * len(changes.agents)]
    for agent in changes.agents:
        parts += (agent.agent_id, encode_row(agent))
    parts.append(2 * len(changes.reservations))
    for reservation in changes.reservations:
        parts += (reservation.reservation_id, encode_row(reservation))
    parts.append(2 * len(changes.work))
    for item in changes.work:
        parts += (item.work_id, encode_row(item))
    for gone in (changes.agents_removed, changes.reservations_closed, changes.work_closed):
        parts.append(len(gone))
        parts += gone
    parts.append(2 * len(changes.neighbours))
    for row in changes.neighbours:
        parts += (row.shard, encode_row(row))
    return parts


def _written(rows: Mapping[str, AgentRow | ReservationRow | WorkRow | NeighbourRow]) -> list[Part]:
    return [part for key, row in rows.items() for part in (key, encode_row(row))]
