"""Builders: entries, what a feed showed before, and the judged snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from vacancy.channels.classify import classify
from vacancy.domain.claims import Claim, ClaimStatus, Entry, KnownClaim, Snapshot
from vacancy.domain.nights import Nights

TODAY = date(2026, 11, 24)


def day(away: int, today: date = TODAY) -> date:
    return today + timedelta(days=away)


def entry(
    arrival: int = 10,
    departure: int = 12,
    summary: str = "Reserved",
    *,
    uid: str | None = None,
    today: date = TODAY,
    **more: object,
) -> Entry:
    """An entry by its days from today; without `uid`, one that follows the arrival."""
    nights = Nights(day(arrival, today), day(departure, today))
    named = f"{nights.arrival:%Y%m%d}@example.com" if uid is None else uid
    return Entry(named, nights, summary, **more)  # type: ignore[arg-type]


def snapshot(
    *entries: Entry,
    channel: str | None = "airbnb",
    today: date = TODAY,
    known: Sequence[KnownClaim] = (),
    closed_before: bool = False,
    stamped: date | None = None,
) -> Snapshot:
    return classify(
        entries,
        (),
        channel=channel,
        host=None,
        today=today,
        known=known,
        closed_before=closed_before,
        stamped=stamped,
    )


def only(*entries: Entry, **more: object) -> Claim:
    """The one claim of a snapshot."""
    (claim,) = snapshot(*entries, **more).claims  # type: ignore[arg-type]
    return claim


def remembered(shown: Snapshot, first: date, before: Sequence[KnownClaim] = ()) -> list[KnownClaim]:
    """A snapshot as known afterwards; a claim that starts on the same day keeps its first day."""
    since = {(one.said.provider, one.nights.arrival): one.first_seen for one in before}
    now = datetime.combine(first, time(9), UTC)
    return [
        KnownClaim(
            f"claim_{place}",
            "feed_1",
            claim,
            ClaimStatus.LIVE,
            since.get((claim.provider, claim.nights.arrival), now),
            now,
        )
        for place, claim in enumerate(shown.claims)
    ]
