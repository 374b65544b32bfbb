"""Statements that every command runs: compiled once, so that they cost what the database does.

Building a statement and finding it among those that were compiled before costs SQLAlchemy several
times what SQLite needs to carry it out.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from bot.storage.tables import UtcDateTime

Build = Callable[[Any], sa.ClauseElement]
"""Makes a statement with bound parameters, given the dialect's own `insert`."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    binds: tuple[tuple[str, Callable[[Any], Any] | None], ...]


class Result(Protocol):
    """As much of a driver's cursor as is asked for."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, None if there is none."""
        ...


class Prepared:
    """One statement. Its result has the driver's own values; only texts and numbers are alike.

    On SQLite it goes past SQLAlchemy to the driver, so what it raises there is the driver's too.

    Args:
        build: See `Build`. Every value is a parameter by name (`sa.bindparam`).
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Result:
        """Run it once."""
        known = self._known(connection.dialect)
        bound = _bound(known, values)
        driver: Any = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            return driver.execute(known.text, bound)
        return connection.exec_driver_sql(known.text, bound)

    def run_each(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each of several rows, if there are any."""
        known = self._known(connection.dialect)
        bound = [_bound(known, values) for values in rows]
        driver: Any = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.executemany(known.text, bound)
        elif bound:
            connection.exec_driver_sql(known.text, bound)

    def _known(self, dialect: sa.Dialect) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled: Any = self._build(insert_of(dialect)).compile(dialect=dialect)
            binds = tuple(
                (name, _processor(compiled.binds[name].type, dialect))
                for name in compiled.positiontup
            )
            known = self._compiled[dialect.name] = _Compiled(str(compiled), binds)
        return known


def insert_of(dialect: sa.Dialect) -> Callable[[sa.Table], Any]:
    """An INSERT that knows ON CONFLICT; both databases do, each by its own name."""
    if dialect.name == "postgresql":
        # Most have SQLite, and this brings several drivers' worth of types.
        from sqlalchemy.dialects.postgresql import insert as of_postgresql  # noqa: PLC0415

        return of_postgresql
    from sqlalchemy.dialects.sqlite import insert as of_sqlite  # noqa: PLC0415

    return of_sqlite


def inserting(table: sa.Table, *columns: str) -> Callable[[Any], Any]:
    """A new row with these columns."""
    return lambda insert: insert(table).values(parameters(table, *columns))


def parameters(table: sa.Table, *columns: str) -> dict[str, Any]:
    """Parameters called like the columns that they are for."""
    return {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}


def _processor(kind: Any, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """What makes a value one that the driver takes."""
    if dialect.name == "sqlite" and isinstance(kind, UtcDateTime):
        return _moment
    processor: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return processor


def _moment(value: datetime | None) -> str | None:
    """A moment as SQLAlchemy keeps it in SQLite, in a quarter of the time."""
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _bound(known: _Compiled, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        [
            values[name] if process is None else process(values[name])
            for name, process in known.binds
        ]
    )
