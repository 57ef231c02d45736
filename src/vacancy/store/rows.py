"""Many rows at once: spelt once for each database, each value told the way its column keeps it.

SQLAlchemy's own way costs for each value what SQLite takes for a whole row, and for each statement
what SQLite takes for thirty rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import JSON, ColumnElement, CursorResult, Date, Select, Table, literal_column
from sqlalchemy.engine import Dialect
from sqlmodel import Session

from vacancy.store.types import UTCDateTime

_Spell = Callable[[Any], Any] | None
#: The same for a whole column of what was read.
_Understand = Callable[[Sequence[Any]], Sequence[Any]]


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


@dataclass(frozen=True, slots=True)
class _Spelt:
    """A statement as one database takes it: the names of its values in order (None: by name), how
    each is told, and what is always the same.
    """

    text: str
    order: tuple[str, ...] | None
    spell: Mapping[str, _Spell]
    fixed: Mapping[str, Any]

    def told(self, values: Mapping[str, Any]) -> Any:
        """The values of its parameters, as the driver takes them."""
        told = {
            name: value if (how := self.spell[name]) is None else how(value)
            for name, value in values.items()
        }
        told |= self.fixed
        return told if self.order is None else tuple([told[name] for name in self.order])


class Statement:
    """A statement that stays the same but for the values of its parameters, none of them a list."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._spelt: dict[str, _Spelt] = {}

    def run(self, session: Session, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it once. What comes back is as the driver gives it."""
        session.flush()
        connection = session.connection()
        spelt = self._as_taken(connection.dialect)
        return connection.exec_driver_sql(spelt.text, spelt.told(values))

    def run_each(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of these."""
        if not rows:
            return
        session.flush()
        connection = session.connection()
        spelt = self._as_taken(connection.dialect)
        connection.exec_driver_sql(spelt.text, list(map(spelt.told, rows)))

    def _as_taken(self, dialect: Dialect) -> _Spelt:
        spelt = self._spelt.get(dialect.name)
        if spelt is None:
            spelt = self._spelt[dialect.name] = self._spell(dialect)
        return spelt

    def _spell(self, dialect: Dialect) -> _Spelt:
        compiled = self._statement.compile(dialect=dialect)
        binds = compiled.binds
        return _Spelt(
            text=str(compiled),
            order=None if compiled.positiontup is None else tuple(compiled.positiontup),
            spell={name: _way(bind.type, dialect) for name, bind in binds.items()},
            fixed={name: bind.value for name, bind in binds.items() if not bind.required},
        )


class Question(Statement):
    """A select that stays the same but for the values of its parameters."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        super().__init__(statement)
        self._kinds = [column.type for column in statement.selected_columns]
        self._ways: dict[str, list[tuple[int, _Understand]]] = {}

    def rows(self, session: Session, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of the answer, each value as its column understands it."""
        found = self.run(session, asked).all()
        if not found:
            return []
        columns: list[Sequence[Any]] = list(zip(*found, strict=True))
        for place, understand in self._back(session.connection().dialect):
            columns[place] = understand(columns[place])
        return list(zip(*columns, strict=True))

    def _back(self, dialect: Dialect) -> list[tuple[int, _Understand]]:
        if dialect.name not in self._ways:
            ways = ((place, _way_back(kind, dialect)) for place, kind in enumerate(self._kinds))
            self._ways[dialect.name] = [(place, way) for place, way in ways if way is not None]
        return self._ways[dialect.name]


def words(said: Iterable[str]) -> list[ColumnElement[str]]:
    """Words of our own as parts of a statement: with values in their place it is spelt each time
    that it is asked.
    """
    return [literal_column(f"'{word}'") for word in sorted(said)]


def _way_back(kind: Any, dialect: Dialect) -> _Understand | None:
    """How the values of a column are understood; None: as they are."""
    if isinstance(kind, JSON) and dialect.name == "sqlite":
        return _at_once
    way = kind.dialect_impl(dialect).result_processor(dialect, None)
    return None if way is None else lambda column: list(map(way, column))


def _at_once(texts: Sequence[str | None]) -> Sequence[Any]:
    """What these texts of JSON say: decoding one costs as much as decoding many."""
    return json.loads(f"[{','.join(['null' if one is None else one for one in texts])}]")
