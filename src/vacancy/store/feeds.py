"""Feeds as they are declared: found, kept, edited, retired. How they are polled is in `polls`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, case, or_, select, update
from sqlalchemy.orm import defer
from sqlmodel import Session

from vacancy.domain.errors import Refused, Unknown
from vacancy.ids import Chance, new_id
from vacancy.store import jobs, tables
from vacancy.store.rows import Question
from vacancy.store.session import once
from vacancy.store.tables import Feed, Unit

_FEED: Table = tables.metadata.tables["feed"]
_SOURCE: Table = tables.metadata.tables["source"]

#: A feed is not asked again for a publication within this.
_ASKED_JUST_NOW = timedelta(minutes=1)
#: What is due at once was due so long ago already: the clocks of several processes differ a little,
#: and each command under one VACANCY_NOW begins at that instant again.
_AT_ONCE = timedelta(minutes=1)

#: What sealed addresses are bound to in the vault.
SEALED_AS = "feed.url"

#: In `habits`: the address or a reading setting was edited, and no answer was judged since.
EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Declared:
    """A feed as somebody wants it. `url` is sealed, `url_digest` its fingerprint; `host` and
    `url_tail` are what people may see; `settings` holds only what is not the default. A property
    of a booking system has its source, and is `remote_id` there."""

    channel: str
    url: bytes = field(repr=False)
    url_digest: str
    host: str
    url_tail: str
    every: int
    settings: dict[str, Any]
    managed_by: str = "config"
    source_id: str | None = None
    remote_id: str | None = None


# What was read of them last weighs the most, and is asked for by itself alone.
_OF_UNIT = (
    select(Feed)
    .where(Feed.unit_id == bindparam("of_unit"))  # type: ignore[arg-type]
    .order_by(Feed.key)
    .options(defer(Feed.body), defer(Feed.entries))  # type: ignore[arg-type]
)


def of_unit(session: Session, unit_id: str, *, retired: bool = False) -> list[Feed]:
    """The unit's feeds by key; with `retired`, those that were taken out as well."""
    every = session.execute(_OF_UNIT, {"of_unit": unit_id}).scalars()
    return [feed for feed in every if retired or feed.retired_at is None]


@dataclass(frozen=True, slots=True)
class Outline:
    """What planning and publishing a unit must know of one of its feeds."""

    id: str
    channel: str
    settings: dict[str, Any]
    habits: dict[str, Any]
    first_good_at: datetime | None
    retired: bool
    is_source: bool = False


_OUTLINES = Question(
    select(
        *(_FEED.c[name] for name in ("id", "channel", "settings", "habits", "first_good_at")),
        _FEED.c.retired_at.is_not(None),
        _FEED.c.source_id.is_not(None),
    )
    .where(_FEED.c.unit_id == bindparam("of_unit"))
    .order_by(_FEED.c.key)
)


def outlines(session: Session, unit_id: str) -> list[Outline]:
    """The unit's feeds by key, those that were taken out as well."""
    return list(once(session, ("outlines", unit_id), lambda: _outlines(session, unit_id)))


def _outlines(session: Session, unit_id: str) -> list[Outline]:
    return [Outline(*row) for row in _OUTLINES.rows(session, {"of_unit": unit_id})]


def any_sealed(session: Session) -> bytes | None:
    """The sealed address of some feed; None where there is none."""
    return session.execute(select(_FEED.c.url).limit(1)).scalar()


def of_account(session: Session, account_id: str, *, retired: bool = False) -> list[Feed]:
    """The account's feeds by unit and key."""
    query = select(Feed).where(Feed.account_id == account_id)  # type: ignore[arg-type]
    if not retired:
        query = query.where(Feed.retired_at.is_(None))  # type: ignore[union-attr]
    return list(session.execute(query.order_by(Feed.unit_id, Feed.key)).scalars())


def by_ids(session: Session, feed_ids: Sequence[str]) -> dict[str, Feed]:
    """These feeds by id."""
    query = select(Feed).where(Feed.id.in_(feed_ids))  # type: ignore[attr-defined]
    return {row.id: row for row in session.execute(query).scalars()}


def find(session: Session, account_id: str, name: str) -> Feed:
    """A feed by its id, as `sea-view/airbnb`, or by its key where only one unit has it.

    Raises Unknown, or Refused (`ambiguous`) where several units have such a feed.
    """
    slug, slash, key = name.partition("/")
    query = (
        select(Feed, Unit.slug)  # type: ignore[call-overload]
        .join(Unit, Unit.id == Feed.unit_id)
        .where(Feed.account_id == account_id)
        .where(
            (Unit.slug == slug) & (Feed.key == key)
            if slash
            else or_(Feed.id == name, Feed.key == name)  # type: ignore[arg-type]
        )
        .order_by(Unit.slug)
    )
    rows = session.execute(query).all()
    if not rows:
        raise Unknown("feed", name)
    if len(rows) > 1:
        names = ", ".join(f"{row.slug}/{row.Feed.key}" for row in rows[:5])
        raise Refused("ambiguous", f"several units have a feed {name!r}: say which, as {names}")
    return rows[0].Feed


def declare(
    session: Session, unit: Unit, key: str, wish: Declared, at: tuple[datetime, Chance]
) -> Feed:
    """Keep a new feed of a unit; it is due at once."""
    now, chance = at
    feed = Feed(
        id=new_id("feed", now, chance),
        account_id=unit.account_id,
        unit_id=unit.id,
        key=key,
        channel=wish.channel,
        url=wish.url,
        url_digest=wish.url_digest,
        host=wish.host,
        url_tail=wish.url_tail,
        settings=wish.settings,
        managed_by=wish.managed_by,
        source_id=wish.source_id,
        remote_id=wish.remote_id,
        every=wish.every,
        next_poll_at=now - _AT_ONCE,
        created_at=now,
    )
    session.add(feed)
    session.flush()
    if feed.source_id is None:
        jobs.put(session, "poll", [feed.id])
    return feed


def edit(session: Session, feed: Feed, wish: Declared, now: datetime, *, reread: bool) -> None:
    """Make a feed what `wish` says, in use again if it was retired.

    `reread`: the address or a reading setting changed, see `read_anew`.
    """
    if feed.url_digest != wish.url_digest:
        feed.url, feed.url_digest = wish.url, wish.url_digest
        feed.host, feed.url_tail = wish.host, wish.url_tail
    feed.channel, feed.settings, feed.every = wish.channel, wish.settings, wish.every
    feed.source_id, feed.remote_id = wish.source_id, wish.remote_id
    if feed.retired_at is not None:
        feed.retired_at, feed.health, feed.failures = None, "ok", 0
        feed.next_poll_at = now - _AT_ONCE
    if reread:
        read_anew(session, feed, now)
    session.flush()


def read_anew(session: Session, feed: Feed, now: datetime) -> None:
    """Forget what the last answer was compared by (rules 1), and doubt what the next one lacks.

    Validators, digest and last body hold for one address and one way of reading. `edited` in the
    habits tells the next judgement that every missing claim is in doubt (rules 5).
    """
    feed.etag = feed.last_modified = feed.digest = feed.body = feed.entries = feed.read_on = None
    feed.settings_digest = ""
    if feed.last_good_at is not None:
        feed.habits = {**feed.habits, EDITED: True}
    # An answer that is under way is not of this feed any more, and puts it off no longer.
    feed.leased_until, feed.next_poll_at = None, now - _AT_ONCE
    session.flush()
    _ask_source(session, feed, now)


def retire(session: Session, feed: Feed, now: datetime) -> None:
    """Ask this feed no more. Its claims and stays are kept until a person says otherwise."""
    feed.retired_at, feed.health, feed.leased_until = now, "retired", None
    session.flush()


def hasten(session: Session, feed: Feed, now: datetime) -> None:
    """Ask this feed at the next round, and judge its answer whatever it says."""
    feed.next_poll_at, feed.waiting = now - _AT_ONCE, True
    session.flush()
    _ask_source(session, feed, now)


def _ask_source(session: Session, feed: Feed, now: datetime) -> None:
    """A property of a booking system is read with its source."""
    if feed.source_id is not None:
        mine = update(_SOURCE).where(_SOURCE.c.id == feed.source_id)
        session.execute(mine.values(next_poll_at=now - _AT_ONCE))
        jobs.put(session, "source", [feed.source_id])


def ask_soon(session: Session, feed_id: str, now: datetime) -> None:
    """Ask this feed now, or a minute after it was asked last. One that fails keeps its back-off."""
    at: Any = case((_FEED.c.last_poll_at > now - _ASKED_JUST_NOW, now + _ASKED_JUST_NOW), else_=now)
    well = (_FEED.c.id == feed_id, _FEED.c.failures == 0, _FEED.c.next_poll_at > at)
    session.execute(update(_FEED).where(*well).values(next_poll_at=at))
