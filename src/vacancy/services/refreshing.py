"""Reading a unit's feeds again before nights of it are held, and how old each feed's word is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vacancy.poller.tools import Polled
from vacancy.services.shapes import instant
from vacancy.store import feeds, places, tables, trees, units
from vacancy.store.session import Session

#: A feed that was asked within this is not asked again.
JUST_NOW = timedelta(minutes=1)
#: By these answers a channel asks for patience: until the next poll it is left alone.
_PATIENCE = ("http_429", "http_503")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Which feeds were to be asked, and the polls of those that answered in time."""

    wanted: frozenset[str] = frozenset()
    polled: Mapping[str, Polled] = field(default_factory=dict[str, Polled])

    @classmethod
    def of(cls, wanted: Iterable[str], polled: Iterable[Polled]) -> Refreshed:
        return cls(frozenset(wanted), {one.due.feed_id: one for one in polled})


def stale(session: Session, account_id: str, unit: str, now: datetime) -> list[str]:
    """The feeds to ask before nights of this unit (id or slug) are held: its own, and those of its
    house or rooms, but for what was just asked. Raises Unknown.
    """
    row = places.unit(session, account_id, unit)
    return [feed.id for _, feed in _feeds(session, row) if _why_not(feed, now) is None]


def sources(
    session: Session, unit_id: str, refreshed: Refreshed | None, now: datetime
) -> list[dict[str, Any]]:
    """How old the word of each feed is that decides about the unit's nights.

    `asked`: it was read again for this request. `outcome` is how its last poll ended, None where
    the answer did not come in time; `reason` is why it failed, or why the feed was not asked.
    """
    row = units.by_id(session, unit_id)
    return [_source(slug, feed, refreshed, now) for slug, feed in _feeds(session, row)]


def _feeds(session: Session, unit: tables.Unit) -> Iterator[tuple[str, tables.Feed]]:
    for one in trees.family(session, unit.id):
        for feed in feeds.of_unit(session, one.id):
            yield one.slug, feed


def _why_not(feed: tables.Feed, now: datetime) -> str | None:
    """Why a feed is not asked now, None where it is."""
    if feed.health == "paused":
        return "paused"
    if feed.last_poll_at is not None and now - feed.last_poll_at < JUST_NOW:
        return "asked_just_now"
    if feed.failures and feed.last_reason in _PATIENCE and feed.next_poll_at > now:
        return "asked_to_wait"
    return None


def _source(
    slug: str, feed: tables.Feed, refreshed: Refreshed | None, now: datetime
) -> dict[str, Any]:
    asked = refreshed is not None and feed.id in refreshed.wanted
    polled = refreshed.polled.get(feed.id) if refreshed is not None else None
    good_at = feed.last_good_at
    outcome, reason = feed.last_outcome, feed.last_reason
    if polled is not None:
        outcome, reason = polled.finished.outcome, polled.finished.reason
        good_at = polled.finished.ended_at if polled.finished.good else good_at
    elif asked:
        outcome, reason = None, "no_answer_in_time"
    elif refreshed is not None:
        reason = _why_not(feed, now)
    return {
        "feed_id": feed.id,
        "unit": slug,
        "feed": feed.key,
        "channel": feed.channel,
        "asked": asked,
        "outcome": outcome,
        "reason": reason,
        "last_good_at": instant(good_at),
        "age_seconds": None if good_at is None else max(0, int((now - good_at).total_seconds())),
    }
