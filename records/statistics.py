"""The statistics in SQL: counters by slot, and the state that goes with them, written in one transaction.

So a restart begins where the last checkpoint ended and reads the rest from the journal: nothing is lost or doubled.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, func, select

from records.database import Database, insert_replacing
from records.projection_tables import statistics_slots, statistics_states
from router.counters import NUMBERS, Counters
from router.slots import Slots, Subject
from router.statistics_state import State

# Few enough that nobody waits for the loop meanwhile.
_ROWS_AT_ONCE = 100

# Slots with what was counted in them.
Changed = list[tuple[Subject, int, Counters]]
_checkpoints: msgspec.json.Decoder[tuple[State, Changed]] = msgspec.json.Decoder(tuple[State, Changed])


def encode_checkpoint(state: State, changed: Changed) -> bytes:
    """A checkpoint for another process."""
    return msgspec.json.encode((state, changed))


def decode_checkpoint(text: bytes) -> tuple[State, Changed]:
    """The same again. Raises msgspec.ValidationError."""
    return _checkpoints.decode(text)


class _Position(msgspec.Struct):
    """Of a state: the rest is passed over."""

    position: int = 0


class StatisticsStore:
    """One shard's statistics. Times in microseconds since the epoch."""

    def __init__(self, database: Database, shard: str = "main") -> None:
        self._database = database
        self._shard = shard

    async def load(self, since: int) -> tuple[State, Slots]:
        """The last checkpoint: its state, a new one before the first, and the slots from `state.slots_from` on."""
        table = statistics_slots.c
        columns = [table.kind, table.name, table.slot_at, *(table[name] for name in NUMBERS), table.waits]
        slots: Slots = {}
        async with self._database.read() as connection:
            text = (await connection.execute(self._kept())).scalar()
            state = msgspec.json.decode(text, type=State) if text else State()
            needed = select(*columns).where(table.slot_at >= state.slots_from(since))
            for row in (await connection.execute(needed)).mappings():
                slots.setdefault((row["kind"], row["name"]), {})[row["slot_at"]] = _counters(row, row["waits"])
        return state, slots

    async def save(
        self, state: State, changed: Iterable[tuple[Subject, int, Counters]], *, anyway: bool = False
    ) -> bool:
        """A checkpoint. What is given is read before the first await, so it may change afterwards.

        False, and nothing is written, where one of a later turn is kept: who wrote that has deposed this one. `anyway`
        is for a start, on a journal that has lost turns.
        """
        position, text = state.position, msgspec.json.encode(state).decode()
        rows = [
            {"kind": kind, "name": name, "slot_at": slot, **counters.numbers(), "waits": _waits(counters)}
            for (kind, name), slot, counters in changed
        ]
        row = {"shard": self._shard, "state": text}
        # One way to the database's thread: a process that gives way to others waits long for each, with the lock held.
        return await self._database.at_once(partial(self._write, position, rows, row, anyway=anyway))

    def _write(
        self, position: int, rows: list[dict[str, Any]], row: dict[str, str], connection: Connection, *, anyway: bool
    ) -> bool:
        kept = connection.execute(self._kept()).scalar()
        if not anyway and kept and msgspec.json.decode(kept, type=_Position).position > position:
            return False
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            connection.execute(insert_replacing(connection, statistics_slots), rows[start : start + _ROWS_AT_ONCE])
        connection.execute(insert_replacing(connection, statistics_states), row)
        return True

    async def sums(self, kind: str, since: int, until: int, *, waits: bool = True) -> dict[str, Counters]:
        """By name, the slots that begin in [since, until) added up. At most a day at once, please: it is one query.

        Without the classes of the waits (`waits` False) it may be more: SQL does the work.
        """
        table = statistics_slots.c
        inside = (table.kind == kind) & (table.slot_at >= since) & (table.slot_at < until)
        sums = [func.sum(table[name]).label(name) for name in NUMBERS]
        found: dict[str, Counters] = {}
        async with self._database.read() as connection:
            grouped = select(table.name, *sums).where(inside).group_by(table.name)
            for row in (await connection.execute(grouped)).mappings():
                found[row["name"]] = _counters(row, {})
            if not waits:
                return found
            waited = select(table.name, table.waits).where(inside & (table.answered > 0))
            for name, classes in (await connection.execute(waited)).all():
                found[name].add_waits(_classes(classes))
        return found

    def _kept(self) -> Select[Any]:
        return select(statistics_states.c.state).where(statistics_states.c.shard == self._shard)


def _counters(row: RowMapping, waits: Mapping[str, int]) -> Counters:
    made = Counters(waits=_classes(waits))
    for name in NUMBERS:
        setattr(made, name, int(row[name]))  # a sum of PostgreSQL is a Decimal
    return made


def _waits(counters: Counters) -> dict[str, int]:
    return {str(index): count for index, count in sorted(counters.waits.items())}


def _classes(waits: Mapping[str, int]) -> dict[int, int]:
    return {int(index): count for index, count in waits.items()}
