"""Short numbers of events, and which message says what to whom."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "handles",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("calendar_id", sa.Text),
        sa.Column("given_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("owner", "number", name="pk_handles"),
    )
    event = ["owner", "provider", "account_id", "event_id"]
    op.create_index("uq_handles_event", "handles", event, unique=True)
    op.create_index("ix_handles_given_at", "handles", ["given_at"])
    op.add_column("deliveries", sa.Column("owner", sa.Text, nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("settled_at", UtcDateTime))
    op.add_column("deliveries", sa.Column("place", sa.Text))
    op.create_index("ix_deliveries_owner", "deliveries", ["owner", "settled_at"])
    op.create_index("ix_deliveries_place", "deliveries", ["place", "message_id"])
