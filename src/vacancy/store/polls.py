"""How each poll ended, what the next is compared with, and how feeds are doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Table,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlmodel import Session

from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.leasing import Due
from vacancy.store.rows import Question, Rows, Statement
from vacancy.store.session import read_again
from vacancy.store.types import UTCDateTime

_FEED: Table = tables.metadata.tables["feed"]
_UNIT: Table = tables.metadata.tables["unit"]
_POLL: Table = tables.metadata.tables["poll"]

# Built once: building a statement costs three times as much as running it.
_THE_FEED = _FEED.c.id == bindparam("row_id")
_RUN_COLUMNS = tuple(
    _FEED.c[name] for name in ("last_poll_id", "repeats", "last_good_at", "first_good_at")
)
_RUN = Question(select(*_RUN_COLUMNS).where(_THE_FEED))
# Held until its poll is written down: an edit meanwhile waits, or its mark would be written over.
_STANDS = Question(
    select(
        *_RUN_COLUMNS,
        _FEED.c.url_digest,
        _FEED.c.settings,
        _FEED.c.channel,
        _FEED.c.retired_at,
        _FEED.c.leased_until,
        _FEED.c.habits,
    )
    .where(_THE_FEED)
    .with_for_update()
)
_BODY = Question(select(_FEED.c.body).where(_THE_FEED))
_ENTRIES = Question(select(_FEED.c.entries).where(_THE_FEED))
_ADD = Rows(
    _POLL,
    (
        *("id", "account_id", "feed_id", "started_at", "outcome", "reason", "counts", "millis"),
        "repeats",
    ),
)
_COUNT = Statement(
    update(_POLL)
    .where(_POLL.c.id == bindparam("poll_id"))
    .values(repeats=bindparam("count"), last_repeat_at=bindparam("at"))
)

#: In `session.info`: the runs of unchanged polls of feeds that this transaction holds.
_HELD = "polls.habits_as_leased"
_TOUCH = (
    update(_FEED)
    .where(_THE_FEED, _FEED.c.leased_until == bindparam("leased"))
    .values(
        next_poll_at=bindparam("next_at"),
        last_poll_at=bindparam("at"),
        last_good_at=bindparam("good_at"),
        last_believed_at=bindparam("good_at"),
        last_full_at=func.coalesce(bindparam("full_at", type_=UTCDateTime()), _FEED.c.last_full_at),
        last_outcome="unchanged",
        repeats=_FEED.c.repeats + 1,
        leased_until=None,
    )
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How one poll ended: `outcome` as in the rules, `reason` a stable name or None.

    `next_poll_at` is when to try again; `full` tells that the feed was asked without validators
    and gave a whole body. `partial`: it told changes alone, and is no good answer to anything else.
    """

    feed_id: str
    account_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    next_poll_at: datetime
    health: str
    failures: int
    reason: str | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    full: bool = False
    partial: bool = False

    @property
    def good(self) -> bool:
        return self.outcome in ("fresh", "unchanged", "suspicious") and not self.partial


def touch(session: Session, finished: Sequence[tuple[Due, Finished]]) -> None:
    """Write the time of unchanged polls, in one statement, and count them; but of a feed that is
    no longer in the hand that polled it, which was edited or taken over meanwhile.
    """
    if not finished:
        return
    rows = [
        {
            "row_id": one.feed_id,
            "leased": due.leased_until,
            "next_at": one.next_poll_at,
            "at": one.started_at,
            "good_at": one.ended_at,
            "full_at": one.ended_at if one.full else None,
        }
        for due, one in finished
    ]
    session.connection().execute(_TOUCH, rows)


def record(
    session: Session, finished: Finished, chance: Chance, kept: Mapping[str, Any] | None = None
) -> None:
    """The one exit of a poll: write how it ended, when to try again, and of a good one what the
    next is compared with (`kept`: validators, digest, body, entries, habits ...).

    The unchanged polls before it are counted on the poll that began their run.
    """
    first_good_at = _close_run(session, finished.feed_id)
    poll_id = new_id("poll", finished.started_at, chance)
    values: dict[str, Any] = {
        "last_poll_id": poll_id,
        "repeats": 0,
        "next_poll_at": finished.next_poll_at,
        "last_poll_at": finished.started_at,
        "last_outcome": finished.outcome,
        "last_reason": finished.reason,
        "health": finished.health,
        "failures": finished.failures,
        "leased_until": None,
    }
    if finished.good:
        values["last_good_at"] = finished.ended_at
        values["first_good_at"] = first_good_at or finished.ended_at
    if finished.good and finished.outcome != "suspicious":
        values["last_believed_at"] = finished.ended_at
    if finished.full:
        values["last_full_at"] = finished.ended_at
    values |= kept or {}
    _writing(*values).run(session, {"row_id": finished.feed_id, **values})
    _ADD.write(session, [_row(finished, poll_id)])
    read_again(session, "outlines")


@lru_cache(maxsize=64)
def _writing(*names: str) -> Statement:
    """Writes these columns of a feed."""
    said = {name: bindparam(name, required=True) for name in names}
    return Statement(update(_FEED).where(_THE_FEED).values(said))


def _row(finished: Finished, poll_id: str) -> dict[str, Any]:
    return {
        "id": poll_id,
        "account_id": finished.account_id,
        "feed_id": finished.feed_id,
        "started_at": finished.started_at,
        "outcome": finished.outcome,
        "reason": finished.reason,
        "counts": finished.counts,
        "millis": int((finished.ended_at - finished.started_at) / timedelta(milliseconds=1)),
        "repeats": 0,
    }


def recount(session: Session, feed_id: str, counts: Mapping[str, Any]) -> None:
    """Put these in the place of what the feed's last recorded poll counted."""
    last = select(_FEED.c.last_poll_id).where(_FEED.c.id == feed_id).scalar_subquery()
    session.execute(update(_POLL).where(_POLL.c.id == last).values(counts=dict(counts)))


def _of(session: Session, question: Question, feed_id: str) -> tuple[Any, ...]:
    """The one row of a feed."""
    (row,) = question.rows(session, {"row_id": feed_id})
    return row


def _close_run(session: Session, feed_id: str) -> datetime | None:
    """Count the run of unchanged polls that ends; when the feed gave its first good answer."""
    run = session.info.get(_HELD, {}).pop(feed_id, None) or _of(session, _RUN, feed_id)
    poll_id, repeats, last_good_at, first_good_at = run
    if repeats:
        _COUNT.run(session, {"poll_id": poll_id, "count": repeats, "at": last_good_at})
    return first_good_at


def habits_as_leased(session: Session, due: Due) -> dict[str, Any] | None:
    """What was learned of the channel behind the feed, and marks for the next answer; None where
    the feed is no longer the one asked: edited, retired or asked again since.
    """
    *run, digest, settings, channel, retired_at, leased_until, habits = _of(
        session, _STANDS, due.feed_id
    )
    session.info.setdefault(_HELD, {})[due.feed_id] = tuple(run)
    found = (digest, settings, channel, retired_at, leased_until)
    asked = (due.url_digest, due.settings, due.channel, None, due.leased_until)
    return habits if found == asked else None


def kept_body(session: Session, feed_id: str) -> bytes | None:
    """The last good body, compressed and sealed."""
    return _of(session, _BODY, feed_id)[0]


def kept_entries(session: Session, feed_id: str) -> bytes | None:
    """What was read of the last good body, compressed and sealed."""
    return _of(session, _ENTRIES, feed_id)[0]


@dataclass(frozen=True, slots=True)
class Silent:
    """A feed that gave no good answer for longer than it may."""

    id: str
    account_id: str
    unit_id: str
    health: str


def silent(session: Session, now: datetime, at_least: timedelta, intervals: int) -> list[Silent]:
    """Feeds in use without a good answer for `at_least` and `intervals` of their own."""
    columns = (_FEED.c.id, _FEED.c.account_id, _FEED.c.unit_id, _FEED.c.health)
    good_at, never, before = _FEED.c.last_good_at, _FEED.c.last_good_at.is_(None), now - at_least
    since = func.coalesce(good_at, _FEED.c.created_at)
    query = select(*columns, since.label("good_at"), _FEED.c.every).where(
        _FEED.c.retired_at.is_(None),
        _FEED.c.health.not_in(("stale", "gone", "paused", "retired")),
        or_(good_at <= before, and_(never, _FEED.c.created_at <= before)),
    )
    return [
        Silent(row.id, row.account_id, row.unit_id, row.health)
        for row in session.execute(query)
        if now - row.good_at >= timedelta(seconds=row.every) * intervals
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """How the feeds in use are doing, and how many conflicts are not resolved."""

    by_health: dict[str, int]
    conflicts: int
    oldest_good: datetime | None


def figures(session: Session) -> Figures:
    """The figures of this moment."""
    conflict: Table = tables.metadata.tables["conflict"]
    used = _FEED.c.retired_at.is_(None)
    healths = select(_FEED.c.health, func.count()).where(used).group_by(_FEED.c.health)
    unresolved = select(func.count()).where(conflict.c.status != "resolved")
    return Figures(
        by_health={row[0]: row[1] for row in session.execute(healths)},
        conflicts=session.execute(unresolved).scalar_one(),
        oldest_good=session.execute(select(func.min(_FEED.c.last_good_at)).where(used)).scalar(),
    )


def set_health(session: Session, feed_id: str, was: str, health: str) -> bool:
    """Change a feed's health from what it was; False where it is another by now."""
    change = update(_FEED).where(_FEED.c.id == feed_id, _FEED.c.health == was)
    return bool(getattr(session.execute(change.values(health=health)), "rowcount", 0))


def forget_old(session: Session, before: datetime) -> int:
    """Remove polls that started before then, but each feed's last; how many there were."""
    last = select(_FEED.c.last_poll_id).where(_FEED.c.last_poll_id.is_not(None))
    old = delete(_POLL).where(_POLL.c.started_at < before, _POLL.c.id.not_in(last))
    result = session.execute(old)
    return int(getattr(result, "rowcount", 0))
