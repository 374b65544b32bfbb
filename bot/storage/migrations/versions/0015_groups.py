"""Groups with their cards, and who agreed to be shown there."""

import sqlalchemy as sa
from alembic import op

from bot.storage.tables import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for name in ("shown", "unasked"):
        op.add_column(
            "memberships", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.create_table(
        "groups",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("former_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("platform", "chat_id", name="pk_groups"),
    )
    op.create_table(
        "group_cards",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("meeting_id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("chat", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("touches", sa.Integer, nullable=False, server_default="0"),
        sa.Column("edited_at", UtcDateTime),
        sa.Column("failing", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_group_cards"),
        sa.UniqueConstraint("key", name="uq_group_cards_key"),
        sqlite_autoincrement=True,
    )
    for name, columns in {
        "owner": ["owner"],
        "account_id": ["account_id"],
        "due_at": ["due_at"],
        "meeting": ["meeting_id", "place", "provider"],
        "chat": ["chat", "message_id"],
    }.items():
        op.create_index(f"ix_group_cards_{name}", "group_cards", columns)
    op.create_table(
        "nudges",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("meeting_id", sa.Text, nullable=False),
        sa.Column("nudged_at", UtcDateTime, nullable=False),
        sa.Column("entry_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("provider", "place", "meeting_id", name="pk_nudges"),
    )
