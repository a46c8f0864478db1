"""Canned replies that somebody keeps for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "v0016"
down_revision = "v0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0015 to v0016."""
    op.create_table(
        "own_replies",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_own_replies")),
    )


def downgrade() -> None:
    """Goes back to v0015; the replies are lost."""
    op.drop_table("own_replies")
