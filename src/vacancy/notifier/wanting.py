"""Which of a unit's own stays booking systems are to hold: decided where the unit is published."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.domain.pushes import wanted
from vacancy.ids import Chance
from vacancy.store import pushes, stays, units
from vacancy.store.session import Session

#: Stays that ended longer ago than this are told to nobody.
LOOK_BACK = timedelta(days=60)


def want(session: Session, unit_id: str, now: datetime, chance: Chance) -> None:
    """Have each system that is told of the unit hold its own stays as they are now.

    In the transaction that changed them; twice does nothing. Nothing goes back to where it came
    from.
    """
    targets = pushes.targets(session, unit_id)
    if not targets:
        return
    today = now.astimezone(ZoneInfo(units.by_id(session, unit_id).timezone)).date()
    known = stays.of_unit(session, unit_id, now - LOOK_BACK)
    for target in targets:
        so_far = pushes.wanted_of_unit(session, target.source_id, unit_id)
        own = pushes.upheld_by(session, target.feed_id)
        changes = wanted(known, so_far, own, today)
        if changes:
            pushes.want(session, target, unit_id, changes, (now, chance))
