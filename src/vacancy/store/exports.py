"""Exports with their tokens, and who read which version. What stands in them is in `editions`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from vacancy.domain.echoes import ExportHistory, ExportReading, Publication
from vacancy.domain.nights import Nights
from vacancy.domain.propagation import main_reader
from vacancy.ids import Chance, new_id
from vacancy.store import tables, watch
from vacancy.store.rows import Question
from vacancy.store.tables import Export

_EXPORT: Table = tables.metadata.tables["export"]
_PUBLICATION: Table = tables.metadata.tables["publication"]
_FEED: Table = tables.metadata.tables["feed"]
_READING: Table = tables.metadata.tables["reading"]

_READING_COLUMNS = ("export_id", "version", "reader", "first_at", "last_at", "count", "visits")
_READINGS = Question(
    select(*(_READING.c[name] for name in _READING_COLUMNS))
    .where(_READING.c.export_id == bindparam("export"))
    .order_by(_READING.c.version, _READING.c.first_at, _READING.c.reader)
)


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What an export is made for: a feed's key, a channel that has no feed, or `everyone`."""

    key: str
    channel: str
    feed_id: str | None = None
    managed_by: str = "api"


@dataclass(frozen=True, slots=True)
class TokenMaker:
    """Draws tokens and seals them, so that a person can be shown the address again."""

    seal: Callable[[str], bytes]
    chance: Chance

    def draw(self) -> dict[str, Any]:
        """The columns of a new token: 256 bits of chance, 43 characters safe in a URL."""
        token = base64.urlsafe_b64encode(self.chance(32)).rstrip(b"=").decode()
        return {"token": self.seal(token), "token_hash": token_hash(token)}


@dataclass(frozen=True, slots=True)
class Reading:
    """`count` readings of one version of an export by one reader, from the first to the last.

    `visits` counts those written down together as one.
    """

    export_id: str
    version: int
    reader: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    visits: int = 1


def token_digest(token: str) -> bytes:
    """What a token is found by; any text has one."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def token_hash(token: str) -> str:
    """The same as the store keeps it: 64 hexadecimal digits."""
    return token_digest(token).hex()


def mint(
    session: Session, unit: tables.Unit, wish: ExportWish, now: datetime, tokens: TokenMaker
) -> Export:
    """The unit's export of that key: the live one as it is, a revoked one opened under a new token,
    else a new one. Its versions go on rising in each case.
    """
    known = session.execute(
        select(Export).where(_EXPORT.c.unit_id == unit.id, _EXPORT.c.key == wish.key)
    ).scalar_one_or_none()
    if known is None:
        known = Export(
            id=new_id("exp", now, tokens.chance),
            account_id=unit.account_id,
            unit_id=unit.id,
            key=wish.key,
            channel=wish.channel,
            # Begun by chance: exports minted and revoked together never add up to the same sum.
            revision=int.from_bytes(tokens.chance(4)) >> 3,
            created_at=now,
            **tokens.draw(),
        )
    elif known.revoked_at is not None:
        rotate(known, tokens)
        known.revoked_at = None
    known.channel, known.feed_id = wish.channel, wish.feed_id
    known.managed_by = wish.managed_by
    session.add(known)
    session.flush()
    return known


def rotate(export: Export, tokens: TokenMaker) -> None:
    """Give the export a new token; the old one finds nothing from the commit on."""
    for column, value in tokens.draw().items():
        setattr(export, column, value)
    export.old_token_hash = export.old_token_until = None
    export.revision += 1


def revoke(export: Export, now: datetime) -> None:
    """Its address finds nothing from the commit on. What was published and read stays known."""
    export.revoked_at = now
    export.revision += 1


def by_token_hash(session: Session, wanted: str) -> Export | None:
    """The live export that a token names; None for an unknown, rotated-out or revoked one."""
    query = select(Export).where(_EXPORT.c.token_hash == wanted, _EXPORT.c.revoked_at.is_(None))
    return session.execute(query).scalar_one_or_none()


def of_unit(session: Session, unit_id: str) -> list[Export]:
    """The unit's live exports, by key."""
    query = select(Export).where(_EXPORT.c.unit_id == unit_id, _EXPORT.c.revoked_at.is_(None))
    return list(session.execute(query.order_by(_EXPORT.c.key)).scalars())


_OF_FEED = Question(
    select(_EXPORT.c.id)
    .where(_EXPORT.c.feed_id == bindparam("feed_id"), _EXPORT.c.revoked_at.is_(None))
    .order_by(_EXPORT.c.key)
    .limit(1)
)


def of_feed(session: Session, feed_id: str) -> str | None:
    """The id of the live export that was made for a feed."""
    found = _OF_FEED.rows(session, {"feed_id": feed_id})
    return found[0][0] if found else None


def record_readings(session: Session, readings: Sequence[Reading], chance: Chance) -> None:
    """Add readings to what is known of each version and reader. Those of exports that are no more
    are passed over.
    """
    ids = {reading.export_id for reading in readings}
    known = select(_EXPORT.c.id, _EXPORT.c.account_id).where(_EXPORT.c.id.in_(ids))
    owners = {row.id: row.account_id for row in session.execute(known)}
    rows = [
        {
            "id": new_id("read", reading.first_at, chance),
            "account_id": owners[reading.export_id],
            "export_id": reading.export_id,
            "version": reading.version,
            "reader": reading.reader,
            "first_at": reading.first_at,
            "last_at": reading.last_at,
            "count": reading.count,
            "visits": reading.visits,
        }
        for reading in readings
        if reading.export_id in owners
    ]
    if rows:
        _wake_feeds(session, rows)
        session.connection().execute(_upsert_reading(session), rows)
        watch.begin(session, {row["export_id"]: row["last_at"] for row in rows})


def _wake_feeds(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """A version read for the first time may end an echo or a mask: the next answer of the feed it
    was made for is judged, even an unchanged one.
    """
    key = ("export_id", "version", "reader")
    query = select(*(_READING.c[name] for name in key)).where(
        _READING.c.export_id.in_({row["export_id"] for row in rows})
    )
    known = {tuple(row) for row in session.execute(query)}
    new = {row["export_id"] for row in rows if tuple(row[name] for name in key) not in known}
    feeds = select(_EXPORT.c.feed_id).where(_EXPORT.c.id.in_(new))
    if new:
        session.execute(update(_FEED).where(_FEED.c.id.in_(feeds)).values(waiting=True))


def _upsert_reading(session: Session) -> Any:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    statement: Any = (sqlite if on_sqlite else postgresql).insert(_READING)
    new, old = statement.excluded, _READING.c
    return statement.on_conflict_do_update(
        index_elements=["export_id", "version", "reader"],
        set_={
            "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
            "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
            "count": old["count"] + new["count"],
            "visits": old["visits"] + new["visits"],
        },
    )


def readings(session: Session, export_id: str) -> list[Reading]:
    """Who read which version, by version, then by first reading."""
    return [Reading(*row) for row in _READINGS.rows(session, {"export": export_id})]


def readings_that_count(session: Session, export_id: str) -> list[Reading]:
    """The readings of the one reader that reads the export most, by version."""
    every = readings(session, export_id)
    channel = main_reader(every)
    return [reading for reading in every if reading.reader == channel]


def history(session: Session, export_id: str, since: datetime | None = None) -> ExportHistory:
    """What the export held and its main reader could know, for telling echoes: from the version
    read last before `since`, or all of it. Empty when it was never read.
    """
    read = readings_that_count(session, export_id)
    before = [one.version for one in read if since is not None and one.first_at < since]
    first = max(before, default=0)
    if not read:
        return ExportHistory()
    query = (
        select(_PUBLICATION)
        .where(_PUBLICATION.c.export_id == export_id)
        .where(or_(_PUBLICATION.c.to_version.is_(None), _PUBLICATION.c.to_version > first))
        .order_by(_PUBLICATION.c.from_version, _PUBLICATION.c.id)
    )
    return ExportHistory(
        tuple(
            Publication(
                row.stay_id, Nights(row.arrival, row.departure), row.from_version, row.to_version
            )
            for row in session.execute(query)
        ),
        tuple(
            ExportReading(one.version, one.first_at, one.last_at)
            for one in read
            if one.version >= first
        ),
    )


def last_read(session: Session, export_ids: Sequence[str]) -> dict[str, datetime]:
    """When each export was last read by anyone; never read: left out."""
    query = select(_READING.c.export_id, func.max(_READING.c.last_at)).where(
        _READING.c.export_id.in_(export_ids)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(_READING.c.export_id))}
