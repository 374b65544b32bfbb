"""The journal of changes, and whose a message and a button are, so that they can be forgotten."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_owner", "journal", ["owner"])
    op.create_index("ix_journal_at", "journal", ["at"])
    for table, row_id, text, owner in (
        ("inbox", "id", "message", lambda message: message["sender"]),
        ("buttons", "key", "button", lambda button: button["owner"]),
    ):
        op.add_column(table, sa.Column("owner", sa.Text, nullable=False, server_default=""))
        _name_owners(sa.table(table, sa.column(row_id), sa.column(text), sa.column("owner")), owner)


def _name_owners(table: sa.TableClause, owner_of: Callable[[Any], Any]) -> None:
    row_id, text, owner = table.c
    connection = op.get_bind()
    for key, value in connection.execute(sa.select(row_id, text)).all():
        try:
            found = owner_of(json.loads(value))
            name = f"{found['platform']}:{found['user_id']}"
        except (ValueError, KeyError, TypeError):
            # Nobody can read it any more, so nobody will be told of it either.
            continue
        connection.execute(sa.update(table).where(row_id == key).values({owner: name}))
