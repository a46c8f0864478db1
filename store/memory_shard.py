"""What one shard's keys would hold, and what the store's functions write there: lua/commit.lua line by line.

The same bytes as in the store.
"""

from dataclasses import dataclass, field
from typing import cast

from store.errors import Deposed, OutOfOrder
from store.group import Part


@dataclass(slots=True)
class MemoryShard:
    """What one shard's keys would hold."""

    epoch: int = 0
    served: int | None = None
    owner: str | None = None
    until: int = 0
    applied: int = 0
    clock: int = 0
    current_policy: str | None = None
    agents: dict[str, bytes] = field(default_factory=dict)
    work: dict[str, bytes] = field(default_factory=dict)
    reservations: dict[str, bytes] = field(default_factory=dict)
    neighbours: dict[str, bytes] = field(default_factory=dict)
    policies: dict[str, bytes] = field(default_factory=dict)
    policies_at: dict[str, int] = field(default_factory=dict)
    journal: dict[int, bytes] = field(default_factory=dict)
    inbox: dict[int, tuple[str, str, bytes]] = field(default_factory=dict)
    senders: dict[str, int] = field(default_factory=dict)
    heads: dict[int, bytes] = field(default_factory=dict)
    posted: int = 0
    others: "dict[str, MemoryShard]" = field(default_factory=dict)


def apply(shard: MemoryShard, args: list[Part]) -> None:
    """A commit, by the arguments of lua/commit.lua. Raises Deposed and OutOfOrder."""
    epoch, first = cast("int", args[0]), cast("int", args[1])
    if (epoch, args[4]) != (shard.epoch, shard.owner):
        raise Deposed(epoch, shard.epoch)
    entries, *rows, inbox = sections(args[5:])
    if first > shard.applied + 1:
        raise OutOfOrder(first, shard.applied)
    fresh = {}
    for sequence, entry in enumerate(entries, first):
        if sequence > shard.applied:
            fresh[sequence] = cast("bytes", entry)
        elif shard.journal.get(sequence, entry) != entry:
            raise OutOfOrder(sequence, sequence, "another turn of this sequence was applied")
    if not fresh:
        return
    shard.journal |= fresh
    write_rows(shard, max(fresh), *rows)
    shard.applied, shard.clock, shard.served = max(fresh), cast("int", args[2]), epoch
    shard.current_policy = cast("str", args[3]) or shard.current_policy
    for entry_id, request in zip(cast("list[str]", inbox[::2]), inbox[1::2], strict=True):
        number = inbox_number(entry_id)
        if number in shard.inbox and shard.inbox[number][0] == request:
            del shard.inbox[number]


def write_rows(
    shard: MemoryShard,
    last: int,
    policies: list[Part],
    agents: list[Part],
    reservations: list[Part],
    work: list[Part],
    *deleted_and_more: list[Part],
) -> None:
    """The rows of a commit or a reseed up to the turn `last`; as their sections come in its arguments."""
    *deleted, neighbours = deleted_and_more
    shard.neighbours.update(_pairs(neighbours))
    for version, data in _pairs(policies):
        shard.policies.setdefault(version, data)
        shard.policies_at.update({name: last for name in (shard.current_policy, version) if name})
    tables = (shard.agents, shard.reservations, shard.work)
    for table, written, gone in zip(tables, (agents, reservations, work), deleted, strict=True):
        table.update(_pairs(written))
        for key in gone:
            table.pop(cast("str", key), None)


def sections(args: list[Part]) -> list[list[Part]]:
    """Each section begins with the number of its parts."""
    found = []
    position = 0
    while position < len(args):
        count = cast("int", args[position])
        found.append(args[position + 1 : position + 1 + count])
        position += 1 + count
    return found


def _pairs(section: list[Part]) -> list[tuple[str, bytes]]:
    return [(cast("str", key), cast("bytes", data)) for key, data in zip(section[::2], section[1::2], strict=True)]


def inbox_number(entry_id: str) -> int:
    """Of an entry's id; 0 for none."""
    return int(entry_id.partition("-")[0]) if entry_id else 0
