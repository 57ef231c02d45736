"""Many rows at once: spelt once for each database, each value told the way its column keeps it.

SQLAlchemy's own way costs for each value what SQLite takes for a whole row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import JSON, Date, Table
from sqlalchemy.engine import Dialect
from sqlmodel import Session

from vacancy.store.types import UTCDateTime

_Spell = Callable[[Any], Any] | None


class Rows:
    """Writes rows of these columns of a table. With `keep`, rows whose `id` is there are changed,
    except for the columns of `keep`; without, such a row is refused.
    """

    def __init__(
        self, table: Table, columns: Collection[str], keep: Collection[str] | None = None
    ) -> None:
        self._table, self._columns, self._keep = table, tuple(columns), keep
        self._spelt: dict[str, tuple[str, tuple[_Spell, ...]]] = {}

    def write(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that all name every one of the columns."""
        if not rows:
            return
        session.flush()
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name not in self._spelt:
            self._spelt[dialect.name] = self._spell(dialect)
        statement, spell = self._spelt[dialect.name]
        told = [
            tuple(
                [
                    row[name] if how is None else how(row[name])
                    for name, how in zip(self._columns, spell, strict=True)
                ]
            )
            for row in rows
        ]
        connection.exec_driver_sql(statement, told)

    def _spell(self, dialect: Dialect) -> tuple[str, tuple[_Spell, ...]]:
        quote = dialect.identifier_preparer.quote
        place = "?" if dialect.name == "sqlite" else "%s"
        names = ", ".join(map(quote, self._columns))
        places = ", ".join([place] * len(self._columns))
        # Of our own tables and columns alone.
        said = f"INSERT INTO {quote(self._table.name)} ({names}) VALUES ({places})"  # noqa: S608
        if self._keep is not None:
            changed = [quote(one) for one in self._columns if one not in {"id", *self._keep}]
            change = ", ".join(f"{name} = excluded.{name}" for name in changed)
            said = f"{said} ON CONFLICT (id) DO UPDATE SET {change}"
        return said, tuple(_way(self._table.c[name].type, dialect) for name in self._columns)


def _way(kind: Any, dialect: Dialect) -> _Spell:
    """How a column keeps its values; None: as they are."""
    if isinstance(kind, UTCDateTime):
        return kind.bind_processor(dialect)
    if isinstance(kind, JSON):
        return json.dumps
    return _day if isinstance(kind, Date) and dialect.name == "sqlite" else None


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
