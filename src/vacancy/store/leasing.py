"""Feeds that are due, and in whose hand each is: leased for a while, and given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, or_, select, update
from sqlmodel import Session

from vacancy.store import tables

_FEED: Table = tables.metadata.tables["feed"]
_UNIT: Table = tables.metadata.tables["unit"]

#: Candidates looked at for each feed taken, so that a crowded host hides no other.
_LOOK_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Due:
    """A feed in hand: what a poll must know before its answer turns out to say something new.

    `url` is sealed. `timezone` is the feed's own or its unit's. `reading_key` covers the address,
    the reading settings and the profile catalogue that `digest` and the validators were made under.
    """

    feed_id: str
    account_id: str
    unit_id: str
    unit_slug: str
    timezone: str
    key: str
    channel: str
    url: bytes
    host: str
    url_digest: str
    settings: dict[str, Any]
    reading_key: str
    every: timedelta
    etag: str | None
    last_modified: str | None
    digest: bytes | None
    read_on: date | None
    rereads_daily: bool
    waiting: bool
    health: str
    failures: int
    last_outcome: str | None
    last_good_at: datetime | None
    last_believed_at: datetime | None
    last_full_at: datetime | None
    created_at: datetime
    leased_until: datetime | None
    remote_id: str | None = None


def _due(row: Row[Any]) -> Due:
    values = dict(row._mapping)
    values["every"] = timedelta(seconds=values["every"])
    values["timezone"] = values["settings"].get("timezone") or values["timezone"]
    return Due(**values)


_DUE_COLUMNS = (
    _FEED.c.id.label("feed_id"),
    _FEED.c.account_id,
    _FEED.c.unit_id,
    _UNIT.c.slug.label("unit_slug"),
    _UNIT.c.timezone,
    _FEED.c.key,
    _FEED.c.channel,
    _FEED.c.url,
    _FEED.c.host,
    _FEED.c.url_digest,
    _FEED.c.settings,
    _FEED.c.settings_digest.label("reading_key"),
    _FEED.c.every,
    _FEED.c.etag,
    _FEED.c.last_modified,
    _FEED.c.digest,
    _FEED.c.read_on,
    _FEED.c.rereads_daily,
    _FEED.c.waiting,
    _FEED.c.health,
    _FEED.c.failures,
    _FEED.c.last_outcome,
    _FEED.c.last_good_at,
    _FEED.c.last_believed_at,
    _FEED.c.last_full_at,
    _FEED.c.created_at,
    _FEED.c.leased_until,
    _FEED.c.remote_id,
)


@dataclass(frozen=True, slots=True)
class Room:
    """How many feeds may be taken in hand: `limit` in all, `per_host` of one host.

    `flying` counts those in hand by host; `unbounded` are hosts that need no politeness (our own).
    """

    limit: int
    per_host: int
    flying: Mapping[str, int] = field(default_factory=dict[str, int])
    unbounded: frozenset[str] = frozenset()

    def choose(self, candidates: Iterable[tuple[str, str]]) -> list[str]:
        """The ids to take, of (id, host) pairs in order of urgency."""
        taken: dict[str, int] = dict(self.flying)
        chosen: list[str] = []
        for feed_id, host in candidates:
            if len(chosen) >= self.limit:
                break
            if host not in self.unbounded and taken.get(host, 0) >= self.per_host:
                continue
            taken[host] = taken.get(host, 0) + 1
            chosen.append(feed_id)
        return chosen

    def full_hosts(self) -> list[str]:
        """Hosts that nothing more may be asked of now."""
        return [
            host
            for host, count in self.flying.items()
            if count >= self.per_host and host not in self.unbounded
        ]


#: A feed that may be asked at all; what a booking system lists is read with its source.
_IN_USE = and_(
    _FEED.c.retired_at.is_(None), _FEED.c.health != "paused", _FEED.c.source_id.is_(None)
)


def due_now(now: datetime) -> ColumnElement[bool]:
    """That a feed is to be polled and is in nobody's hand: the one place that says when."""
    free = or_(_FEED.c.leased_until.is_(None), _FEED.c.leased_until <= now)
    return and_(_IN_USE, free, _FEED.c.next_poll_at <= now)


def lease(
    session: Session, now: datetime, hold: timedelta, room: Room, only: Sequence[str] | None = None
) -> list[Due]:
    """Take due feeds in hand for `hold`, as far as there is room; with `only`, these, due or not.

    A feed in somebody's hand is left alone until its lease runs out, unless a person asks for it by
    `only`: then the earlier answer is dropped (see `is_as_leased`).
    """
    query = select(_FEED.c.id, _FEED.c.host)
    if only is None:
        query = query.where(due_now(now))
    else:
        query = query.where(_IN_USE, _FEED.c.id.in_(only))
    full = room.full_hosts()
    if full:
        query = query.where(_FEED.c.host.not_in(full))
    query = query.order_by(_FEED.c.next_poll_at, _FEED.c.id).limit(room.limit * _LOOK_AHEAD)
    if session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = room.choose((row.id, row.host) for row in session.execute(query))
    if not ids:
        return []
    session.execute(update(_FEED).where(_FEED.c.id.in_(ids)).values(leased_until=now + hold))
    rows = select(*_DUE_COLUMNS).join(_UNIT, _UNIT.c.id == _FEED.c.unit_id)
    rows = rows.where(_FEED.c.id.in_(ids)).order_by(_FEED.c.next_poll_at, _FEED.c.id)
    return [_due(row) for row in session.execute(rows)]


def of_source(session: Session, source_id: str, until: datetime) -> list[Due]:
    """Take the feeds of a source that is in hand in the same hand, by unit and key."""
    mine = (_FEED.c.source_id == source_id, _FEED.c.retired_at.is_(None))
    session.execute(update(_FEED).where(*mine).values(leased_until=until))
    rows = select(*_DUE_COLUMNS).join(_UNIT, _UNIT.c.id == _FEED.c.unit_id).where(*mine)
    return [_due(row) for row in session.execute(rows.order_by(_UNIT.c.slug, _FEED.c.key))]


def hand_back(session: Session, feed_ids: Sequence[str], until: datetime | None = None) -> None:
    """Let go of leased feeds that were not polled; `until`: not before then."""
    if not feed_ids:
        return
    session.execute(update(_FEED).where(_FEED.c.id.in_(feed_ids)).values(leased_until=until))


def let_go(session: Session, due: Due) -> None:
    """Let go of a feed whose answer was left aside, unless it is in another's hand by now."""
    mine = (_FEED.c.id == due.feed_id, _FEED.c.leased_until == due.leased_until)
    session.execute(update(_FEED).where(*mine).values(leased_until=None))
