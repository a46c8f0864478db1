"""The tables of what people and programs write, and of what the server keeps account of.

Times are integer microseconds since the epoch (UTC), durations integer microseconds. All personal data is here, where
it can be erased. A row refers to an interaction by its id without a foreign key (records/projection_tables.py): what
people write may come before the projector has been there.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from records.schema import RowId, metadata

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("merged_into", String(64), index=True),
)

customer_merges = Table(
    "customer_merges",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("customer_id", String(64), ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("into_id", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", String(64)),
)

customer_attributes = Table(
    "customer_attributes",
    metadata,
    Column("customer_id", String(64), ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("customer_id", String(64), ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("value", String(255), nullable=False, index=True),
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
    Column("name", String(64), primary_key=True, index=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("agent_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

mentions = Table(
    "mentions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("note_id", RowId, ForeignKey("notes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("agent_id", String(64), nullable=False),
    Column("seen_at", BigInteger),
    Index(None, "agent_id", "seen_at"),
)

own_replies = Table(
    "own_replies",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("title", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("entry", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("locale", String(35), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("agent_name", String(255)),
    Column("ended_at", BigInteger, index=True),
    Column("ended_by", String(16)),
    Column("customer_delivered", Integer, nullable=False),
    Column("customer_read", Integer, nullable=False),
    Column("agent_delivered", Integer, nullable=False),
    Column("agent_read", Integer, nullable=False),
    Column("elsewhere", String(64)),
)

messages = Table(
    "messages",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("author", String(16), nullable=False),
    Column("agent_id", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("client_id", String(64)),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("file_id", String(64)),
    UniqueConstraint("interaction_id", "agent_id", "client_id"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("work_id", String(64), primary_key=True),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("by", String(64), nullable=False),
    Column("agent_id", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

whispers = Table(
    "whispers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("after", Integer, nullable=False),
    Column("by", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("agent_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

chat_files = Table(
    "chat_files",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("gone_at", BigInteger),
    Index(None, "gone_at", "at"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("score", Integer, nullable=False),
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

overlay_versions = Table(
    "overlay_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String(128), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("comment", Text, nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("teams", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_teams = Table(
    "audit_teams",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
)

wallboards = Table(
    "wallboards",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(100), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("teams", JSON, nullable=False),
    Column("queues", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(64), nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("work_id", String(64), primary_key=True),
    Column("interaction_id", String(64), nullable=False),
    Column("submitter", String(64), nullable=False),
    Column("idempotency_key", String(255)),
    Column("body_hash", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("queued", Boolean, nullable=False),
    UniqueConstraint("submitter", "idempotency_key"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("hook", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("finished_at", BigInteger),
    Index(None, "state", "due_at"),
    Index(None, "created_at", "id"),
)

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("interaction_id", String(64), nullable=False, index=True),
    Column("queue", String(64), nullable=False),
    Column("number", String(64), nullable=False, index=True),
    Column("language", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("file", String(255)),
    Column("duration_us", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("done_by", String(64)),
    Column("taken_by", String(64)),
    Column("taken_at", BigInteger),
    Column("note", Text),
    Column("name", String(400)),
    Column("text", Text),
    Index(None, "done_at", "id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("cleared_at", BigInteger),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", String(64)),
    Index(None, "cleared_at"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("interaction_id", String(64), nullable=False, unique=True),
    Column("work_id", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("agents", JSON, nullable=False),
    Column("node", String(64), nullable=False),
    Column("told", String(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("reason", Text),
    Column("file", String(64)),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("duration_us", BigInteger),
    Column("pauses", JSON, nullable=False),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Column("keep_days", Integer, nullable=False),
    Column("keep_until", BigInteger, index=True),
    Column("removed_at", BigInteger),
    Column("removed_by", String(64)),
)
