"""Properties and units in use, and their nights, as programs ask for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Table, bindparam, or_, select
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.domain.stays import ConflictStatus
from vacancy.store import owned, tables
from vacancy.store.tables import Night, Property, Unit

#: How many to pass over, and how many to give.
Place = tuple[int, int]

_UNIT: Table = tables.metadata.tables["unit"]
_CONFLICT: Table = tables.metadata.tables["conflict"]
# Built once: building a statement costs more than running it.
_UNIT_ID = select(_UNIT.c.id).where(
    _UNIT.c.account_id == bindparam("account"),
    or_(_UNIT.c.id == bindparam("name"), _UNIT.c.slug == bindparam("name")),
    _UNIT.c.retired_at.is_(None),
)
_CLASHING = select(_CONFLICT.c.unit_id, _CONFLICT.c.nights).where(
    _CONFLICT.c.unit_id.in_(bindparam("units", expanding=True)),
    _CONFLICT.c.status != ConflictStatus.RESOLVED.value,
)


def properties(session: Session, account_id: str, place: Place) -> tuple[list[Property], int]:
    """One page of the properties in use, by name."""
    query = owned.of(Property, account_id).where(Property.retired_at.is_(None))  # type: ignore[union-attr]
    return owned.page(session, query.order_by(Property.name, Property.id), *place)  # type: ignore[arg-type]


def property_(session: Session, account_id: str, property_id: str) -> Property:
    """A property in use. Raises Unknown."""
    row = owned.get(session, Property, account_id, property_id, "property")
    if row.retired_at is not None:
        raise Unknown("property", property_id)
    return row


def has_units(session: Session, property_id: str) -> bool:
    """Whether a unit of the property is in use."""
    query = select(Unit.id).where(Unit.property_id == property_id, Unit.retired_at.is_(None))  # type: ignore[call-overload, union-attr]
    return session.execute(query.limit(1)).first() is not None


def units(
    session: Session, account_id: str, property_id: str | None, place: Place
) -> tuple[list[Unit], int]:
    """One page of the units in use, by slug."""
    query = owned.of(Unit, account_id).where(Unit.retired_at.is_(None))  # type: ignore[union-attr]
    if property_id is not None:
        query = query.where(Unit.property_id == property_id)  # type: ignore[arg-type]
    return owned.page(session, query.order_by(Unit.slug), *place)  # type: ignore[arg-type]


def rooms(session: Session, unit_id: str) -> list[Unit]:
    """The units in use that are parts of this one, by slug."""
    query = select(Unit).where(Unit.parent_id == unit_id, Unit.retired_at.is_(None))  # type: ignore[arg-type, union-attr]
    return list(session.execute(query.order_by(Unit.slug)).scalars())  # type: ignore[arg-type]


def unit(session: Session, account_id: str, name: str) -> Unit:
    """A unit in use, by id or slug. Raises Unknown."""
    query = owned.of(Unit, account_id).where(
        or_(Unit.id == name, Unit.slug == name),  # type: ignore[arg-type]
        Unit.retired_at.is_(None),  # type: ignore[union-attr]
    )
    row = session.execute(query).scalars().first()
    if row is None:
        raise Unknown("unit", name)
    return row


def unit_id(session: Session, account_id: str, name: str) -> str:
    """The id of a unit in use, by id or slug. Raises Unknown."""
    asked = {"account": account_id, "name": name}
    found = session.connection().execute(_UNIT_ID, asked).scalars().first()
    if found is None:
        raise Unknown("unit", name)
    return found


def slug_taken(session: Session, account_id: str, slug: str) -> bool:
    """Whether any unit, in use or not, has this slug."""
    query = owned.of(Unit, account_id).where(Unit.slug == slug)  # type: ignore[arg-type]
    return session.execute(query.limit(1)).first() is not None


def nights(session: Session, unit_ids: Sequence[str], first: date, last: date) -> list[Night]:
    """The held nights of these units from `first` to `last`, both included, in order."""
    query = (
        select(Night)
        .where(Night.unit_id.in_(unit_ids))  # type: ignore[attr-defined]
        .where(Night.night >= first, Night.night <= last)  # type: ignore[arg-type]
        .order_by(Night.night, Night.unit_id)  # type: ignore[arg-type]
    )
    return list(session.execute(query).scalars())


def clashing(session: Session, unit_ids: Sequence[str]) -> defaultdict[str, set[str]]:
    """The nights that several stays want, as text, by unit; of conflicts that are not resolved."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for unit_id, nights_of in session.connection().execute(_CLASHING, {"units": list(unit_ids)}):
        found[unit_id].update(nights_of)
    return found
