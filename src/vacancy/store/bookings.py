"""Searching stays and conflicts of a whole account, for people and programs that ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.domain.stays import LIVE_STATUSES, ConflictStatus
from vacancy.store import owned
from vacancy.store.tables import Conflict, Event, Stay, Unit

_LIVE = tuple(status.value for status in LIVE_STATUSES)


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


def search(session: Session, account_id: str, wanted: Wanted) -> list[Stay]:
    """The stays that match, by unit and arrival."""
    query = _matching(account_id, wanted).order_by(Stay.unit_id, Stay.arrival, Stay.id)  # type: ignore[arg-type]
    # Another layer writes stays by plain statements: what the session remembers may be old.
    return list(session.execute(query, execution_options={"populate_existing": True}).scalars())


def page(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[Stay], int]:
    """One page of the stays that match, by arrival, and how many there are."""
    query = _matching(account_id, wanted).order_by(Stay.arrival, Stay.id)  # type: ignore[arg-type]
    return owned.page(session, query, *place)


def _matching(account_id: str, wanted: Wanted) -> Select[Any]:
    query = owned.of(Stay, account_id)
    for column, value in (
        (Stay.unit_id, wanted.unit_id),
        (Stay.channel, wanted.channel),
        (Stay.kind, wanted.kind),
    ):
        if value is not None:
            query = query.where(column == value)  # type: ignore[arg-type]
    if wanted.statuses:
        query = query.where(Stay.status.in_(wanted.statuses))  # type: ignore[attr-defined]
    if wanted.since is not None:
        query = query.where(Stay.departure > wanted.since)  # type: ignore[arg-type]
    if wanted.until is not None:
        query = query.where(Stay.arrival < wanted.until)  # type: ignore[arg-type]
    if wanted.updated_since is not None:
        query = query.where(Stay.updated_at >= wanted.updated_since)  # type: ignore[arg-type]
    if wanted.property_id is not None:
        units = select(Unit.id).where(Unit.property_id == wanted.property_id)  # type: ignore[call-overload]
        query = query.where(Stay.unit_id.in_(units))  # type: ignore[attr-defined]
    return query if wanted.text is None else query.where(_says(account_id, wanted.text.lower()))


def _says(account_id: str, text: str) -> Any:
    named = select(Unit.id).where(  # type: ignore[call-overload]
        Unit.account_id == account_id,
        func.lower(Unit.name).contains(text, autoescape=True)
        | func.lower(Unit.slug).contains(text, autoescape=True),
    )
    code = func.lower(Stay.reservation_code).contains(text, autoescape=True)
    return or_(code, Stay.unit_id.in_(named))  # type: ignore[attr-defined]


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
) -> tuple[list[Conflict], int]:
    """One page of the conflicts that match, by first night, and how many there are."""
    query = owned.of(Conflict, account_id)
    if wanted.status is None:
        query = query.where(Conflict.status != ConflictStatus.RESOLVED.value)  # type: ignore[arg-type]
    else:
        query = query.where(Conflict.status == wanted.status)  # type: ignore[arg-type]
    if wanted.unit_id is not None:
        query = query.where(Conflict.unit_id == wanted.unit_id)  # type: ignore[arg-type]
    if wanted.property_id is not None:
        units = select(Unit.id).where(Unit.property_id == wanted.property_id)  # type: ignore[call-overload]
        query = query.where(Conflict.unit_id.in_(units))  # type: ignore[attr-defined]
    return owned.page(session, query.order_by(Conflict.first_night, Conflict.id), *place)  # type: ignore[arg-type]


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
