"""How services publish: a unit's exports, and what booking systems are to hold of its stays, in the
transaction that changed them.
"""

from __future__ import annotations

from datetime import datetime

from vacancy.ids import Chance
from vacancy.notifier.wanting import want
from vacancy.publisher.unit import publish_unit
from vacancy.services.at import Publish
from vacancy.store import stays
from vacancy.store.session import PUBLISHED, Session


def publisher(chance: Chance) -> Publish:
    """Publishes one unit at an instant, having taken the unit's row."""

    def publish(session: Session, unit_id: str, now: datetime) -> None:
        stays.lock_unit(session, unit_id)
        want(session, unit_id, now, chance)
        versions = publish_unit(session, unit_id, now, chance)
        if versions:
            units = session.info.setdefault(PUBLISHED, set())
            units.update(version.unit_id for version in versions)

    return publish
