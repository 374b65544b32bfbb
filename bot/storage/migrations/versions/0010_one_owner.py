"""A Cronofy account has one owner, whoever links it at the same moment."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    cronofy = sa.text("provider = 'cronofy'")
    op.create_index(
        "uq_accounts_one_owner",
        "accounts",
        ["provider", "subject"],
        unique=True,
        sqlite_where=cronofy,
        postgresql_where=cronofy,
    )
