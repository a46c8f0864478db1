"""Notes that name a colleague."""

import sqlalchemy as sa
from alembic import op

revision = "v0014"
down_revision = "v0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0013 to v0014."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "mentions",
        sa.Column("id", row_id, nullable=False),
        sa.Column("note_id", row_id, nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_mentions_note_id_notes"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_note_id"), "mentions", ["note_id"])
    op.create_index(op.f("ix_mentions_agent_id_seen_at"), "mentions", ["agent_id", "seen_at"])


def downgrade() -> None:
    """Goes back to v0013; whom notes name is forgotten."""
    op.drop_index(op.f("ix_mentions_agent_id_seen_at"), "mentions")
    op.drop_index(op.f("ix_mentions_note_id"), "mentions")
    op.drop_table("mentions")
