"""Who is refused, what the owner was told of, and since when somebody is known."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "refused",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("refused_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("platform", "user_id", name="pk_refused"),
    )
    op.create_table(
        "troubles",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("told_at", UtcDateTime),
        sa.Column("told_over", sa.Boolean, nullable=False),
        sa.Column("subjects", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_troubles"),
    )
    op.add_column("people", sa.Column("met_at", UtcDateTime))
