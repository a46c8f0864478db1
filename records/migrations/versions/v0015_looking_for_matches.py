"""Who else gave the same number or address is asked each time that somebody looks at a customer."""

from alembic import op

revision = "v0015"
down_revision = "v0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes from v0014 to v0015."""
    op.create_index(op.f("ix_interaction_data_name"), "interaction_data", ["name"])
    op.create_index(op.f("ix_identities_value"), "identities", ["value"])
    op.create_index(op.f("ix_follow_ups_number"), "follow_ups", ["number"])


def downgrade() -> None:
    """Goes back to v0014; it is only slower then."""
    op.drop_index(op.f("ix_follow_ups_number"), "follow_ups")
    op.drop_index(op.f("ix_identities_value"), "identities")
    op.drop_index(op.f("ix_interaction_data_name"), "interaction_data")
