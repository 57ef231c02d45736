"""By what an echo is known to be one: looked up again in what was published, read and shown."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from vacancy.domain.claims import KnownClaim
from vacancy.domain.echoes import ExportHistory, named_stay
from vacancy.services import shapes
from vacancy.store import accounts, doubts, exports
from vacancy.store.session import Session

#: Feeds lag behind what they read by as much.
_LAG = timedelta(hours=48)


def proof_of(session: Session, known: KnownClaim, night: date) -> dict[str, Any] | None:
    """The proof of an echo; None for what is no echo.

    `by`: "uid" (it bears our own UID), "read_before" (the version that the channel had read before
    it showed the night held the stay), "read_lately" (one that it read within 48 hours did),
    "shape" (unproven: only its edges fit), or "record" (what proved it is no more on record).
    """
    stay = known.echo_of
    if stay is None:
        return None
    if named_stay(known.said.uid, accounts.domain(session)) == stay:
        return _proof("uid")
    if not known.proven:
        return _proof("shape")
    export = exports.of_feed(session, known.feed_id)
    history = ExportHistory() if export is None else exports.history(session, export)
    seen = next((s for s in doubts.sightings(session, known.feed_id) if night in s.nights), None)
    before = None if seen is None else seen.good_before
    version = None if before is None else history.version_read_before(before)
    if version is not None and stay in history.holders(version, night):
        return _proof("read_before", history, version)
    for version in history.latest_within(_LAG, known.first_seen):
        if stay in history.holders(version, night):
            return _proof("read_lately", history, version)
    return _proof("record")


def _proof(
    by: str, history: ExportHistory | None = None, version: int | None = None
) -> dict[str, Any]:
    read = [one for one in history.readings if one.version == version] if history else []
    return {
        "by": by,
        "version": version,
        "read_at": shapes.instant(read[0].first_at) if read else None,
    }
