"""Chats that went over to another shard, whose visitors still come here."""

import sqlalchemy as sa
from alembic import op

revision = "v0017"
down_revision = "v0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0016 to v0017."""
    op.add_column("chats", sa.Column("elsewhere", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Goes back to v0016; which shard has a chat is lost."""
    op.drop_column("chats", "elsewhere")
