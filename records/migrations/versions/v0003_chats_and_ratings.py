"""Chats with their messages, and customers' ratings."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0002 to v0003."""
    op.create_table(
        "chats",
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("agent_name", sa.String(length=255), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=16), nullable=True),
        sa.Column("customer_delivered", sa.Integer(), nullable=False),
        sa.Column("customer_read", sa.Integer(), nullable=False),
        sa.Column("agent_delivered", sa.Integer(), nullable=False),
        sa.Column("agent_read", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_chats")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_chats_token_hash")),
    )
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chats_ended_at"), ["ended_at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", "number", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "interaction_id", "agent_id", "client_id", name=op.f("uq_messages_interaction_id_agent_id_client_id")
        ),
    )
    op.create_table(
        "ratings",
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_ratings")),
    )


def downgrade() -> None:
    """Goes back to v0002; what was said is gone."""
    op.drop_table("ratings")
    op.drop_table("messages")
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_chats_ended_at"))
    op.drop_table("chats")
