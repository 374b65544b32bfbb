"""Accounts that people linked, and their sealed credentials."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("linked_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_accounts"),
        sa.UniqueConstraint("id", name="uq_accounts_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_accounts_owner", "accounts", ["platform", "user_id"])
    op.create_index("ix_accounts_subject", "accounts", ["provider", "subject"])
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.PrimaryKeyConstraint("account_id", name="pk_credentials"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name="fk_credentials_account_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_credentials_key", "credentials", ["key"])
