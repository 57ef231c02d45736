"""How a database finds what it is asked for: the plan of every statement of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from vacancy.store import tables
from vacancy.store.session import Store

#: Without a condition these read a whole index, and all that it points at.
_BY_AN_INDEX = ("Index Scan", "Index Only Scan")
#: PostgreSQL reads a table of fewer rows whole where that is the least work, and is right.
SMALL = 5_000
_BY_INDEX = re.compile(r"INDEX (\w+) \(")
_SCAN = re.compile(r"SCAN (?!CONSTANT|\()(\w+)(?: |$)")


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, the indexes that find its rows, and tables that are read whole."""

    statement: str
    indexes: tuple[str, ...]
    scanned: tuple[str, ...]


@contextmanager
def heard(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run within the block, each with its values."""
    found: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(store.engine, "before_cursor_execute", hear)


def explain(store: Store, asked: list[tuple[str, Any]], *, forced: bool = False) -> list[Plan]:
    """The plan of each statement.

    `forced`: PostgreSQL reads a table whole only where no index could serve. Where a store is small
    that is what is asked about; a full one is asked what it does of itself.
    """
    with store.engine.connect() as connection:
        if store.is_sqlite:
            return [_sqlite(connection, *one) for one in asked]
        if forced:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql("SELECT relname, reltuples FROM pg_class").all()
        large = {name for name, count in rows if forced or count > SMALL}
        whole = frozenset({"Seq Scan"} if forced else {"Seq Scan", *_BY_AN_INDEX})
        return [_postgres(connection, large, whole, *one) for one in asked]


def _sqlite(connection: Any, statement: str, values: Any) -> Plan:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    details = [row[3] for row in rows]
    indexes = [found[1] for one in details if (found := _BY_INDEX.search(one))]
    scanned = [found[1] for one in details if (found := _SCAN.match(one))]
    whole = (name for name in scanned if name in tables.metadata.tables)
    return Plan(statement, tuple(dict.fromkeys(indexes)), tuple(whole))


def _postgres(
    connection: Any, large: set[str], whole: frozenset[str], statement: str, values: Any
) -> Plan:
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
    plan = json.loads(found) if isinstance(found, str) else found
    nodes = list(_nodes(plan[0]["Plan"]))
    indexes = [node["Index Name"] for node in nodes if "Index Name" in node]
    scanned = (
        node["Relation Name"]
        for node in nodes
        if node["Node Type"] in whole and "Index Cond" not in node
    )
    return Plan(
        statement, tuple(dict.fromkeys(indexes)), tuple(name for name in scanned if name in large)
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
