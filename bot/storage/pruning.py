"""Deleting what is old, a little at a time."""

import sqlalchemy as sa

from bot.storage.database import Database

AT_ONCE = 1000
"""Rows in one transaction: everybody else's writes wait no longer than for these, and a server has
that done long before it counts as away."""


async def delete_old(database: Database, table: sa.Table, *old: sa.ColumnElement[bool]) -> int:
    """Delete rows; how many.

    Raises:
        StorageError: Not now; what was deleted already stays deleted.
    """
    key = sa.tuple_(*table.primary_key)
    some = sa.select(*table.primary_key).where(*old).limit(AT_ONCE)
    delete = sa.delete(table).where(key.in_(some))
    count, last = 0, AT_ONCE
    while last == AT_ONCE:
        last = await database.write(lambda connection: connection.execute(delete).rowcount)
        count += last
    return count
