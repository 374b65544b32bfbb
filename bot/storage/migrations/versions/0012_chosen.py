"""Whether somebody has said what their time zone is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "people", sa.Column("chosen", sa.Boolean, nullable=False, server_default=sa.false())
    )
