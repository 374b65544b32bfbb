"""Which of the processes on a PostgreSQL database are there, as its locks tell."""

from typing import Any

import sqlalchemy as sa

REPLICA = 0x72657071
"""Names the locks that say so, beside the number of the process."""


def is_nobodys(holder: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Whether no process that is there has a row in hand."""
    return sa.or_(holder.is_(None), holder.not_in(numbers_there()))


def numbers_there() -> sa.Select[int]:
    """The numbers of the processes that are there.

    https://www.postgresql.org/docs/current/view-pg-locks.html
    """
    # Only here: it would bring along what a bot on SQLite never needs.
    from sqlalchemy.dialects.postgresql import OID  # noqa: PLC0415

    locks = sa.table(
        "pg_locks",
        sa.column("locktype", sa.Text),
        sa.column("classid", OID),
        sa.column("objid", OID),
        sa.column("objsubid", sa.SmallInteger),
        sa.column("database", OID),
        schema="pg_catalog",
    )
    here = sa.text("(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())")
    return sa.select(sa.cast(locks.c.objid, sa.BigInteger)).where(
        locks.c.locktype == "advisory",
        locks.c.classid == sa.literal_column(str(REPLICA)),
        locks.c.objsubid == sa.literal_column("2"),
        locks.c.database == here,
    )
