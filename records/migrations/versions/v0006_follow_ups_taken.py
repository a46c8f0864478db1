"""Who has taken a callback or a message, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0005 to v0006."""
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("taken_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("taken_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    """Goes back to v0005; who had taken what is gone."""
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.drop_column("note")
        batch_op.drop_column("taken_at")
        batch_op.drop_column("taken_by")
