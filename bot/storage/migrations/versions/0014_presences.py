"""Claims on people's presence, and what they want to be done by itself."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("lease_until", UtcDateTime),
        sa.PrimaryKeyConstraint("platform", "user_id", name="pk_presences"),
    )
    op.create_index("ix_presences_due_at", "presences", ["due_at"])
    op.create_table(
        "automations",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("cursors", sa.Text, nullable=False, server_default="{}"),
        sa.Column("due_at", UtcDateTime),
        sa.PrimaryKeyConstraint("platform", "user_id", name="pk_automations"),
    )
    op.create_index("ix_automations_due_at", "automations", ["due_at"])
