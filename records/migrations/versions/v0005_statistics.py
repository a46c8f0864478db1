"""The statistics' slots, and what they remember of what was open."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None

# As they were when this was written; router.counters may have more by now.
_NUMBERS = (
    *("arrived", "answered", "within", "abandoned", "abandoned_within", "short_abandoned", "diverted", "cancelled"),
    *("callbacks", "wait_us", "abandon_wait_us", "offers", "accepted", "missed", "rejected", "failed", "withdrawn"),
    *("handled", "ring_us", "talk_us", "hold_us", "wrap_up_us", "busy_us", "idle_us", "away_us"),
)


def upgrade() -> None:
    """Goes from v0004 to v0005."""
    op.create_table(
        "statistics_slots",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("slot_at", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _NUMBERS),
        sa.Column("waits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "slot_at", name=op.f("pk_statistics_slots")),
    )
    op.create_index(op.f("ix_statistics_slots_kind_slot_at"), "statistics_slots", ["kind", "slot_at"])
    op.create_table(
        "statistics_states",
        sa.Column("shard", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_statistics_states")),
    )


def downgrade() -> None:
    """Goes back to v0004."""
    op.drop_table("statistics_states")
    op.drop_table("statistics_slots")
