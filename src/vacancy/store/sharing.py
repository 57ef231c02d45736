"""Due feeds one by one, for instances that share them: what to put into the queue, and leasing what
came out of it. When a feed is due stands in `leasing.due_now` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Table, select
from sqlmodel import Session

from vacancy.store import leasing, tables
from vacancy.store.leasing import Due, Room

_FEED: Table = tables.metadata.tables["feed"]

#: Candidates looked at for each feed named, so that a crowded host hides no other.
_LOOK_AHEAD = 4


def look(session: Session, now: datetime, room: Room) -> list[str]:
    """Feeds that are due and in nobody's hand, the most urgent first, as far as there is room."""
    query = select(_FEED.c.id, _FEED.c.host).where(leasing.due_now(now))
    full = room.full_hosts()
    if full:
        query = query.where(_FEED.c.host.not_in(full))
    query = query.order_by(_FEED.c.next_poll_at, _FEED.c.id).limit(room.limit * _LOOK_AHEAD)
    return room.choose((row.id, row.host) for row in session.execute(query))


def lease(
    session: Session, now: datetime, hold: timedelta, room: Room, feed_ids: Sequence[str]
) -> list[Due]:
    """Take those of these feeds in hand that are still due, as far as there is room."""
    if room.limit <= 0:
        return []
    query = select(_FEED.c.id).where(_FEED.c.id.in_(feed_ids), leasing.due_now(now))
    still = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
    return leasing.lease(session, now, hold, room, still) if still else []
