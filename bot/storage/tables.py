"""What the database holds. Changed only together with a migration; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware moments, kept as UTC: SQLite knows no time zones."""

    impl: type[sa.DateTime] = sa.DateTime  # type: ignore[mutable-override] # as its base says
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Convert to UTC and drop the zone."""
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Say that it is UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Names for every constraint, so that a migration can address them on either database."""

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("received_at", UtcDateTime, nullable=False, index=True),
    # The sender as text; only forgetting somebody looks for it, so there is no index to keep.
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    # Which process has it in hand, see `bot.storage.shared_store`; empty where there is but one.
    sa.Column("holder", sa.Integer),
    # An id is never used twice, even after pruning: rows of other tables refer to it.
    sqlite_autoincrement=True,
)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("entry_id", sa.ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("wanted", sa.Text, nullable=False),
    sa.Column("stored_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("event", sa.Text),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "entry_id", sa.ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("delivery", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text),
    # As in `inbox`; those that an older release kept are nobody's, and gone after two days.
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    # Empty while it waits, and if it was given up.
    sa.Column("delivered_at", UtcDateTime),
    # Where its message stands; see `bot.storage.said`.
    sa.Column("place", sa.Text),
    sa.Index("ix_deliveries_owner", "owner", "delivered_at"),
    sa.Index("ix_deliveries_place", "place", "message_id"),
    sqlite_autoincrement=True,
)

follow_ups = sa.Table(
    "follow_ups",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "delivery_id",
        sa.ForeignKey("deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("superseded", sa.Boolean, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
    sa.Column("written_again", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)

buttons = sa.Table(
    "buttons",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("button", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    # As in `inbox`.
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    sa.Column("question", sa.Text, nullable=False, server_default=""),
    sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false()),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("change", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

handles = sa.Table(
    "handles",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("calendar_id", sa.Text),
    sa.Column("given_at", UtcDateTime, nullable=False, index=True),
    sa.Index("uq_handles_event", "owner", "provider", "account_id", "event_id", unique=True),
)

accounts = sa.Table(
    "accounts",
    metadata,
    # The order in which they were linked.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
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
    sa.Index("ix_accounts_owner", "platform", "user_id"),
    sa.Index("ix_accounts_subject", "provider", "subject"),
    sa.Index(
        "uq_accounts_one_owner",
        "provider",
        "subject",
        unique=True,
        # On PostgreSQL too (migration 0010), but to say so here would load that dialect everywhere.
        sqlite_where=sa.text("provider = 'cronofy'"),
    ),
    sqlite_autoincrement=True,
)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    # The fingerprint of the key that `sealed` was sealed with.
    sa.Column("key", sa.Text, nullable=False, index=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("lease_until", UtcDateTime),
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    # Hashes of what stands in addresses; rows are few, so they are looked for without an index.
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("attempt", sa.Text, nullable=False),
    # What waits for the last answer, and the fingerprint of the key that it was sealed with.
    sa.Column("key", sa.Text),
    sa.Column("sealed", sa.Text),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("chat_id", sa.Text, primary_key=True),
    sa.Column("belongs", sa.Boolean, nullable=False),
    sa.Column("checked_at", UtcDateTime, nullable=False),
    sa.Column("shown", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unasked", sa.Boolean, nullable=False, server_default=sa.false()),
)

groups = sa.Table(
    "groups",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("chat_id", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("former_id", sa.Text, nullable=False),
)

group_cards = sa.Table(
    "group_cards",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("meeting_id", sa.Text, nullable=False),
    # Whose account reads it: the poster as text, as in `inbox`, and the account.
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    # Where it is; as in `deliveries`.
    sa.Column("chat", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text),
    # What it shows, with the keys of its buttons.
    sa.Column("delivery", sa.Text, nullable=False),
    sa.Column("due_at", UtcDateTime, index=True),
    sa.Column("lease_until", UtcDateTime),
    # As the holder in `inbox`.
    sa.Column("lease_by", sa.Integer),
    sa.Column("touches", sa.Integer, nullable=False, server_default="0"),
    sa.Column("edited_at", UtcDateTime),
    sa.Column("failing", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_group_cards_meeting", "meeting_id", "place", "provider"),
    sa.Index("ix_group_cards_chat", "chat", "message_id"),
    sqlite_autoincrement=True,
)

nudges = sa.Table(
    "nudges",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("meeting_id", sa.Text, primary_key=True),
    sa.Column("nudged_at", UtcDateTime, nullable=False),
    # The message that asked for it.
    sa.Column("entry_id", sa.Integer, nullable=False),
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("chosen", sa.Boolean, nullable=False, server_default=sa.false()),
    # Unknown of those who were met before it was noted; a later write leaves it as it is.
    sa.Column("met_at", UtcDateTime, default=_now),
)

refused = sa.Table(
    "refused",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("refused_at", UtcDateTime, nullable=False),
)

troubles = sa.Table(
    "troubles",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("told_at", UtcDateTime),
    sa.Column("told_over", sa.Boolean, nullable=False),
    # As JSON: what is in trouble, and when that was last seen.
    sa.Column("subjects", sa.Text, nullable=False),
)

presences = sa.Table(
    "presences",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    # As JSON: it is only ever read and written as a whole.
    sa.Column("ledger", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("due_at", UtcDateTime, index=True),
    sa.Column("lease_until", UtcDateTime),
)

automations = sa.Table(
    "automations",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    # As JSON, likewise.
    sa.Column("choices", sa.Text, nullable=False),
    sa.Column("cursors", sa.Text, nullable=False, server_default="{}"),
    sa.Column("due_at", UtcDateTime, index=True),
)
