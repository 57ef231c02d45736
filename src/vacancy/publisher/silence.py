"""Readers that stopped coming, and those that came back: told once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from vacancy.domain.events import Fact, reading_fact
from vacancy.domain.propagation import SILENT_AFTER, Habit
from vacancy.ids import Chance
from vacancy.store import journal, propagation, watch
from vacancy.store.session import Session, Store
from vacancy.store.tables import Export

_AT_ONCE = 200


def watch_readers(store: Store, now: datetime, chance: Chance) -> int:
    """Look after the readers that are due for it; how many facts were told."""
    with store.read() as session:
        waiting = bool(watch.due(session, now, 1))
    if not waiting:
        return 0
    with store.write() as session:
        exports = watch.due(session, now, _AT_ONCE)
        reaches = propagation.reach(session, [one.id for one in exports], now.date())
        return sum(
            _judge(session, export, reaches[export.id].habit, (now, chance)) for export in exports
        )


def _judge(
    session: Session, export: Export, habit: Habit | None, at: tuple[datetime, Chance]
) -> bool:
    """Whether there was something to tell of one export; and when to look again."""
    now, _ = at
    silent_from = None if habit is None else habit.silent_from
    if habit is None:
        watch.look_at(session, export.id, None)
        return False
    if export.unread_since is not None:
        if habit.last_at <= export.unread_since:
            watch.look_at(session, export.id, None)
            return False
        watch.mark(session, export.id, None)
        watch.look_at(session, export.id, silent_from or now + SILENT_AFTER)
        return _tell(session, export, habit, at)
    if silent_from is None or silent_from > now:
        watch.look_at(session, export.id, silent_from or now + SILENT_AFTER)
        return False
    watch.mark(session, export.id, habit.last_at)
    watch.look_at(session, export.id, None)
    return _tell(session, export, habit, at)


def _tell(session: Session, export: Export, habit: Habit, at: tuple[datetime, Chance]) -> bool:
    now, chance = at
    unread = export.unread_since is None
    fact = reading_fact(export.unit_id, export.id, export.key, unread=unread)
    last = habit.last_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    told: Fact = replace(fact, data={**fact.data, "last_read_at": last})
    journal.append(session, export.account_id, [told], now, chance)
    return True
