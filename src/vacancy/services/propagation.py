"""How what was published reached the channels: read when, and how long nobody there knew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.propagation import Exposure, Habit
from vacancy.services import shapes
from vacancy.store import exports, feeds, propagation, tables, units
from vacancy.store.propagation import Reach
from vacancy.store.session import Session

#: Stays that were published and left an export again are told of for so long.
TOLD_FOR = timedelta(days=30)


def find(session: Session, account_id: str, unit: str, now: datetime) -> dict[str, Any]:
    """Each export of a unit: its reader's habit, and each stay's way to it. Raises Unknown."""
    row = units.find(session, account_id, unit)
    today = now.astimezone(ZoneInfo(row.timezone)).date()
    rows = exports.of_unit(session, row.id)
    ids = [one.id for one in rows]
    reaches = propagation.reach(session, ids, today, now - TOLD_FOR)
    keys = {feed.id: feed.key for feed in feeds.of_unit(session, row.id, retired=True)}
    return {
        "unit": row.slug,
        "exports": [
            {
                "id": one.id,
                "key": one.key,
                "feed": keys.get(one.feed_id or ""),
                "channel": one.channel,
                "version": one.version,
                **summary(one, reaches[one.id], now),
                "stays": [_stay(exposure, now) for exposure in reaches[one.id].exposures],
            }
            for one in rows
        ],
    }


def of_exports(
    session: Session, rows: list[tables.Export], now: datetime
) -> dict[str, dict[str, Any]]:
    """The summary of each of these exports, by id."""
    # A stay that departs within the day is over where it is late, and no sale is lost by it.
    reaches = propagation.reach(session, [row.id for row in rows], now.date())
    return {row.id: summary(row, reaches[row.id], now) for row in rows}


def summary(row: tables.Export, reach: Reach, now: datetime) -> dict[str, Any]:
    """One export's reading in short.

    `usual_seconds`: three in four of its reader's intervals were no longer; `exposure_minutes`: for
    how long the longest waiting of the `unread_stays` has been there and unread, 0 for none.
    `unread_since`: its reader has stopped coming.
    """
    waiting = reach.unread() if row.version else []
    return {
        "last_read_at": shapes.instant(reach.habit.last_at if reach.habit else None),
        "readers": reach.readers,
        "median_seconds": _seconds(reach.habit, "median"),
        "usual_seconds": _seconds(reach.habit, "usual"),
        "unread_since": shapes.instant(row.unread_since),
        "unread_stays": len(waiting),
        "exposure_minutes": max((one.minutes(now) for one in waiting), default=0),
    }


def _seconds(habit: Habit | None, which: str) -> int | None:
    span = None if habit is None else getattr(habit, which)
    return None if span is None else round(span.total_seconds())


def _stay(exposure: Exposure, now: datetime) -> dict[str, Any]:
    left = exposure.ended_at is not None and exposure.read_at is None
    return {
        "stay": exposure.stay_id,
        "arrival": exposure.nights.arrival.isoformat(),
        "departure": exposure.nights.departure.isoformat(),
        "published_at": shapes.instant(exposure.published_at),
        "read_at": shapes.instant(exposure.read_at),
        "withdrawn_unread_at": shapes.instant(exposure.ended_at) if left else None,
        "exposure_minutes": exposure.minutes(now),
    }
