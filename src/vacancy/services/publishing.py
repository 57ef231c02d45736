"""How services publish: a unit's exports, in the transaction that changed what they hold."""

from __future__ import annotations

from datetime import datetime

from vacancy.ids import Chance
from vacancy.publisher.unit import publish_unit
from vacancy.services.at import Publish
from vacancy.store import stays
from vacancy.store.session import PUBLISHED, Session


def publisher(chance: Chance) -> Publish:
    """Publishes one unit at an instant, having taken the unit's row."""

    def publish(session: Session, unit_id: str, now: datetime) -> None:
        stays.lock_unit(session, unit_id)
        versions = publish_unit(session, unit_id, now, chance)
        if versions:
            units = session.info.setdefault(PUBLISHED, set())
            units.update(version.unit_id for version in versions)

    return publish
