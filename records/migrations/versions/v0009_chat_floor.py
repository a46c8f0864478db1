"""Chats that are handed on with a note for the colleague, and what supervisors whisper to agents in a chat."""

import sqlalchemy as sa
from alembic import op

revision = "v0009"
down_revision = "v0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0008 to v0009."""
    op.create_table(
        "handovers",
        sa.Column("work_id", sa.String(length=64), primary_key=True),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_handovers_interaction_id", "handovers", ["interaction_id"])
    op.create_table(
        "whispers",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_whispers_interaction_id", "whispers", ["interaction_id"])


def downgrade() -> None:
    """Goes back to v0008; notes for colleagues and whispers are gone."""
    op.drop_table("whispers")
    op.drop_table("handovers")
