"""What is due, who has it in hand, and how each poll ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session

from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.tables import Feed

_FEED: Table = tables.metadata.tables["feed"]
_POLL: Table = tables.metadata.tables["poll"]


@dataclass(frozen=True, slots=True)
class Finished:
    """How one poll ended: `outcome` as in the rules, `reason` a stable name or None.

    `next_poll_at` is when to try again; `full` tells that the feed was asked without validators
    and gave a whole body.
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

    @property
    def good(self) -> bool:
        return self.outcome in ("fresh", "unchanged", "suspicious")


def lease(
    session: Session, now: datetime, hold: timedelta, limit: int, early: Sequence[str] = ()
) -> list[Feed]:
    """Take up to `limit` due feeds in hand for `hold`; those in `early` are due whatever the clock.

    A feed in somebody's hand is left alone until its lease runs out.
    """
    free = or_(_FEED.c.leased_until.is_(None), _FEED.c.leased_until <= now)
    due = or_(_FEED.c.next_poll_at <= now, _FEED.c.id.in_(early))
    query = (
        select(_FEED.c.id)
        .where(_FEED.c.retired_at.is_(None), _FEED.c.health != "paused", free, due)
        .order_by(_FEED.c.next_poll_at, _FEED.c.id)
        .limit(limit)
    )
    if session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = list(session.execute(query).scalars())
    if not ids:
        return []
    session.execute(update(_FEED).where(_FEED.c.id.in_(ids)).values(leased_until=now + hold))
    found = session.execute(select(Feed).where(Feed.id.in_(ids))).scalars()  # type: ignore[attr-defined]
    by_id = {feed.id: feed for feed in found}
    return [by_id[feed_id] for feed_id in ids]


def soonest(session: Session) -> datetime | None:
    """When the next feed is due; None when there is none."""
    query = select(func.min(_FEED.c.next_poll_at)).where(
        _FEED.c.retired_at.is_(None), _FEED.c.health != "paused"
    )
    return session.execute(query).scalar()


def touch(session: Session, finished: Sequence[Finished]) -> None:
    """Write the time of unchanged polls, in one statement, and count them."""
    if not finished:
        return
    rows = [
        {
            "row_id": one.feed_id,
            "next_at": one.next_poll_at,
            "at": one.started_at,
            "good_at": one.ended_at,
            "full_at": one.ended_at if one.full else None,
        }
        for one in finished
    ]
    statement = (
        update(_FEED)
        .where(_FEED.c.id == bindparam("row_id"))
        .values(
            next_poll_at=bindparam("next_at"),
            last_poll_at=bindparam("at"),
            last_good_at=bindparam("good_at"),
            last_full_at=func.coalesce(bindparam("full_at"), _FEED.c.last_full_at),
            last_outcome="unchanged",
            repeats=_FEED.c.repeats + 1,
            leased_until=None,
        )
    )
    session.connection().execute(statement, rows)


def record(session: Session, finished: Finished, chance: Chance) -> None:
    """The one exit of a poll: write how it ended and when to try again.

    The unchanged polls before it are counted on the poll that began their run.
    """
    _close_run(session, finished.feed_id)
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
    if finished.full:
        values["last_full_at"] = finished.ended_at
    session.execute(update(_FEED).where(_FEED.c.id == finished.feed_id).values(values))
    session.execute(
        insert(_POLL).values(
            id=poll_id,
            account_id=finished.account_id,
            feed_id=finished.feed_id,
            started_at=finished.started_at,
            outcome=finished.outcome,
            reason=finished.reason,
            counts=finished.counts,
            millis=int((finished.ended_at - finished.started_at) / timedelta(milliseconds=1)),
            repeats=0,
        )
    )


def _close_run(session: Session, feed_id: str) -> None:
    query = select(_FEED.c.last_poll_id, _FEED.c.repeats, _FEED.c.last_good_at)
    run = session.execute(query.where(_FEED.c.id == feed_id)).one()
    if run.repeats:
        counted = {"repeats": run.repeats, "last_repeat_at": run.last_good_at}
        session.execute(update(_POLL).where(_POLL.c.id == run.last_poll_id).values(counted))


def keep_reading(session: Session, feed_id: str, reading: dict[str, Any]) -> None:
    """Store what the next poll compares with (validators, digest, body, entries, read_on ...)."""
    session.execute(update(_FEED).where(_FEED.c.id == feed_id).values(reading))


def hand_back(session: Session, feed_ids: Sequence[str]) -> None:
    """Let go of leased feeds that were not polled."""
    session.execute(update(_FEED).where(_FEED.c.id.in_(feed_ids)).values(leased_until=None))


def forget_old(session: Session, before: datetime) -> int:
    """Remove polls that started before then; how many there were."""
    result = session.execute(delete(_POLL).where(_POLL.c.started_at < before))
    return int(getattr(result, "rowcount", 0))
