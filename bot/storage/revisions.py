"""Which revision of the tables a database has. Migrations themselves are `bot.storage.upgrading`.

Nearly every start finds the current one, and then what migrates need not even be imported.
"""

import sqlalchemy as sa

CURRENT = "0017"
"""The revision that makes the tables of `bot.storage.tables`; a test compares it."""
_table = sa.table("alembic_version", sa.column("version_num", sa.Text))


class UpgradeError(Exception):
    """The database is of a revision from which no way leads to the current one."""


def revision_of(connection: sa.Connection) -> str | None:
    """The revision of a database; None if there is nothing in it yet."""
    if not sa.inspect(connection).has_table(_table.name):
        return None
    revision: str | None = connection.execute(sa.select(_table.c.version_num)).scalar()
    return revision
