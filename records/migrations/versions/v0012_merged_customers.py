"""Customers who are one person, what merged them, and what is known of them by name."""

import sqlalchemy as sa
from alembic import op

revision = "v0012"
down_revision = "v0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0011 to v0012."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "customer_merges",
        sa.Column("id", row_id, nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("into_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_merges_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merges")),
    )
    op.create_index(op.f("ix_customer_merges_customer_id"), "customer_merges", ["customer_id"])
    op.create_table(
        "customer_attributes",
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_attributes_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "name", name=op.f("pk_customer_attributes")),
    )
    op.add_column("customers", sa.Column("merged_into", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_customers_merged_into"), "customers", ["merged_into"])


def downgrade() -> None:
    """Goes back to v0011; those who were merged are apart again."""
    op.drop_index(op.f("ix_customers_merged_into"), "customers")
    op.drop_column("customers", "merged_into")
    op.drop_table("customer_attributes")
    op.drop_index(op.f("ix_customer_merges_customer_id"), "customer_merges")
    op.drop_table("customer_merges")
