"""Spans under way when the clock was set anew (docs/reading.md, time)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Table, func, select, update
from sqlmodel import Session

from vacancy.domain.availability import LINGER
from vacancy.domain.claims import ClaimStatus
from vacancy.domain.feed import CLOCK_SET_AT
from vacancy.domain.holds import LONGEST
from vacancy.domain.stays import StayStatus
from vacancy.store import tables

_CLAIM: Table = tables.metadata.tables["claim"]
_DELIVERY: Table = tables.metadata.tables["delivery"]
_DOUBT: Table = tables.metadata.tables["doubt"]
_ENDPOINT: Table = tables.metadata.tables["endpoint"]
_FEED: Table = tables.metadata.tables["feed"]
_READING: Table = tables.metadata.tables["reading"]
_SIGHTING: Table = tables.metadata.tables["sighting"]
_STAY: Table = tables.metadata.tables["stay"]
_UNIT: Table = tables.metadata.tables["unit"]

#: When what was seen and read is said to have been: the evidence that is compared with `now`.
_SEEN = (
    *(_CLAIM.c.first_seen, _CLAIM.c.last_seen, _FEED.c.last_believed_at),
    *(_FEED.c.last_poll_at, _FEED.c.last_good_at),
    *(_READING.c.first_at, _READING.c.last_at),
    *(_SIGHTING.c.first_shown, _SIGHTING.c.good_before, _SIGHTING.c.last_shown),
)

#: As long as a poll may take: a lease that runs longer was made by the other clock.
_LEASED = timedelta(minutes=3)


def start_anew(session: Session, now: datetime, by: timedelta) -> None:
    """The wall clock was set on by so much (back: less than zero) to `now`, though no time passed.

    What counts absences or agreement begins again, as do the spans since a channel's reading, and
    the day for which a canceled stay's nights stay closed. Set on, holds keep the time that was
    left to them; set back, none outlives its whole span from now, and none made by a clock that was
    right all the time is cut short. Nothing was seen or read later than now.
    No feed waits longer than its interval, no lease longer than a poll may take, programs are told
    at once what waits for them, and every unit is planned anew: its midnights are others now.
    Several processes that each say so do no harm.
    """
    missing = _CLAIM.c.status == ClaimStatus.MISSING.value
    session.execute(update(_CLAIM).where(missing).values(missing_since=None, absences=0))
    _agree_anew(session)
    _count_from(session, now)
    _linger_anew(session, now, by)
    for seen in _SEEN:
        session.execute(update(seen.table).where(seen > now).values({seen.name: now}))
    _hold_on(session, now, by)
    late = _FEED.c.leased_until > now + _LEASED
    session.execute(update(_FEED).where(late).values(leased_until=now + _LEASED))
    _due_within_their_interval(session, now)
    _tell_at_once(session, now)
    session.execute(update(_UNIT).values(again_at=None))


def latest(session: Session) -> datetime | None:
    """The last instant at which a feed was asked or taken in hand, by the clock of that time."""
    query = select(func.max(_FEED.c.last_poll_at), func.max(_FEED.c.leased_until))
    asked, leased = session.execute(query).one()
    return max((at for at in (asked, leased and leased - _LEASED) if at), default=None)


def _agree_anew(session: Session) -> None:
    """An open doubt is agreed with from the next answer on."""
    query = select(_DOUBT.c.id, _DOUBT.c.state)
    query = query.where(_DOUBT.c.settled_at.is_(None), _DOUBT.c.decision.is_(None))
    for row in session.execute(query).all():
        state = {**row.state, "agreeing_since": None}
        session.execute(update(_DOUBT).where(_DOUBT.c.id == row.id).values(state=state))


def _count_from(session: Session, now: datetime) -> None:
    # Held while they are rewritten: what another process learns meanwhile must not be lost.
    for row in session.execute(select(_FEED.c.id, _FEED.c.habits).with_for_update()).all():
        habits = {**row.habits, CLOCK_SET_AT: now.isoformat()}
        session.execute(update(_FEED).where(_FEED.c.id == row.id).values(habits=habits))


def _linger_anew(session: Session, now: datetime, by: timedelta) -> None:
    canceled = (_STAY.c.status == StayStatus.CANCELED.value, _STAY.c.closed_at > now - by - LINGER)
    session.execute(update(_STAY).where(*canceled).values(closed_at=now))


def _hold_on(session: Session, now: datetime, by: timedelta) -> None:
    query = select(_STAY.c.id, _STAY.c.opened_at, _STAY.c.expires_at).where(
        _STAY.c.status == StayStatus.HELD.value, _STAY.c.expires_at.is_not(None)
    )
    for row in session.execute(query).all():
        span = row.expires_at - row.opened_at
        until = row.expires_at + by if by > timedelta() else min(row.expires_at, now + span)
        held = {"opened_at": min(row.opened_at, now), "expires_at": min(until, now + LONGEST)}
        still_held = (_STAY.c.id == row.id, _STAY.c.status == StayStatus.HELD.value)
        session.execute(update(_STAY).where(*still_held).values(held))


def _due_within_their_interval(session: Session, now: datetime) -> None:
    every = _FEED.c.every
    intervals = session.execute(select(every).where(_FEED.c.retired_at.is_(None)).distinct())
    for seconds in sorted(row.every for row in intervals.all()):
        due = now + timedelta(seconds=seconds)
        late = (every == seconds, _FEED.c.retired_at.is_(None), _FEED.c.next_poll_at > due)
        session.execute(update(_FEED).where(*late).values(next_poll_at=due))


def _tell_at_once(session: Session, now: datetime) -> None:
    """No endpoint has failed for longer than anybody knows."""
    session.execute(update(_DELIVERY).where(_DELIVERY.c.next_at > now).values(next_at=now))
    failing = _ENDPOINT.c.failing_since.is_not(None)
    session.execute(update(_ENDPOINT).where(failing).values(failing_since=None, failures=0))
