"""What a replay needs: the event that was answered, and whether a write was sent once more."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("intents", sa.Column("event", sa.Text))
    op.add_column(
        "follow_ups",
        sa.Column("written_again", sa.Boolean, nullable=False, server_default=sa.false()),
    )
