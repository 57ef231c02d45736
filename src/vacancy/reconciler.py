"""One unit: what its feeds claim becomes stays, nights, conflicts and facts, in one transaction."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.channels.catalog import profile_of
from vacancy.domain import events
from vacancy.domain.reconcile import FeedFacts, Plan, UnitState, reconcile
from vacancy.failpoints import reach
from vacancy.ids import Chance, new_id
from vacancy.store import claims, feeds, journal, stays, units
from vacancy.store.session import Session
from vacancy.store.tables import Feed, Unit

#: Claims released and stays closed longer ago than this decide nothing any more.
LOOK_BACK = timedelta(days=60)


def local_date(now: datetime, timezone: str) -> date:
    """The date at the property at this instant."""
    return now.astimezone(ZoneInfo(timezone)).date()


def reconcile_unit(session: Session, unit_id: str, now: datetime, chance: Chance) -> Plan:
    """Decide about one unit and write it down; the plan, for those who report.

    Takes the unit's row first, so that one writer at a time decides. Doing it twice writes nothing.
    """
    stays.lock_unit(session, unit_id)
    unit = units.by_id(session, unit_id)
    today = local_date(now, unit.timezone)
    state = _state(session, unit_id, now)
    plan = reconcile(state, now, today, lambda prefix: new_id(prefix, now, chance))
    stays.save(session, unit.account_id, plan.stays, now)
    reach("after_stay_insert")
    claims.link(session, plan.links.items())
    moved = stays.put_night_map(session, unit_id, plan.nights)
    reach("after_nights")
    stays.save_conflicts(session, unit.account_id, plan.conflicts, now)
    if plan.stays:
        claims.wake_echoes(session, [stay.id for stay in plan.stays])
    if plan.stays or moved:
        stays.raise_revision(session, unit_id)
    facts = [
        *events.stay_facts(state.stays, plan.stays),
        *events.conflict_facts(state.conflicts, plan.conflicts, today),
    ]
    journal.append(session, unit.account_id, facts, now, chance)
    units.plan_again(session, unit_id, _again_at(plan, unit, today))
    return plan


def _state(session: Session, unit_id: str, now: datetime) -> UnitState:
    known = claims.of_unit(session, unit_id, now - LOOK_BACK)
    recent = stays.of_unit(session, unit_id, now - LOOK_BACK)
    held = {stay.id for stay in recent}
    linked = {claim.stay_id for claim in known if claim.stands and claim.stay_id}
    older = stays.by_ids(session, sorted(linked - held))
    every_feed = feeds.of_unit(session, unit_id, retired=True)
    return UnitState(
        unit_id=unit_id,
        claims=known,
        stays=(*recent, *older.values()),
        conflicts=stays.conflicts_of_unit(session, unit_id, now - LOOK_BACK),
        feeds={feed.id: _facts(feed, place) for place, feed in enumerate(every_feed)},
    )


def _facts(feed: Feed, place: int) -> FeedFacts:
    return FeedFacts(
        feed_id=feed.id,
        channel=feed.channel,
        is_hub=profile_of(feed.channel).is_hub,
        retired=feed.retired_at is not None,
        position=place,
        rule_blocks_exported=feed.settings.get("rule_blocks") == "export",
        first_read_at=feed.first_good_at,
    )


def _again_at(plan: Plan, unit: Unit, today: date) -> datetime:
    """When time alone would change the plan: at the latest at the property's next midnight."""
    tomorrow = today + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(unit.timezone))
    return min(midnight, plan.again_at) if plan.again_at else midnight
