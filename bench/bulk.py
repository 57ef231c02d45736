"""Rows by the hundred thousand into a store on either database, past every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, text

from vacancy.store import tables
from vacancy.store.session import Store
from vacancy.store.types import UTCDateTime

Load = Callable[[str, Sequence[str], Iterable[Sequence[Any]]], None]


@contextmanager
def loading(store: Store) -> Iterator[Load]:
    """Gives what loads rows into a table, given its columns, in one transaction.

    What JSON columns hold is given as text. The planner knows the tables when the block ends.
    """
    pool = store.engine.raw_connection()
    raw: Any = pool.driver_connection
    try:
        if store.is_sqlite:
            with _in_haste(raw):
                yield lambda *said: _into_sqlite(raw, *said)
        else:
            raw.execute("SET timezone = 'UTC'")
            yield lambda *said: _into_postgres(raw, *said)
            raw.commit()
    finally:
        pool.close()
    _settle(store)


@contextmanager
def _in_haste(raw: Any) -> Iterator[None]:
    """What is lost by a power cut now is drawn again."""
    for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -400000"):
        raw.execute(f"PRAGMA {pragma}")
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("BEGIN IMMEDIATE")
    yield
    raw.execute("COMMIT")
    for pragma in ("cache_size = -2000", "foreign_keys = ON", "journal_mode = WAL"):
        raw.execute(f"PRAGMA {pragma}")
    raw.execute("PRAGMA synchronous = FULL")


def _settle(store: Store) -> None:
    """What PostgreSQL does by itself within minutes. SQLite is left as it is: nobody analyses it,
    so its plans must be good without.
    """
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _into_sqlite(
    raw: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    spelt = [_spelling(table, column) for column in columns]
    places = ", ".join("?" * len(columns))
    raw.executemany(
        f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({places})',
        ([spell(value) for spell, value in zip(spelt, row, strict=True)] for row in rows),
    )


def _into_postgres(
    raw: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    with (
        raw.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({", ".join(columns)}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _spelling(table: str, column: str) -> Callable[[Any], Any]:
    """How SQLite keeps a value of this column."""
    kind = tables.metadata.tables[table].c[column].type
    if isinstance(kind, UTCDateTime):
        return _instant
    return _day if isinstance(kind, Date) else _same


def _instant(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _same(value: Any) -> Any:
    return value
