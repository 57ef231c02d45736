"""How what was published reached its readers, of many exports at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Table, or_, select
from sqlmodel import Session

from vacancy.domain.nights import Nights
from vacancy.domain.propagation import Exposure, Habit, Visits, habit, readers_of_channel
from vacancy.store import tables
from vacancy.store.exports import Reading
from vacancy.store.tables import Export

_EXPORT: Table = tables.metadata.tables["export"]
_PUBLICATION: Table = tables.metadata.tables["publication"]
_READING: Table = tables.metadata.tables["reading"]
_READING_COLUMNS = ("export_id", "version", "reader", "first_at", "last_at", "count", "visits")
#: Databases bound how many values one statement may name.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one export reaches: its channel's readings and habit, and the stays in it.

    `readers` counts all who ever read it; `exposures` are by arrival.
    """

    visits: tuple[Visits, ...] = ()
    habit: Habit | None = None
    readers: int = 0
    exposures: tuple[Exposure, ...] = field(default=())

    def unread(self) -> list[Exposure]:
        """The stays that the channel does not know yet."""
        return [one for one in self.exposures if one.ended_at is None]


def exports_by_feed(session: Session, account_id: str) -> dict[str, Export]:
    """The account's live exports that were made for a feed, by that feed's id."""
    query = select(Export).where(_EXPORT.c.account_id == account_id, _EXPORT.c.revoked_at.is_(None))
    return {row.feed_id: row for row in session.execute(query).scalars() if row.feed_id}


def reach(
    session: Session, export_ids: Sequence[str], today: date, since: datetime | None = None
) -> dict[str, Reach]:
    """The reach of each of these exports, over the stays they hold that have not departed.

    With `since`, also those published since then that left them again.
    """
    found: dict[str, Reach] = {}
    for first in range(0, len(export_ids), _AT_ONCE):
        ids = list(export_ids[first : first + _AT_ONCE])
        read: dict[str, list[Reading]] = {export_id: [] for export_id in ids}
        for reading in _readings(session, ids):
            read[reading.export_id].append(reading)
        told = {export_id: _read_by_channel(readings) for export_id, readings in read.items()}
        shown = _exposures(session, told, today, since)
        for export_id, visits in told.items():
            found[export_id] = Reach(
                visits,
                habit(visits),
                len({reading.reader for reading in read[export_id]}),
                tuple(shown.get(export_id, ())),
            )
    return found


def _readings(session: Session, export_ids: Sequence[str]) -> Iterator[Reading]:
    query = select(_READING).where(_READING.c.export_id.in_(export_ids))
    for row in session.execute(query.order_by(_READING.c.version)).mappings():
        yield Reading(**{column: row[column] for column in _READING_COLUMNS})


def _read_by_channel(readings: Sequence[Reading]) -> tuple[Visits, ...]:
    channel = readers_of_channel(readings)
    return tuple(
        Visits(one.version, one.first_at, one.last_at, one.visits)
        for one in readings
        if one.reader in channel
    )


def _exposures(
    session: Session,
    read: dict[str, tuple[Visits, ...]],
    today: date,
    since: datetime | None,
) -> dict[str, list[Exposure]]:
    stands = _PUBLICATION.c.to_version.is_(None)
    query = select(_PUBLICATION).where(_PUBLICATION.c.export_id.in_(read))
    if since is None:
        query = query.where(stands, _PUBLICATION.c.departure > today)
    else:
        query = query.where(or_(stands, _PUBLICATION.c.published_at >= since))
        query = query.where(_PUBLICATION.c.departure > today)
    found: dict[str, list[Exposure]] = {}
    ordered = query.order_by(_PUBLICATION.c.arrival, _PUBLICATION.c.from_version)
    for row in session.execute(ordered):
        first = _first_read(read[row.export_id], row.from_version, row.to_version)
        exposure = Exposure(
            stay_id=row.stay_id,
            nights=Nights(row.arrival, row.departure),
            published_at=row.published_at,
            read_at=first,
            ended_at=row.withdrawn_at if first is None else first,
        )
        found.setdefault(row.export_id, []).append(exposure)
    return found


def _first_read(visits: Sequence[Visits], start: int, end: int | None) -> datetime | None:
    """When a version from `start` on, before `end`, was first read."""
    return min(
        (
            one.first_at
            for one in visits
            if one.version >= start and (end is None or one.version < end)
        ),
        default=None,
    )
