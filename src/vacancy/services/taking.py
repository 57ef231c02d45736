"""Taking nights for ourselves, in the transaction of the check: bookings, blocks and holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from vacancy.domain.availability import refuse_taken
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.events import stay_facts
from vacancy.domain.forming import moved
from vacancy.domain.linked import refuse_closed
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Span, Stay, StayStatus
from vacancy.ids import new_id
from vacancy.reconciler import reconcile_unit
from vacancy.services.at import At
from vacancy.store import bookings, journal, stays, tables, trees, units
from vacancy.store.session import Session

DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Wish:
    """Nights that we sell or withhold ourselves: `kind` of a unit named by slug or id."""

    unit: str
    nights: Nights
    kind: Kind = Kind.RESERVATION


def take(
    session: Session, account_id: str, wish: Wish, at: At, expires_at: datetime | None = None
) -> Stay:
    """Take the nights, for good or (a hold) until `expires_at`.

    Raises Unknown (unit), Refused (retired), Malformed (nights that are over) or NightsTaken: by a
    stay, by a night kept free, or through the unit's house or rooms. The database has the last
    word: it refuses a night with two holders whatever was checked.
    """
    unit = _unit(session, account_id, wish, at.now)
    stays.lock_unit(session, unit.id)
    relatives = trees.family(session, unit.id)
    end_lapsed(session, relatives, at)
    _refuse(session, (unit, relatives), (wish.nights, wish.kind), at.now)
    stay = Stay(
        id=new_id("stay", at.now, at.chance),
        unit_id=unit.id,
        kind=wish.kind,
        reason=Reason.OWNER if wish.kind is Kind.BLOCK else None,
        status=StayStatus.CONFIRMED if expires_at is None else StayStatus.HELD,
        channel=DIRECT,
        feed_id=None,
        spans=(Span(wish.nights, at.now),),
        opened_at=at.now,
        expires_at=expires_at,
        held_by=None if expires_at is None else at.actor,
    )
    with stays.refused_by_key(wish.nights):
        keep(session, unit, (None, stay), at)
    refuse_others(session, stay, wish.nights)
    return stay


def refuse_others(session: Session, stay: Stay, nights: Nights) -> None:
    """Raises NightsTaken where the night map gave one of these nights to another than the stay."""
    given = stays.night_map(session, stay.unit_id)
    refuse_taken(nights, {night: key for night, key in given.items() if key != stay.id})


def move_to(session: Session, stay: Stay, nights: Nights, at: At) -> None:
    """Give a stay of ours other nights; its place in the queue for those it keeps stays.

    The caller has its tree (`taken_stay`). Raises Malformed or NightsTaken, as `take`.
    """
    unit = units.by_id(session, stay.unit_id)
    _refuse_past(unit, nights, at.now)
    relatives = trees.family(session, unit.id)
    _refuse(session, (unit, relatives), (nights, stay.kind), at.now, besides=stay.id)
    with stays.refused_by_key(nights):
        keep(session, unit, (stay, moved(stay, nights, at.now)), at)
    refuse_others(session, stay, nights)


def taken_stay(session: Session, account_id: str, stay_id: str, at: At) -> Stay:
    """A stay as it is now that its tree is ours to change, holds that ran out ended. Raises
    Unknown.
    """
    row = bookings.get(session, account_id, stay_id)
    stays.lock_unit(session, row.unit_id)
    end_lapsed(session, trees.family(session, row.unit_id), at)
    return stays.by_ids(session, [stay_id])[stay_id]


def keep(session: Session, unit: tables.Unit, change: tuple[Stay | None, Stay], at: At) -> None:
    """Keep a stay of ours as it is now, tell it, and give out the unit's nights anew."""
    before, after = change
    stays.save(session, unit.account_id, [after], at.now)
    facts = [
        replace(fact, property_id=unit.property_id, actor=at.actor, silent=at.silent)
        for fact in stay_facts([before] if before else [], [after])
    ]
    journal.append(session, unit.account_id, facts, at.now, at.chance)
    settle(session, unit, at)


def settle(session: Session, unit: tables.Unit | trees.Relative, at: At) -> None:
    """Give out the unit's nights anew, and publish it with its relatives."""
    reconcile_unit(session, unit.id, at.now, at.chance)
    at.publish(session, unit.id, at.now)


def end_lapsed(session: Session, relatives: Sequence[trees.Relative], at: At) -> None:
    """End the holds of a tree whose time is over: whoever meets them sees them gone."""
    for unit in relatives:
        known = stays.of_unit(session, unit.id, at.now - trees.LOOK_BACK)
        if any(stay.lapsed(at.now) for stay in known):
            settle(session, unit, at)


def _unit(session: Session, account_id: str, wish: Wish, now: datetime) -> tables.Unit:
    unit = units.find(session, account_id, wish.unit)
    if unit.retired_at is not None:
        raise Refused("unit_retired", f"unit {unit.slug!r} was taken out of the config")
    _refuse_past(unit, wish.nights, now)
    return unit


def _refuse_past(unit: tables.Unit, nights: Nights, now: datetime) -> None:
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    if nights.departure <= today:
        raise Malformed(f"those nights are over: in {unit.timezone} it is {today}")


def _refuse(
    session: Session,
    where: tuple[tables.Unit, Sequence[trees.Relative]],
    wanted: tuple[Nights, Kind],
    now: datetime,
    besides: str | None = None,
) -> None:
    """Raises NightsTaken where anything but the stay `besides` closes the nights."""
    unit, relatives = where
    held = stays.night_map(session, unit.id)
    refuse_taken(wanted[0], {night: key for night, key in held.items() if key != besides})
    if trees.derives(relatives):
        today = now.astimezone(ZoneInfo(unit.timezone)).date()
        tree = tuple(
            replace(one, closing=tuple(stay for stay in one.closing if stay.id != besides))
            for one in trees.members(session, relatives, now)
        )
        refuse_closed(wanted, unit.id, tree, today)
