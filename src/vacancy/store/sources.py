"""Booking systems: found, kept, taken in hand, and how asking them went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Row, Table, and_, case, or_, select, update
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.ids import Chance, new_id
from vacancy.store import jobs, leasing, tables
from vacancy.store.leasing import Due
from vacancy.store.tables import Feed, Source

_SOURCE: Table = tables.metadata.tables["source"]
_FEED: Table = tables.metadata.tables["feed"]

#: What is due at once was due so long ago already: see `store.feeds`.
_AT_ONCE = timedelta(minutes=1)

#: What sealed credentials and addresses are bound to in the vault.
SEALED_AS, HOOK_SEALED_AS = "source.credentials", "source.hook"

#: Webhooks hasten a source at most so often: what comes sooner is read with the next.
HASTENED_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source in hand, with its feeds; `credentials` are sealed.

    `triggered`: a webhook or a person asked, so that reading what changed may be enough.
    """

    id: str
    account_id: str
    key: str
    kind: str
    name: str
    credentials: bytes = field(repr=False)
    base_url: str
    host: str
    every: timedelta
    push: bool
    cursor: str | None
    triggered: bool
    health: str
    failures: int
    last_good_at: datetime | None
    created_at: datetime
    leased_until: datetime | None
    feeds: tuple[Due, ...] = ()


_COLUMNS = tuple(_SOURCE.c[name] for name in DueSource.__dataclass_fields__ if name != "feeds")


def due_now(now: datetime) -> ColumnElement[bool]:
    """That a source is to be asked and is in nobody's hand."""
    free = or_(_SOURCE.c.leased_until.is_(None), _SOURCE.c.leased_until <= now)
    return and_(_SOURCE.c.retired_at.is_(None), free, _SOURCE.c.next_poll_at <= now)


def look(session: Session, now: datetime, limit: int) -> list[str]:
    """Sources that are due and in nobody's hand, the most urgent first."""
    query = select(_SOURCE.c.id).where(due_now(now))
    ordered = query.order_by(_SOURCE.c.next_poll_at, _SOURCE.c.id).limit(limit)
    return list(session.execute(ordered).scalars())


def lease(
    session: Session,
    at: tuple[datetime, timedelta],
    source_id: str,
    *,
    due: bool = True,
) -> DueSource | None:
    """Take a source and its feeds in hand, for a span; None where it is in somebody's.

    `due`: only if it still is; else whenever it is, for a person who asks.
    """
    now, hold = at
    wanted = due_now(now) if due else _SOURCE.c.retired_at.is_(None)
    query = select(*_COLUMNS).where(_SOURCE.c.id == source_id, wanted)
    row = session.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    until = now + hold
    session.execute(
        update(_SOURCE).where(_SOURCE.c.id == source_id).values(leased_until=until, triggered=False)
    )
    return _in_hand(row, until, leasing.of_source(session, source_id, until))


def _in_hand(row: Row[Any], until: datetime, feeds: Sequence[Due]) -> DueSource:
    values = {**row._mapping, "every": timedelta(seconds=row.every), "leased_until": until}
    return DueSource(**values, feeds=tuple(feeds))


def give_back(session: Session, source_ids: Sequence[str], until: datetime | None = None) -> None:
    """Let go of sources that were not asked; `until`: not before then."""
    for table, column in ((_SOURCE, _SOURCE.c.id), (_FEED, _FEED.c.source_id)):
        session.execute(update(table).where(column.in_(source_ids)).values(leased_until=until))


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking a source ended, and when to ask again. `cursor` is None where it stays."""

    started_at: datetime
    ended_at: datetime
    outcome: str
    next_poll_at: datetime
    health: str
    failures: int
    reason: str | None = None
    trouble: str | None = None
    cursor: str | None = None


def record(session: Session, due: DueSource, asked: Asked) -> None:
    """Write how asking a source ended, and let go of it, unless it is in another's hand by now."""
    values: dict[str, Any] = {
        "leased_until": None,
        "last_poll_at": asked.started_at,
        "last_outcome": asked.outcome,
        "last_reason": asked.reason,
        "trouble": asked.trouble,
        "health": asked.health,
        "failures": asked.failures,
    }
    if asked.outcome == "read":
        values["last_good_at"] = asked.ended_at
    if asked.cursor is not None:
        values["cursor"] = asked.cursor
    mine = (_SOURCE.c.id == due.id, _SOURCE.c.leased_until == due.leased_until)
    # A webhook that came meanwhile is not put off by what was read before it.
    values["next_poll_at"] = case(
        (_SOURCE.c.triggered, _SOURCE.c.next_poll_at), else_=asked.next_poll_at
    )
    session.execute(update(_SOURCE).where(*mine).values(**values))
    untold = (_FEED.c.source_id == due.id, _FEED.c.leased_until == due.leased_until)
    session.execute(update(_FEED).where(*untold).values(leased_until=None))


def keep_hold(session: Session, due: DueSource) -> DueSource:
    """The same source in the same hand, with its feeds as they are after a part was taken in.

    Without a feed where it is in another's hand by now.
    """
    mine = (_SOURCE.c.id == due.id, _SOURCE.c.leased_until == due.leased_until)
    held = session.execute(select(_SOURCE.c.id).where(*mine).with_for_update()).one_or_none()
    if held is None or due.leased_until is None:
        return replace(due, feeds=())
    return replace(due, feeds=tuple(leasing.of_source(session, due.id, due.leased_until)))


def keep_credentials(session: Session, source_id: str, sealed: bytes) -> None:
    """Keep the tokens that a system gave in the place of others."""
    query = update(_SOURCE).where(_SOURCE.c.id == source_id).values(credentials=sealed)
    session.execute(query)


def credentials(session: Session, source_id: str) -> bytes | None:
    """A source's sealed credentials as they are now."""
    query = select(_SOURCE.c.credentials).where(_SOURCE.c.id == source_id)
    return session.execute(query).scalar_one_or_none()


def of_account(session: Session, account_id: str, *, retired: bool = False) -> list[Source]:
    """The account's sources by key."""
    query = select(Source).where(Source.account_id == account_id)  # type: ignore[arg-type]
    if not retired:
        query = query.where(Source.retired_at.is_(None))  # type: ignore[union-attr]
    return list(session.execute(query.order_by(Source.key)).scalars())


def find(session: Session, account_id: str, name: str) -> Source:
    """A source in use, by its key or id. Raises Unknown."""
    query = select(Source).where(
        Source.account_id == account_id,  # type: ignore[arg-type]
        or_(Source.key == name, Source.id == name),  # type: ignore[arg-type]
        Source.retired_at.is_(None),  # type: ignore[union-attr]
    )
    row = session.execute(query, execution_options={"populate_existing": True}).scalar_one_or_none()
    if row is None:
        raise Unknown("source", name)
    return row


def add(session: Session, row: Source, at: tuple[datetime, Chance]) -> Source:
    """Keep a new source; it is due at once."""
    now, chance = at
    row.id, row.created_at, row.next_poll_at = new_id("src", now, chance), now, now - _AT_ONCE
    session.add(row)
    session.flush()
    jobs.put(session, "source", [row.id])
    return row


def edited(session: Session, row: Source, now: datetime) -> None:
    """A source was edited, or is in use again: what is under way is not of it any more."""
    row.leased_until, row.next_poll_at, row.cursor = None, now - _AT_ONCE, None
    row.retired_at, row.health, row.failures = None, "ok", 0
    session.flush()
    jobs.put(session, "source", [row.id])


def hasten(session: Session, source_id: str, now: datetime) -> None:
    """Ask a source at the next round."""
    query = update(_SOURCE).where(_SOURCE.c.id == source_id)
    session.execute(query.values(next_poll_at=now - _AT_ONCE))
    jobs.put(session, "source", [source_id])


def feeds_of(session: Session, source_id: str, *, retired: bool = False) -> list[Feed]:
    """The feeds of a source, by unit."""
    query = select(Feed).where(Feed.source_id == source_id)  # type: ignore[arg-type]
    if not retired:
        query = query.where(Feed.retired_at.is_(None))  # type: ignore[union-attr]
    return list(session.execute(query.order_by(Feed.unit_id)).scalars())


def other_feed(session: Session, unit_id: str, key: str) -> bool:
    """Whether the unit has, or had, a feed of this key that is no source's."""
    query = select(_FEED.c.id).where(
        _FEED.c.unit_id == unit_id, _FEED.c.key == key, _FEED.c.source_id.is_(None)
    )
    return session.execute(query).first() is not None


def of_feeds(session: Session, feed_ids: Sequence[str]) -> Mapping[str, str]:
    """The sources of those of these feeds that have one, by feed."""
    query = select(_FEED.c.id, _FEED.c.source_id).where(
        _FEED.c.id.in_(feed_ids), _FEED.c.source_id.is_not(None)
    )
    return {row.id: row.source_id for row in session.execute(query)}


def name_of(session: Session, source_id: str) -> str:
    """What people call a source: its system's name."""
    return session.execute(select(_SOURCE.c.name).where(_SOURCE.c.id == source_id)).scalar_one()


class Account(Protocol):
    """What an adapter is made of; `credentials` are sealed."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def credentials(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Known:
    """A source in use, as far as speaking to it goes."""

    id: str
    kind: str
    base_url: str
    credentials: bytes = field(repr=False)


_KNOWN = select(*(_SOURCE.c[name] for name in ("id", "kind", "base_url", "credentials"))).where(
    _SOURCE.c.retired_at.is_(None)
)


def account(session: Session, source_id: str) -> Known | None:
    """A source in use."""
    row = session.execute(_KNOWN.where(_SOURCE.c.id == source_id)).one_or_none()
    return None if row is None else Known(*row)


def by_hook(session: Session, hook_hash: str) -> Known | None:
    """The source in use whose webhooks come to the address with this token."""
    row = session.execute(_KNOWN.where(_SOURCE.c.hook_hash == hook_hash)).one_or_none()
    return None if row is None else Known(*row)


def trigger(session: Session, source_id: str, now: datetime) -> None:
    """A webhook said that something changed: the source is asked soon, however many say so.

    One that fails keeps its back-off.
    """
    query = update(_SOURCE).where(_SOURCE.c.id == source_id)
    session.execute(query.values(triggered=True, hooked_at=now))
    lately = _SOURCE.c.last_poll_at > now - HASTENED_AFTER
    at: Any = case((lately, now + HASTENED_AFTER), else_=now)
    well = (_SOURCE.c.failures == 0, _SOURCE.c.next_poll_at > at)
    session.execute(query.where(*well).values(next_poll_at=at))
    jobs.put(session, "source", [source_id])
