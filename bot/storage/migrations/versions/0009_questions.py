"""Buttons that belong to one question: the first that is pressed answers it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("buttons", sa.Column("question", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "buttons", sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false())
    )
