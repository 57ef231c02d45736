"""Fan-out: facts that no endpoint was told of yet become deliveries, each exactly once.

A fact waits in the transaction that wrote it, and stops waiting in the one that makes its
deliveries: wherever a process dies, there is either the fact that waits or all of its deliveries.
"""

from __future__ import annotations

from datetime import datetime

from vacancy import failpoints
from vacancy.ids import Chance
from vacancy.store import deliveries
from vacancy.store.session import Session, Store
from vacancy.store.tables import Endpoint, Event

_AT_ONCE = 500


def fan_out(store: Store, now: datetime, chance: Chance) -> int:
    """Make the deliveries of every fact that waits; how many facts. Twice does nothing."""
    done = 0
    while True:
        with store.read() as session:
            if not deliveries.any_unsent(session):
                return done
        with store.write() as session:
            taken = _fan_out_some(session, now, chance)
            failpoints.reach("before_fan_out_commit")
        failpoints.reach("after_fan_out")
        done += taken
        if taken < _AT_ONCE:
            return done


def _fan_out_some(session: Session, now: datetime, chance: Chance) -> int:
    events = deliveries.unsent(session, _AT_ONCE)
    listening: dict[str, list[Endpoint]] = {}
    for endpoint in deliveries.endpoints(session, {event.account_id for event in events}):
        listening.setdefault(endpoint.account_id, []).append(endpoint)
    pairs = [
        (endpoint, event)
        for event in events
        for endpoint in listening.get(event.account_id, ())
        if _wants(endpoint, event)
    ]
    deliveries.add(session, pairs, now, chance)
    deliveries.sent(session, [event.id for event in events])
    return len(events)


def _wants(endpoint: Endpoint, event: Event) -> bool:
    wanted = deliveries.wanted(endpoint)
    return wanted.includes(event.sequence, event.type, event.property_id)
