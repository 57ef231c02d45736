"""Properties and units."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, or_, select, update
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.rows import Statement
from vacancy.store.tables import Property, Unit

_UNIT: Table = tables.metadata.tables["unit"]
_PROPERTY: Table = tables.metadata.tables["property"]

_ASKED_AT_ONCE = 500

# Built once: building a statement costs three times as much as running it.
_PLAN_AGAIN = Statement(
    update(_UNIT).where(_UNIT.c.id == bindparam("row_id")).values(again_at=bindparam("at"))
)


def of_account(session: Session, account_id: str, *, retired: bool = False) -> list[Unit]:
    """The account's units by slug; with `retired`, those that were taken out as well."""
    query = select(Unit).where(Unit.account_id == account_id)  # type: ignore[arg-type]
    if not retired:
        query = query.where(Unit.retired_at.is_(None))  # type: ignore[union-attr]
    return list(session.execute(query.order_by(Unit.slug)).scalars())


def declared(
    session: Session, account_id: str, managed_by: str, slugs: Collection[str]
) -> dict[str, Unit]:
    """The units managed so, and whoever else has one of these slugs; retired ones included."""
    of_account = select(Unit).where(Unit.account_id == account_id)  # type: ignore[arg-type]
    mine = of_account.where(Unit.managed_by == managed_by)  # type: ignore[arg-type]
    found = {row.slug: row for row in session.execute(mine.order_by(Unit.slug)).scalars()}
    for some in _some_of({*slugs} - {*found}):
        others = session.execute(of_account.where(_UNIT.c.slug.in_(some))).scalars()
        found |= {row.slug: row for row in others}
    return found


def _some_of(names: Collection[str]) -> Iterator[list[str]]:
    """As many at a time as a statement may ask for."""
    ordered = sorted(names)
    return (ordered[at : at + _ASKED_AT_ONCE] for at in range(0, len(ordered), _ASKED_AT_ONCE))


def take_all(session: Session, account_id: str) -> None:
    """Take every unit's row: nothing is decided about any of them until this commits.

    Who decides takes a unit first and the account's journal last; so must who changes them all.
    """
    rows = select(_UNIT.c.id).where(_UNIT.c.account_id == account_id).order_by(_UNIT.c.id)
    session.execute(rows.with_for_update()).all()


def find(session: Session, account_id: str, name: str) -> Unit:
    """A unit by its slug or id, retired ones included. Raises Unknown."""
    query = select(Unit).where(
        Unit.account_id == account_id,  # type: ignore[arg-type]
        or_(Unit.slug == name, Unit.id == name),  # type: ignore[arg-type]
    )
    unit = session.execute(query).scalars().first()
    if unit is None:
        raise Unknown("unit", name)
    return unit


def by_id(session: Session, unit_id: str) -> Unit:
    """The unit of this id. Raises Unknown."""
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise Unknown("unit", unit_id)
    return unit


def plan_again(session: Session, unit_id: str, at: datetime) -> None:
    """Say when time alone will change what is planned for the unit."""
    _PLAN_AGAIN.run(session, {"row_id": unit_id, "at": at})


def plan_again_by(session: Session, unit_id: str, at: datetime) -> None:
    """Say that the plan changes at that instant, if not before."""
    due: Any = Unit.again_at
    session.execute(
        update(Unit).where(Unit.id == unit_id, or_(due.is_(None), due > at)).values(again_at=at)  # type: ignore[arg-type]
    )


def to_plan_again(session: Session, now: datetime, limit: int) -> list[str]:
    """Units in use whose plan time has changed, the longest waiting first; never planned ones too.

    A retired unit is left as it stands.
    """
    query = (
        select(Unit.id)  # type: ignore[call-overload]
        .where(Unit.retired_at.is_(None))  # type: ignore[union-attr]
        .where(or_(Unit.again_at.is_(None), Unit.again_at <= now))  # type: ignore[union-attr, operator, arg-type]
        .order_by(Unit.again_at)  # type: ignore[arg-type]
        .limit(limit)
    )
    return list(session.execute(query).scalars())


def slugs(session: Session, unit_ids: Sequence[str]) -> dict[str, str]:
    """The slug of each of these units, by id."""
    query = select(Unit.id, Unit.slug).where(Unit.id.in_(unit_ids))  # type: ignore[call-overload, attr-defined]
    return {row.id: row.slug for row in session.execute(query)}


def by_ids(session: Session, unit_ids: Sequence[str]) -> dict[str, Unit]:
    """These units by id."""
    query = select(Unit).where(Unit.id.in_(unit_ids))  # type: ignore[attr-defined]
    return {row.id: row for row in session.execute(query).scalars()}


def properties(session: Session, account_id: str, names: Collection[str]) -> dict[str, Property]:
    """Those of the account's properties that have these names, by name."""
    query = select(Property).where(Property.account_id == account_id)  # type: ignore[arg-type]
    return {
        row.name: row
        for some in _some_of(names)
        for row in session.execute(query.where(_PROPERTY.c.name.in_(some))).scalars()
    }


def property_named(session: Session, account_id: str, name: str) -> Property | None:
    """The account's property of that name; None where there is none."""
    return properties(session, account_id, (name,)).get(name)


def add_property(session: Session, wish: Property, now: datetime, chance: Chance) -> Property:
    """Keep a new property; its id and time are given here."""
    wish.id, wish.created_at = new_id("prop", now, chance), now
    session.add(wish)
    session.flush()
    return wish


def add_unit(session: Session, wish: Unit, now: datetime, chance: Chance) -> Unit:
    """Keep a new unit; its id and time are given here."""
    wish.id, wish.created_at = new_id("unit", now, chance), now
    session.add(wish)
    session.flush()
    return wish


def retire(session: Session, unit: Unit, now: datetime) -> None:
    """Take a unit out: what is kept of it stays as it stands."""
    unit.retired_at = now
    session.flush()


def publish(session: Session, unit: Unit, now: datetime) -> None:
    """A person says that the unit's exports may open before every feed has had a good answer."""
    unit.published_at = unit.published_at or now
    session.flush()
