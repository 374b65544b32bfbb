"""Which of several processes has a message in hand; and news of what they keep in caches."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_CHANNEL = "rsvp_bot_changed"
_CACHED = (
    "accounts",
    "automations",
    "credentials",
    "group_cards",
    "groups",
    "handles",
    "memberships",
    "people",
    "refused",
)


def upgrade() -> None:
    op.add_column("inbox", sa.Column("holder", sa.Integer))
    op.add_column("group_cards", sa.Column("lease_by", sa.Integer))
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        f"""
        CREATE FUNCTION rsvp_bot_tell() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{_CHANNEL}', TG_TABLE_NAME);
            RETURN NULL;
        END $$
        """
    )
    for table in _CACHED:
        op.execute(
            f"""
            CREATE TRIGGER rsvp_bot_tell AFTER INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION rsvp_bot_tell()
            """
        )
