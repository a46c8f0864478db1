"""Messages that visitors write outside of the hours: who they are, and what they say."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0007 to v0008."""
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column("text", sa.Text(), nullable=True))


def downgrade() -> None:
    """Goes back to v0007; what was written is gone."""
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.drop_column("text")
        batch_op.drop_column("name")
