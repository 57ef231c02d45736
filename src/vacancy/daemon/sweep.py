"""What time alone changes: plans at midnight, silent feeds and readers, old polls and answers."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from vacancy.daemon.compose import House
from vacancy.domain import events
from vacancy.domain.cadence import STALE_AFTER, STALE_INTERVALS
from vacancy.publisher.silence import watch_readers
from vacancy.reconciler import reconcile_unit
from vacancy.services.publishing import publisher
from vacancy.store import deliveries, idempotency, journal, polls, units
from vacancy.store.served import StoreFailure

_LOG = structlog.get_logger(__name__)

POLLS_KEPT = timedelta(days=30)
#: For so long what was delivered can be looked at, and what was not sent again.
DELIVERIES_KEPT = timedelta(days=30)
#: A unit that could not be planned is tried again after so long.
AFTER_FAULT = timedelta(minutes=15)
_UNITS_AT_ONCE = 200


def sweep(house: House) -> int:
    """Do what has become due by time; how many units were planned anew. Twice does nothing."""
    now = house.clock.now()
    planned = _plan_again(house, now)
    _mark_stale(house, now)
    watch_readers(house.store, now, house.chance)
    with house.store.write() as session:
        polls.forget_old(session, now - POLLS_KEPT)
        idempotency.forget(session, now)
        deliveries.forget(session, now - DELIVERIES_KEPT)
    return planned


def _plan_again(house: House, now: datetime) -> int:
    publish = publisher(house.chance)
    planned = 0
    while True:
        with house.store.read() as session:
            due = units.to_plan_again(session, now, _UNITS_AT_ONCE)
        for unit_id in due:
            try:
                with house.store.write() as session:
                    reconcile_unit(session, unit_id, now, house.chance)
                    publish(session, unit_id, now)
            except StoreFailure:
                raise
            except Exception:
                # A fault of ours with one unit keeps no other from its plan, nor feeds from polls.
                _LOG.exception("plan.broke", unit=unit_id)
                with house.store.write() as session:
                    units.plan_again(session, unit_id, now + AFTER_FAULT)
            planned += 1
        if len(due) < _UNITS_AT_ONCE:
            return planned


def _mark_stale(house: House, now: datetime) -> None:
    """A feed that gave no good answer for long is stale, however it fails or hangs."""
    with house.store.read() as session:
        silent = polls.silent(session, now, STALE_AFTER, STALE_INTERVALS)
    if not silent:
        return
    with house.store.write() as session:
        for feed in silent:
            if polls.set_health(session, feed.id, feed.health, "stale"):
                fact = events.health_fact(feed.unit_id, feed.id, feed.health, "stale")
                facts = [] if fact is None else [fact]
                journal.append(session, feed.account_id, facts, now, house.chance)
