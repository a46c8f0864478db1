"""The tables. Times are integer microseconds since the epoch (UTC), durations integer microseconds.

`interactions`, `offers`, `steps` and `projector_positions` are projections of the journal and may be thrown away and
built again. Personal data is never among them: it is in the tables below, where it can be erased. Those refer to an
interaction by its id without a foreign key, because what people write may come before the projector has been there.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is declared INTEGER.
_RowId = BigInteger().with_variant(Integer, "sqlite")

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

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("customer_id", String(64), ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("value", String(255), nullable=False),
    Column("unverified", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("kind", "value"),
)

interaction_customers = Table(
    "interaction_customers",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("customer_id", String(64), ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True),
)

interaction_data = Table(
    "interaction_data",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("agent_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("agent_id", String(64)),
    Column("password_hash", String(255), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(64), ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

phones = Table(
    "phones",
    metadata,
    Column("user", String(64), primary_key=True),
    Column("realm", String(255), primary_key=True),
    Column("ha1_md5", String(32), nullable=False),
    Column("ha1_sha256", String(64), nullable=False),
)
