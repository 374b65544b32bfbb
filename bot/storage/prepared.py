"""Statements that every command runs: compiled once, so that they cost what the database does.

Building a statement and finding it among those that were compiled before costs SQLAlchemy several
times what SQLite needs to carry it out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Build = Callable[[Any], sa.ClauseElement]
"""Makes a statement with bound parameters, given the dialect's own `insert`."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    binds: tuple[tuple[str, Callable[[Any], Any] | None], ...]


class Prepared:
    """One statement. Its result has the driver's own values; only texts and numbers are alike.

    Args:
        build: See `Build`. Every value is a parameter by name (`sa.bindparam`).
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        """Run it once."""
        known = self._known(connection.dialect)
        return connection.exec_driver_sql(known.text, _bound(known, values))

    def run_each(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each of several rows, if there are any."""
        known = self._known(connection.dialect)
        bound = [_bound(known, values) for values in rows]
        if bound:
            connection.exec_driver_sql(known.text, bound)

    def _known(self, dialect: sa.Dialect) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            own = postgresql if dialect.name == "postgresql" else sqlite
            compiled: Any = self._build(own.insert).compile(dialect=dialect)
            binds = tuple(
                (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
                for name in compiled.positiontup
            )
            known = self._compiled[dialect.name] = _Compiled(str(compiled), binds)
        return known


def inserting(table: sa.Table, *columns: str) -> Callable[[Any], Any]:
    """A new row with these columns."""
    return lambda insert: insert(table).values(parameters(table, *columns))


def parameters(table: sa.Table, *columns: str) -> dict[str, Any]:
    """Parameters called like the columns that they are for."""
    return {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}


def _bound(known: _Compiled, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        [
            values[name] if process is None else process(values[name])
            for name, process in known.binds
        ]
    )
