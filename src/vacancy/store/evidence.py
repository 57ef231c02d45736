"""What is on record about one night of one unit: for explaining why it is taken or free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from vacancy.domain.claims import KnownClaim
from vacancy.store import claims, tables
from vacancy.store.tables import Event, Export, Poll, Stay

_CLAIM: Table = tables.metadata.tables["claim"]
_CONFLICT: Table = tables.metadata.tables["conflict"]
_EVENT: Table = tables.metadata.tables["event"]
_EXPORT: Table = tables.metadata.tables["export"]
_POLL: Table = tables.metadata.tables["poll"]
_PUBLICATION: Table = tables.metadata.tables["publication"]
_STAY: Table = tables.metadata.tables["stay"]

_FRESH = {"populate_existing": True}
#: A poll's end is kept in whole milliseconds.
_LEEWAY = timedelta(milliseconds=2)
#: So many of a unit's latest facts are looked through for a night.
_FACTS = 2000
_ABOUT_STAYS = (
    *("booking.created", "booking.updated", "booking.canceled", "hold.expired"),
    *("block.created", "block.updated", "block.removed"),
)


def stays_over(session: Session, unit_id: str, night: date) -> list[Stay]:
    """Every stay whose nights are, or at its end were, over this one; ended ones too."""
    query = select(Stay).where(
        _STAY.c.unit_id == unit_id, _STAY.c.arrival <= night, _STAY.c.departure > night
    )
    rows = session.execute(query.order_by(_STAY.c.opened_at, _STAY.c.id), execution_options=_FRESH)
    return list(rows.scalars())


def claims_over(session: Session, unit_id: str, night: date) -> tuple[KnownClaim, ...]:
    """Every claim over this night, standing or ended, in order of first sight."""
    query = select(*claims.COLUMNS).where(
        _CLAIM.c.unit_id == unit_id, _CLAIM.c.arrival <= night, _CLAIM.c.departure > night
    )
    rows = session.execute(query.order_by(_CLAIM.c.first_seen, _CLAIM.c.id))
    return tuple(claims.as_known(row) for row in rows)


def poll_ended(session: Session, feed_id: str, at: datetime) -> Poll | None:
    """The poll of a feed that was judged at this instant; None once it is no more on record."""
    query = select(Poll).where(_POLL.c.feed_id == feed_id, _POLL.c.started_at <= at)
    row = session.execute(query.order_by(_POLL.c.started_at.desc()).limit(1)).scalar()
    if row is None or row.started_at + timedelta(milliseconds=row.millis) + _LEEWAY < at:
        return None
    return row


def conflicts_over(session: Session, unit_id: str, night: date) -> list[tables.Conflict]:
    """The unit's conflicts about this night, resolved ones too, in order of opening."""
    query = select(tables.Conflict).where(_CONFLICT.c.unit_id == unit_id)
    rows = session.execute(query.order_by(_CONFLICT.c.opened_at), execution_options=_FRESH)
    return [row for row in rows.scalars() if night.isoformat() in row.nights]


@dataclass(frozen=True, slots=True)
class Shown:
    """One live export, and what it holds of the night now: which stay, from which version on."""

    export: Export
    stay_id: str | None = None
    from_version: int | None = None
    published_at: datetime | None = None


def exports_over(session: Session, exports: Sequence[Export], night: date) -> list[Shown]:
    """What each of these exports holds of the night."""
    query = select(_PUBLICATION).where(
        _PUBLICATION.c.export_id.in_([export.id for export in exports]),
        _PUBLICATION.c.to_version.is_(None),
        _PUBLICATION.c.arrival <= night,
        _PUBLICATION.c.departure > night,
    )
    held: dict[str, Any] = {row.export_id: row for row in session.execute(query)}
    return [
        Shown(export, row.stay_id, row.from_version, row.published_at)
        if (row := held.get(export.id)) is not None
        else Shown(export)
        for export in exports
    ]


def facts_over(session: Session, unit_id: str, night: date) -> list[Event]:
    """The journal's facts about stays that held, or gave up, this night; oldest first."""
    query = select(Event).where(_EVENT.c.unit_id == unit_id, _EVENT.c.type.in_(_ABOUT_STAYS))
    rows = session.execute(query.order_by(_EVENT.c.sequence.desc()).limit(_FACTS)).scalars()
    return [row for row in reversed(list(rows)) if _is_about(row, night.isoformat())]


def _is_about(fact: Event, night: str) -> bool:
    now = fact.data
    before = {**now, **(fact.previous or {})}
    return any(
        str(one.get("arrival", "")) <= night < str(one.get("departure", ""))
        for one in (now, before)
    )
