"""Units with their nights, many at a time: plain rows, by a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam, exists, func, or_, select
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.domain.nights import ONE_NIGHT, Nights
from vacancy.store import tables
from vacancy.store.stays import batched

_UNIT: Table = tables.metadata.tables["unit"]
_NIGHT: Table = tables.metadata.tables["night"]
_STAY: Table = tables.metadata.tables["stay"]

_COLUMNS = ("id", "slug", "property_id", "name", "timezone", "max_guests")
_SHOWN = select(*(_UNIT.c[name] for name in _COLUMNS)).where(
    _UNIT.c.account_id == bindparam("account"), _UNIT.c.retired_at.is_(None)
)
_SPAN = (_NIGHT.c.night >= bindparam("first"), _NIGHT.c.night <= bindparam("last"))
_NOBODYS = ~exists().where(_NIGHT.c.unit_id == _UNIT.c.id, *_SPAN)
_FILTERS: dict[str, Any] = {
    "property_id": _UNIT.c.property_id == bindparam("property_id"),
    "unit_id": _UNIT.c.id == bindparam("unit_id"),
    "guests": _UNIT.c.max_guests >= bindparam("guests"),
}
# Built once: building a statement costs more than running it.
_ONE = _SHOWN.where(or_(_UNIT.c.id == bindparam("name"), _UNIT.c.slug == bindparam("name")))
_NIGHTS = (
    select(_NIGHT)
    .where(_NIGHT.c.unit_id.in_(bindparam("units", expanding=True)), *_SPAN)
    .order_by(_NIGHT.c.unit_id, _NIGHT.c.night)
)
_HOLDERS = select(*(_STAY.c[name] for name in ("id", "kind", "reason", "channel", "status"))).where(
    _STAY.c.id.in_(bindparam("stays", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which units in use: one, those of a property, for at least so many guests; None: any."""

    property_id: str | None = None
    guests: int | None = None
    unit_id: str | None = None


def page(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[Sequence[Row[Any]], int]:
    """One page of the units, by slug, and how many there are; rows of what a calendar tells."""
    names, values = _said(account_id, wanted)
    passed, limit = place
    asked = {**values, "passed": passed, "limit": limit}
    rows = session.connection().execute(_page(names), asked).all()
    if len(rows) < limit and (rows or not passed):
        return rows, passed + len(rows)
    return rows, session.connection().execute(_count(names), values).scalar_one()


def free(session: Session, account_id: str, wanted: Wanted, within: Nights) -> Sequence[Row[Any]]:
    """All of the units of which no stay holds a night within, by slug, as rows of `page`."""
    names, values = _said(account_id, wanted)
    return session.connection().execute(_free(names), values | _span(within)).all()


def unit(session: Session, account_id: str, name: str) -> Row[Any]:
    """A unit in use, by id or slug, as a row of `page`. Raises Unknown."""
    row = session.connection().execute(_ONE, {"account": account_id, "name": name}).first()
    if row is None:
        raise Unknown("unit", name)
    return row


def held(session: Session, unit_ids: Sequence[str], within: Nights) -> dict[str, dict[date, str]]:
    """Which stay holds each of the nights within that any holds, by unit."""
    found: dict[str, dict[date, str]] = {unit_id: {} for unit_id in unit_ids}
    for asked in batched(unit_ids):
        for row in session.connection().execute(_NIGHTS, {"units": asked, **_span(within)}):
            found[row.unit_id][row.night] = row.stay_id
    return found


def holders(session: Session, stay_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Of these stays what a calendar tells, by id."""
    # Joined with the nights, a database that counts on more of them would read every stay.
    asked = batched(sorted({*stay_ids}))
    return {
        row.id: row
        for ids in asked
        for row in session.connection().execute(_HOLDERS, {"stays": ids})
    }


def _span(within: Nights) -> dict[str, Any]:
    return {"first": within.arrival, "last": within.departure - ONE_NIGHT}


def _said(account_id: str, wanted: Wanted) -> tuple[frozenset[str], dict[str, Any]]:
    named = {name: getattr(wanted, name) for name in _FILTERS}
    said = {name: value for name, value in named.items() if value is not None}
    return frozenset(said), {"account": account_id, **said}


@lru_cache(maxsize=16)
def _page(names: frozenset[str]) -> Select[Any]:
    query = _matching(names).order_by(_UNIT.c.slug)
    return query.limit(bindparam("limit")).offset(bindparam("passed"))


@lru_cache(maxsize=16)
def _count(names: frozenset[str]) -> Select[Any]:
    return _matching(names).with_only_columns(func.count())


@lru_cache(maxsize=16)
def _free(names: frozenset[str]) -> Select[Any]:
    return _matching(names).where(_NOBODYS).order_by(_UNIT.c.slug)


def _matching(names: frozenset[str]) -> Any:
    return _SHOWN.where(*(_FILTERS[name] for name in sorted(names)))
