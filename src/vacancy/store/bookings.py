"""Searching stays and conflicts of a whole account, for people and programs that ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam, func, or_, select
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.domain.stays import LIVE_STATUSES, ConflictStatus
from vacancy.store import tables
from vacancy.store.tables import Conflict, Event, Stay

_STAY: Table = tables.metadata.tables["stay"]
_UNIT: Table = tables.metadata.tables["unit"]
_CONFLICT: Table = tables.metadata.tables["conflict"]
_LIVE = tuple(status.value for status in LIVE_STATUSES)

#: What has a meaning of its own in LIKE.
_ESCAPED = re.compile("([/%_])")


def _like(column: Any) -> Any:
    return func.lower(column).like(bindparam("text"), escape="/")


_NAMED = select(_UNIT.c.id).where(
    _UNIT.c.account_id == bindparam("account"), or_(_like(_UNIT.c.name), _like(_UNIT.c.slug))
)
_OF_PROPERTY = select(_UNIT.c.id).where(_UNIT.c.property_id == bindparam("property_id"))
#: What each field of a wish asks for.
_FILTERS: dict[str, Any] = {
    "unit_id": _STAY.c.unit_id == bindparam("unit_id"),
    "property_id": _STAY.c.unit_id.in_(_OF_PROPERTY),
    "channel": _STAY.c.channel == bindparam("channel"),
    "kind": _STAY.c.kind == bindparam("kind"),
    "statuses": _STAY.c.status.in_(bindparam("statuses", expanding=True)),
    "since": _STAY.c.departure > bindparam("since"),
    "until": _STAY.c.arrival < bindparam("until"),
    "updated_since": _STAY.c.updated_at >= bindparam("updated_since"),
    "text": or_(_like(_STAY.c.reservation_code), _STAY.c.unit_id.in_(_NAMED)),
}
#: The same of conflicts.
_ASKED: dict[str, Any] = {
    "status": _CONFLICT.c.status == bindparam("status"),
    "unit_id": _CONFLICT.c.unit_id == bindparam("unit_id"),
    "property_id": _CONFLICT.c.unit_id.in_(_OF_PROPERTY),
}
_COLUMNS = (
    *("id", "unit_id", "channel", "kind", "reason", "status", "arrival", "departure"),
    *("reservation_code", "expires_at", "opened_at", "updated_at"),
)
_ROWS = select(*(_STAY.c[name] for name in _COLUMNS), _UNIT.c.slug, _UNIT.c.property_id).join(
    _UNIT, _UNIT.c.id == _STAY.c.unit_id
)
_ONE = _ROWS.where(_STAY.c.id == bindparam("stay"), _STAY.c.account_id == bindparam("account"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stays are asked for; None and empty mean any. `until` is exclusive, both are nights.

    `text` is looked for in reservation codes, and in the names of units.
    """

    unit_id: str | None = None
    property_id: str | None = None
    channel: str | None = None
    kind: str | None = None
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    updated_since: datetime | None = None
    text: str | None = None


def search(session: Session, account_id: str, wanted: Wanted) -> Sequence[Row[Any]]:
    """The stays that match, by unit and arrival, as rows of `page`."""
    names, values = _said(account_id, wanted)
    return session.connection().execute(_found(names), values).all()


def page(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[Sequence[Row[Any]], int]:
    """One page of the stays that match, by arrival, and how many there are.

    Rows of what a list tells of a stay, and of its unit `slug` and `property_id`.
    """
    names, values = _said(account_id, wanted)
    passed, limit = place
    asked = {**values, "passed": passed, "limit": limit}
    rows = session.connection().execute(_page(names), asked).all()
    if len(rows) < limit and (rows or not passed):
        return rows, passed + len(rows)
    return rows, session.connection().execute(_count(names), values).scalar_one()


def listed(session: Session, account_id: str, stay_id: str) -> Row[Any]:
    """One stay as a row of `page`. Raises Unknown."""
    row = session.connection().execute(_ONE, {"account": account_id, "stay": stay_id}).one_or_none()
    if row is None:
        raise Unknown("stay", stay_id)
    return row


def comers(session: Session, account_id: str, wanted: Wanted) -> Sequence[Row[Any]]:
    """Of the stays that match, by unit and arrival, what tells who comes and goes: `id`, `unit_id`,
    `slug`, `arrival`, `departure`; of units in use.
    """
    names, values = _said(account_id, wanted)
    return session.connection().execute(_comers(names), values).all()


def _said(account_id: str, wanted: Wanted) -> tuple[frozenset[str], dict[str, Any]]:
    """Which filters a wish names, and what a statement with those is asked with."""
    named = {one: getattr(wanted, one) for one in _FILTERS}
    said = {name: value for name, value in named.items() if value not in (None, ())}
    if "text" in said:
        plain = _ESCAPED.sub(r"/\1", said["text"].lower())
        said["text"] = f"%{plain}%"
    return frozenset(said), {"account": account_id, **said}


# Built once for each set of filters: building a statement costs more than running it.
@lru_cache(maxsize=512)
def _page(names: frozenset[str]) -> Select[Any]:
    # The index finds the page alone; only its rows are read.
    ids = _matching(select(_STAY.c.id), names).order_by(_STAY.c.arrival, _STAY.c.id)
    page = ids.limit(bindparam("limit")).offset(bindparam("passed"))
    return _ROWS.where(_STAY.c.id.in_(page)).order_by(_STAY.c.arrival, _STAY.c.id)


@lru_cache(maxsize=512)
def _count(names: frozenset[str]) -> Select[Any]:
    return _matching(select(func.count()).select_from(_STAY), names)


@lru_cache(maxsize=512)
def _found(names: frozenset[str]) -> Select[Any]:
    return _matching(_ROWS, names).order_by(_STAY.c.unit_id, _STAY.c.arrival, _STAY.c.id)


@lru_cache(maxsize=512)
def _comers(names: frozenset[str]) -> Select[Any]:
    columns = (_STAY.c.id, _STAY.c.unit_id, _UNIT.c.slug, _STAY.c.arrival, _STAY.c.departure)
    query = select(*columns).join(_UNIT, _UNIT.c.id == _STAY.c.unit_id)
    in_use = _matching(query, names).where(_UNIT.c.retired_at.is_(None))
    return in_use.order_by(_STAY.c.unit_id, _STAY.c.arrival, _STAY.c.id)


def _matching(query: Any, names: frozenset[str]) -> Any:
    account = bindparam("account")
    if "unit_id" in names:
        # A unit has few stays: its own index finds them, and not that of the account's list.
        query = query.where(_STAY.c.account_id.concat("") == account)
    else:
        query = query.where(_STAY.c.account_id == account)
    return query.where(*(_FILTERS[name] for name in sorted(names)))


def get(session: Session, account_id: str, stay_id: str) -> Stay:
    """One stay. Raises Unknown."""
    stay = session.get(Stay, stay_id, populate_existing=True)
    if stay is None or stay.account_id != account_id:
        raise Unknown("stay", stay_id)
    return stay


def live_counts(session: Session, account_id: str, today: date) -> dict[str, int]:
    """How many live stays that have not departed each unit has."""
    query = (
        select(Stay.unit_id, func.count())  # type: ignore[call-overload]
        .where(Stay.account_id == account_id, Stay.status.in_(_LIVE), Stay.departure > today)  # type: ignore[attr-defined]
        .group_by(Stay.unit_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def conflicts(session: Session, account_id: str, *, resolved: bool = False) -> list[Conflict]:
    """The account's conflicts by first night; with `resolved`, those that ended as well."""
    query = select(Conflict).where(Conflict.account_id == account_id)  # type: ignore[arg-type]
    if not resolved:
        query = query.where(Conflict.status != ConflictStatus.RESOLVED.value)  # type: ignore[arg-type]
    rows = session.execute(query, execution_options={"populate_existing": True}).scalars()
    return sorted(rows, key=lambda row: (row.nights[:1], row.opened_at, row.id))


@dataclass(frozen=True, slots=True)
class ConflictsWanted:
    """Which conflicts are asked for; None means any, but for the status: any but resolved."""

    status: str | None = None
    unit_id: str | None = None
    property_id: str | None = None


def conflict_page(
    session: Session, account_id: str, wanted: ConflictsWanted, place: tuple[int, int]
) -> tuple[Sequence[Row[Any]], int]:
    """One page of the conflicts that match, by first night, as rows; and how many there are."""
    said = {name: value for name in _ASKED if (value := getattr(wanted, name)) is not None}
    page, count = _conflicts(frozenset(said))
    values, (passed, limit) = {"account": account_id, **said}, place
    rows = session.connection().execute(page, {**values, "passed": passed, "limit": limit}).all()
    if len(rows) < limit and (rows or not passed):
        return rows, passed + len(rows)
    return rows, session.connection().execute(count, values).scalar_one()


@lru_cache(maxsize=16)
def _conflicts(names: frozenset[str]) -> tuple[Any, Any]:
    wanted = [_CONFLICT.c.account_id == bindparam("account"), *map(_ASKED.__getitem__, names)]
    if "status" not in names:
        wanted.append(_CONFLICT.c.status != ConflictStatus.RESOLVED.value)
    page = select(_CONFLICT).where(*wanted).order_by(_CONFLICT.c.first_night, _CONFLICT.c.id)
    page = page.limit(bindparam("limit")).offset(bindparam("passed"))
    return page, select(func.count()).select_from(_CONFLICT).where(*wanted)


def conflict(session: Session, account_id: str, conflict_id: str) -> Conflict:
    """One conflict. Raises Unknown."""
    row = session.get(Conflict, conflict_id, populate_existing=True)
    if row is None or row.account_id != account_id:
        raise Unknown("conflict", conflict_id)
    return row


def stays_by_id(session: Session, stay_ids: Sequence[str]) -> dict[str, Stay]:
    """These stays, by id."""
    query = select(Stay).where(Stay.id.in_(stay_ids))  # type: ignore[attr-defined]
    return {row.id: row for row in session.execute(query).scalars()}


def latest_event(session: Session, account_id: str) -> datetime | None:
    """When the account's newest fact was written."""
    query = select(func.max(Event.occurred_at)).where(Event.account_id == account_id)  # type: ignore[arg-type]
    return session.execute(query).scalar()
