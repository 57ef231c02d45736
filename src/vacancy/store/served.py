"""What a server of exports keeps in memory, and how it learns cheaply that this changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, null, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from vacancy.store import tables
from vacancy.store.session import Store

_EXPORT: Table = tables.metadata.tables["export"]
_UNIT: Table = tables.metadata.tables["unit"]
_FEED: Table = tables.metadata.tables["feed"]

#: Where PostgreSQL tells that exports changed (migration 0002).
_CHANNEL = "vacancy_exports"

#: The fields of `ServedExport` that an export's row holds.
_COLUMNS = (
    *("id", "unit_id", "token_hash", "revision", "version"),
    *("body", "etag", "last_modified", "old_token_hash", "old_token_until"),
)

#: What a store that is down, locked or damaged raises.
StoreFailure = (SQLAlchemyError, sqlite3.Error, OSError)


@dataclass(frozen=True, slots=True)
class ServedExport:
    """A live export as it is served.

    `body` is gzipped; with `etag` and `last_modified` it is None until something was published, and
    where it was not asked for. A rotated-out token finds it until `old_token_until`. `unanswered`
    counts the unit's feeds that never gave a good answer.
    """

    id: str
    unit_id: str
    token_hash: str
    revision: int
    version: int
    body: bytes | None
    etag: str | None
    last_modified: datetime | None
    old_token_hash: str | None
    old_token_until: datetime | None
    unit_created_at: datetime
    unit_published_at: datetime | None
    unanswered: int


def load(
    session: Session, unit_ids: Sequence[str], *, bodies: bool = True
) -> Iterator[ServedExport]:
    """The live exports of these units; without `bodies`, those are not read."""
    query = _serving(bodies=bodies).where(_EXPORT.c.unit_id.in_(unit_ids))
    for row in session.execute(query.execution_options(yield_per=500)):
        yield ServedExport(*row)


def published(session: Session, export_id: str) -> ServedExport | None:
    """A live export, with its body."""
    row = session.execute(_PUBLISHED, {"export": export_id}).one_or_none()
    return None if row is None else ServedExport(*row)


def _serving(*, bodies: bool) -> Select[Any]:
    unanswered = (
        select(func.count())
        .where(_FEED.c.unit_id == _UNIT.c.id)
        .where(_FEED.c.retired_at.is_(None), _FEED.c.last_good_at.is_(None))
        .scalar_subquery()
    )
    columns = [
        null() if column == "body" and not bodies else _EXPORT.c[column] for column in _COLUMNS
    ]
    return (
        select(*columns, _UNIT.c.created_at, _UNIT.c.published_at, unanswered)
        .join(_UNIT, _UNIT.c.id == _EXPORT.c.unit_id)
        .where(_EXPORT.c.revoked_at.is_(None))
    )


_PUBLISHED = _serving(bodies=True).where(_EXPORT.c.id == bindparam("export"))


def waiting(session: Session, created_after: datetime) -> set[str]:
    """The units made since then that no person published and one of whose feeds never gave a good
    answer.
    """
    query = (
        select(_UNIT.c.id)
        .join(_FEED, _FEED.c.unit_id == _UNIT.c.id)
        .where(_UNIT.c.created_at > created_after, _UNIT.c.published_at.is_(None))
        .where(_FEED.c.retired_at.is_(None), _FEED.c.last_good_at.is_(None))
    )
    return set(session.execute(query.distinct()).scalars())


def totals(session: Session) -> tuple[int, int]:
    """How many live exports there are, and the sum of their revisions: both from the index alone.

    The sum does not depend on the order of commits, as a newest instant or number would.
    """
    query = select(func.count(), func.coalesce(func.sum(_EXPORT.c.revision), 0))
    row = session.execute(query.where(_EXPORT.c.revoked_at.is_(None))).one()
    return int(row[0]), int(row[1])


def totals_by_unit(session: Session) -> Iterator[tuple[str, int, int]]:
    """The same, unit by unit."""
    query = (
        select(_EXPORT.c.unit_id, func.count(), func.sum(_EXPORT.c.revision))
        .where(_EXPORT.c.revoked_at.is_(None))
        .group_by(_EXPORT.c.unit_id)
    )
    for unit_id, count, total in session.execute(query.execution_options(yield_per=500)):
        yield unit_id, int(count), int(total)


class Pulse:
    """Tells whether anyone may have committed since it was last asked.

    SQLite says so exactly, in microseconds, to a connection that is kept for the question. On
    PostgreSQL a connection listens to what the tables that exports are made of tell at a commit.
    Any thread may ask, one at a time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None
        self._seen: int | None = None

    def beat(self) -> bool:
        """True at first, after any commit, and after a failure. Raises a `StoreFailure`."""
        try:
            moved = self._moved(self._connection or self._open())
        except Exception:
            self.close()
            raise
        return moved

    def missed(self) -> None:
        """What the last beat announced could not be read: the next one says yes again."""
        self._seen = None

    def close(self) -> None:
        connection, self._connection, self._seen = self._connection, None, None
        if connection is not None:
            self._store.let_go(connection)

    def _open(self) -> Connection:
        self._connection = connection = self._store.keep()
        if not self._store.is_sqlite:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
        return connection

    def _moved(self, connection: Connection) -> bool:
        driver: Any = connection.connection.driver_connection
        if self._store.is_sqlite:
            # Past SQLAlchemy, which would begin a transaction: it would see nothing new.
            version = driver.cursor().execute("PRAGMA data_version").fetchone()[0]
        else:
            connection.exec_driver_sql("SELECT 1")  # whether the server is there at all
            version = (self._seen or 0) + sum(1 for _ in driver.notifies(timeout=0))
        moved = version != self._seen
        self._seen = version
        return moved
