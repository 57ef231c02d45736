"""All exports of one unit, published in the transaction that changed its stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.domain.availability import ExportFacts, contents
from vacancy.ids import Chance
from vacancy.publisher.render import Imprint, NewVersion, publish
from vacancy.store import accounts, claims, exports, feeds, stays, units
from vacancy.store.session import Session

#: Past stays stay in an export for 30 days; what was closed before that is in none.
LOOK_BACK = timedelta(days=60)


def publish_unit(session: Session, unit_id: str, now: datetime, chance: Chance) -> list[NewVersion]:
    """Publish what changed in the unit's exports; those that hold the same as before stay.

    The caller has the unit's row (`stays.lock_unit`).
    """
    unit = units.by_id(session, unit_id)
    imprint = Imprint(accounts.domain(session), chance)
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    known_claims = claims.of_unit(session, unit_id, now - LOOK_BACK)
    known_stays = stays.of_unit(session, unit_id, now - LOOK_BACK)
    rules_exported = frozenset(
        feed.id
        for feed in feeds.of_unit(session, unit_id)
        if feed.settings.get("rule_blocks") == "export"
    )
    published = []
    for export in exports.of_unit(session, unit_id):
        held = contents(
            ExportFacts(export.key, export.feed_id, export.channel, rules_exported),
            known_stays,
            known_claims,
            now,
            today,
        )
        version = publish(session, export, held, now, imprint)
        if version is not None:
            published.append(version)
    return published
