"""One unit: what its feeds claim becomes stays, nights, conflicts and facts, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.channels.catalog import profile_of
from vacancy.domain import events
from vacancy.domain.conflicts import settle_conflicts, wakes_at
from vacancy.domain.linked import tree_clashes
from vacancy.domain.reconcile import FeedFacts, Plan, UnitState, reconcile, reshaped
from vacancy.domain.stays import ConflictKind
from vacancy.domain.unit import Moment
from vacancy.failpoints import reach
from vacancy.ids import Chance, new_id
from vacancy.store import claims, feeds, journal, stays, trees, units
from vacancy.store.feeds import Outline
from vacancy.store.session import Session
from vacancy.store.trees import Relative

#: Claims released and stays closed longer ago than this decide nothing any more.
LOOK_BACK = timedelta(days=60)


def local_date(now: datetime, timezone: str) -> date:
    """The date at the property at this instant."""
    return now.astimezone(ZoneInfo(timezone)).date()


def reconcile_unit(session: Session, unit_id: str, now: datetime, chance: Chance) -> Plan:
    """Decide about one unit and write it down; the plan, for those who report.

    Takes the row of its tree first, so that one writer at a time decides. Doing it twice writes
    nothing.
    """
    stays.lock_unit(session, unit_id)
    relatives = trees.family(session, unit_id)
    unit = next(one for one in relatives if one.id == unit_id)
    today = local_date(now, unit.timezone)
    state = _state(session, unit, now)
    plan = reconcile(state, now, today, lambda prefix: new_id(prefix, now, chance))
    stays.save(session, unit.account_id, plan.stays, now)
    reach("after_stay_insert")
    claims.link(session, unit_id, plan.links)
    moved = stays.put_night_map(session, unit_id, plan.nights)
    reach("after_nights")
    stays.save_conflicts(session, unit.account_id, plan.conflicts, now)
    if plan.stays:
        tree = [one.id for one in relatives]
        claims.wake_echoes(session, tree, {stay.id for stay in plan.stays})
    if plan.stays or moved:
        stays.raise_revision(session, unit_id)
    facts = [
        *events.stay_facts(state.stays, plan.stays),
        *events.conflict_facts(state.conflicts, plan.conflicts, today),
    ]
    journal.append(session, unit.account_id, facts, now, chance)
    units.plan_again(session, unit_id, _again_at(plan, unit, today))
    if len(relatives) > 1:
        before = {stay.id: stay for stay in state.stays}
        _settle_tree(session, relatives, reshaped(before, plan.stays), (now, chance))
    return plan


def settle_tree(session: Session, unit_id: str, now: datetime, chance: Chance) -> None:
    """Decide about the conflicts between a house and its rooms, and write them down."""
    stays.lock_unit(session, unit_id)
    _settle_tree(session, trees.family(session, unit_id), set(), (now, chance))


def _settle_tree(
    session: Session, relatives: Sequence[Relative], changed: Set[str], at: tuple[datetime, Chance]
) -> None:
    """`changed` are the stays of other nights or kind than before. All is kept with the house."""
    now, chance = at
    house = relatives[0]
    today = local_date(now, house.timezone)
    known = tuple(
        one
        for one in stays.conflicts_of_unit(session, house.id, now - LOOK_BACK)
        if one.kind is ConflictKind.LINKED_UNIT
    )
    moment = Moment(house.id, {}, now, today, lambda prefix: new_id(prefix, now, chance))
    found = tree_clashes(trees.members(session, relatives, now))
    settled = settle_conflicts(known, found, changed, moment)
    stays.save_conflicts(session, house.account_id, settled, now)
    facts = events.conflict_facts(known, settled, today)
    journal.append(session, house.account_id, facts, now, chance)
    waking = wakes_at({one.id: one for one in (*known, *settled)}.values())
    if waking is not None:
        units.plan_again_by(session, house.id, waking)


def _state(session: Session, unit: Relative, now: datetime) -> UnitState:
    unit_id = unit.id
    known = claims.of_unit(session, unit_id, now - LOOK_BACK)
    recent = stays.of_unit(session, unit_id, now - LOOK_BACK)
    held = {stay.id for stay in recent}
    linked = {claim.stay_id for claim in known if claim.stands and claim.stay_id}
    older = stays.by_ids(session, sorted(linked - held))
    return UnitState(
        unit_id=unit_id,
        claims=known,
        stays=(*recent, *older.values()),
        conflicts=tuple(
            one
            for one in stays.conflicts_of_unit(session, unit_id, now - LOOK_BACK)
            if one.kind is not ConflictKind.LINKED_UNIT
        ),
        feeds={
            feed.id: _facts(feed, place)
            for place, feed in enumerate(feeds.outlines(session, unit_id))
        },
        buffers=trees.buffers_of(unit),
    )


def _facts(feed: Outline, place: int) -> FeedFacts:
    return FeedFacts(
        feed_id=feed.id,
        channel=feed.channel,
        is_hub=profile_of(feed.channel).is_hub,
        retired=feed.retired,
        position=place,
        rule_blocks_exported=feed.settings.get("rule_blocks") == "export",
        first_read_at=feed.first_good_at,
        is_source=feed.is_source,
    )


def _again_at(plan: Plan, unit: Relative, today: date) -> datetime:
    """When time alone would change the plan: at the latest at the property's next midnight."""
    tomorrow = today + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(unit.timezone))
    return min(midnight, plan.again_at) if plan.again_at else midnight
