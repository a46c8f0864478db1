"""Pictures and files in chats: what each is, and the message that it belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "v0011"
down_revision = "v0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0010 to v0011."""
    op.create_table(
        "chat_files",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("interaction_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_files")),
    )
    with op.batch_alter_table("chat_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chat_files_interaction_id"), ["interaction_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_chat_files_gone_at_at"), ["gone_at", "at"], unique=False)
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("file_id", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Goes back to v0010; which files there were is forgotten."""
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("file_id")
    with op.batch_alter_table("chat_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_chat_files_gone_at_at"))
        batch_op.drop_index(batch_op.f("ix_chat_files_interaction_id"))
    op.drop_table("chat_files")
