"""Which exports' readers are due to be looked after: whether they stopped, or came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Table, or_, select, update
from sqlmodel import Session

from vacancy.domain.propagation import SILENT_AFTER
from vacancy.store import tables
from vacancy.store.tables import Export

_EXPORT: Table = tables.metadata.tables["export"]


def begin(session: Session, read: Mapping[str, datetime]) -> None:
    """These exports were read at these instants: one that nobody watches is watched from now on,
    and one whose reader had stopped is looked at at once.
    """
    query = select(_EXPORT.c.id, _EXPORT.c.unread_since).where(
        _EXPORT.c.id.in_(read),
        or_(_EXPORT.c.watch_at.is_(None), _EXPORT.c.unread_since.is_not(None)),
    )
    for export_id, unread_since in session.execute(query.order_by(_EXPORT.c.id)).all():
        at = read[export_id]
        look_at(session, export_id, at + SILENT_AFTER if unread_since is None else at)


def due(session: Session, now: datetime, limit: int) -> list[Export]:
    """Live exports to be looked at by now, the longest waiting first."""
    query = (
        select(Export)
        .where(_EXPORT.c.watch_at <= now, _EXPORT.c.revoked_at.is_(None))
        .order_by(_EXPORT.c.watch_at, _EXPORT.c.id)
        .limit(limit)
    )
    return list(session.execute(query, execution_options={"populate_existing": True}).scalars())


def look_at(session: Session, export_id: str, at: datetime | None) -> None:
    """Look at it again then; None: when it is read the next time."""
    change = update(_EXPORT).where(_EXPORT.c.id == export_id)
    session.execute(change.values(watch_at=at))


def mark(session: Session, export_id: str, unread_since: datetime | None) -> None:
    """Its reader stopped, last seen then; None: it came back."""
    change = update(_EXPORT).where(_EXPORT.c.id == export_id)
    session.execute(change.values(unread_since=unread_since))
