"""Rows that are new or changed, written the same way: one statement, spelt for each database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


class Upsert:
    """Inserts rows by their `id`, or changes those that are there, except for the columns of
    `keep`. Each row must name every column that is written.
    """

    def __init__(self, table: Table, keep: Collection[str]) -> None:
        self._spelt: Mapping[str, Any] = {
            "sqlite": _spell(sqlite.insert(table), table, {"id", *keep}),
            "postgresql": _spell(postgresql.insert(table), table, {"id", *keep}),
        }

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that all name the same columns."""
        if rows:
            session.flush()
            connection = session.connection()
            connection.execute(self._spelt[connection.dialect.name], rows)


def _spell(insert: Any, table: Table, keep: Collection[str]) -> Any:
    changed = {one.name: insert.excluded[one.name] for one in table.c if one.name not in keep}
    return insert.on_conflict_do_update(index_elements=["id"], set_=changed)
