"""When a reply was delivered, and in which account an answer is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("follow_ups", sa.Column("account_id", sa.Text))
    # Either database takes the index along. Of what was delivered by then, it is near enough.
    op.execute("ALTER TABLE deliveries RENAME COLUMN settled_at TO delivered_at")
    op.execute("UPDATE deliveries SET delivered_at = NULL WHERE message_id IS NULL")
