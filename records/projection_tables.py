"""The tables that are projections of the journal: they may be thrown away and built again, so no foreign key leads in.

Times are integer microseconds since the epoch (UTC), durations integer microseconds. Identifiers and numbers only:
personal data is in records/tables.py, where it can be erased.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from records.schema import metadata
from router.counters import NUMBERS

interactions = Table(
    "interactions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("medium", String(16), nullable=False),
    Column("entry", String(255), nullable=False),
    Column("node", String(64), nullable=False),
    Column("queue", String(64)),
    Column("agent_id", String(64)),
    Column("opened_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("queued_at", BigInteger),
    Column("offered_at", BigInteger),
    Column("connected_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("wait_us", BigInteger),
    Column("talk_us", BigInteger),
    Column("wrap_up_us", BigInteger),
    Column("outcome", String(32)),
    Column("disposition", String(64)),
    Column("state", String(16), nullable=False),
    Column("open_work", Integer, nullable=False),
    Column("customer_over", Boolean, nullable=False),
    Index(None, "opened_at", "id"),
    Index(None, "queue", "opened_at"),
    Index(None, "agent_id", "opened_at"),
    Index(None, "node", "state"),
)

offers = Table(
    "offers",
    metadata,
    Column("reservation_id", String(64), primary_key=True),
    Column("work_id", String(64), nullable=False),
    Column("interaction_id", String(64), nullable=False),
    Column("agent_id", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("offered_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
    Column("connected_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("closed_at", BigInteger),
    Index(None, "interaction_id"),
    Index(None, "agent_id", "interaction_id"),
)

steps = Table(
    "steps",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
)

projector_positions = Table(
    "projector_positions",
    metadata,
    Column("shard", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

statistics_slots = Table(
    "statistics_slots",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("slot_at", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in NUMBERS),
    Column("waits", JSON, nullable=False),
    Index(None, "kind", "slot_at"),
)

statistics_states = Table(
    "statistics_states",
    metadata,
    Column("shard", String(64), primary_key=True),
    Column("state", Text, nullable=False),
)
