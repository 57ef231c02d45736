"""How everything stands: units, their feeds' health and exports, open conflicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from vacancy.services import propagation, shapes
from vacancy.store import bookings, feeds, units
from vacancy.store.propagation import exports_by_feed
from vacancy.store.session import Session


def find(session: Session, account_id: str, now: datetime) -> dict[str, Any]:
    """Every unit in use with its feeds, its stays to come and its conflicts."""
    rows = units.of_account(session, account_id)
    slugs = {row.id: row.slug for row in rows}
    told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    made_for = exports_by_feed(session, account_id)
    read = propagation.of_exports(session, list(made_for.values()), now)
    for feed in feeds.of_account(session, account_id):
        if feed.unit_id in slugs:
            export = made_for.get(feed.id)
            document = shapes.feed(feed, slugs[feed.unit_id])
            document["export"] = None if export is None else read[export.id]
            told[feed.unit_id].append(document)
    clashes = Counter(row.unit_id for row in bookings.conflicts(session, account_id))
    coming = bookings.live_counts(session, account_id, now.date())
    return {
        "now": shapes.instant(now),
        "units": [
            {
                "unit": row.slug,
                "name": row.name,
                "timezone": row.timezone,
                "stays": coming.get(row.id, 0),
                "conflicts": clashes[row.id],
                "feeds": told[row.id],
            }
            for row in rows
        ],
    }
