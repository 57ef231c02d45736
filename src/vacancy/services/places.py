"""Properties and units as programs make and change them. Those of the config are the config's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.errors import Refused
from vacancy.services import houses, shapes
from vacancy.services.at import At
from vacancy.services.declared import OURS
from vacancy.store import bookings, exports, feeds, places, stays, tables, units
from vacancy.store.session import Session


def refuse_config(managed_by: str, what: str) -> None:
    """Raises Refused where the config owns a thing: it would be put back at the next applying."""
    if managed_by == OURS:
        raise Refused("managed_by_config", f"this {what} is the config's: change it there")


def properties(
    session: Session, account_id: str, place: tuple[int, int]
) -> tuple[list[dict[str, Any]], int]:
    """One page of the properties in use, by name, and how many there are."""
    rows, total = places.properties(session, account_id, place)
    return [shapes.property_(row) for row in rows], total


def get_property(session: Session, account_id: str, property_id: str) -> dict[str, Any]:
    """One property in use. Raises Unknown."""
    return shapes.property_(places.property_(session, account_id, property_id))


def add_property(
    session: Session, account_id: str, wish: Mapping[str, Any], at: At
) -> dict[str, Any]:
    """A new property. Raises Refused (`name_taken`)."""
    _refuse_name(session, account_id, str(wish["name"]))
    row = tables.Property(id="", account_id=account_id, created_at=at.now, **wish)
    return shapes.property_(units.add_property(session, row, at.now, at.chance))


def change_property(
    session: Session, account_id: str, property_id: str, wish: Mapping[str, Any]
) -> dict[str, Any]:
    """Set these columns of a property. Raises Unknown, or Refused."""
    row = places.property_(session, account_id, property_id)
    refuse_config(row.managed_by, "property")
    if wish.get("name", row.name) != row.name:
        _refuse_name(session, account_id, wish["name"])
    for column, value in wish.items():
        setattr(row, column, value)
    session.flush()
    return shapes.property_(row)


def retire_property(session: Session, account_id: str, property_id: str, now: datetime) -> None:
    """Take a property out that has no unit in use. Raises Unknown, or Refused."""
    row = places.property_(session, account_id, property_id)
    refuse_config(row.managed_by, "property")
    if places.has_units(session, row.id):
        raise Refused("property_in_use", "it has units: delete those first")
    row.retired_at = now
    session.flush()


def find_units(
    session: Session, account_id: str, property_id: str | None, place: tuple[int, int]
) -> tuple[list[dict[str, Any]], int]:
    """One page of the units in use, by slug; of one property, or of all. Raises Unknown."""
    if property_id is not None:
        places.property_(session, account_id, property_id)
    rows, total = places.units(session, account_id, property_id, place)
    return _told(session, rows), total


def get_unit(session: Session, account_id: str, name: str) -> dict[str, Any]:
    """One unit in use, by id or slug. Raises Unknown."""
    return _told(session, [places.unit(session, account_id, name)])[0]


def add_unit(session: Session, account_id: str, wish: Mapping[str, Any], at: At) -> dict[str, Any]:
    """A new unit of a property, in its zone unless said otherwise. Raises Unknown, or Refused."""
    place = places.property_(session, account_id, str(wish["property_id"]))
    values = houses.columns(session, account_id, wish)
    if places.slug_taken(session, account_id, str(wish["slug"])):
        raise Refused("slug_taken", f"there is, or was, a unit {wish['slug']!r}: choose another")
    values["timezone"] = wish.get("timezone") or place.timezone
    row = tables.Unit(id="", account_id=account_id, created_at=at.now, **values)
    units.add_unit(session, row, at.now, at.chance)
    stays.lock_unit(session, row.id)
    houses.refuse_unsound(session, row)
    return _told(session, [row])[0]


def change_unit(
    session: Session, account_id: str, name: str, wish: Mapping[str, Any], at: At
) -> dict[str, Any]:
    """Set these columns of a unit; a new zone makes its feeds read anew. Raises as `add_unit`."""
    row = places.unit(session, account_id, name)
    refuse_config(row.managed_by, "unit")
    if "property_id" in wish:
        places.property_(session, account_id, wish["property_id"])
    if wish.get("slug", row.slug) != row.slug and places.slug_taken(
        session, account_id, wish["slug"]
    ):
        raise Refused("slug_taken", f"there is, or was, a unit {wish['slug']!r}: choose another")
    zone = row.timezone
    houses.change(session, row, houses.columns(session, account_id, wish), at)
    if row.timezone != zone:
        for feed in feeds.of_unit(session, row.id):
            if "timezone" not in feed.settings:
                feeds.read_anew(session, feed, at.now)
    at.publish(session, row.id, at.now)
    return _told(session, [row])[0]


def retire_unit(session: Session, account_id: str, name: str, at: At) -> None:
    """Take a unit out: its feeds are asked no more, its exports end, its stays are kept.

    Raises Unknown, or Refused.
    """
    row = places.unit(session, account_id, name)
    refuse_config(row.managed_by, "unit")
    houses.refuse_leaving(session, row)
    for feed in feeds.of_unit(session, row.id):
        feeds.retire(session, feed, at.now)
    for export in exports.of_unit(session, row.id):
        exports.revoke(export, at.now)
    units.retire(session, row, at.now)


def current_booking(
    session: Session, account_id: str, name: str, now: datetime
) -> tables.Stay | None:
    """The stay that holds tonight at the unit; None where it is free. Raises Unknown."""
    unit = places.unit(session, account_id, name)
    tonight = today(unit, now)
    held = places.nights(session, [unit.id], tonight, tonight)
    return bookings.get(session, account_id, held[0].stay_id) if held else None


def unit_id(session: Session, account_id: str, name: str | None) -> str | None:
    """The id of a unit in use that a filter names, None where it names none. Raises Unknown."""
    return None if name is None else places.unit_id(session, account_id, name)


def property_id(session: Session, account_id: str, name: str | None) -> str | None:
    """The same of a property."""
    return None if name is None else places.property_(session, account_id, name).id


def today(unit: tables.Unit, now: datetime) -> date:
    """The date at the unit."""
    return now.astimezone(ZoneInfo(unit.timezone)).date()


def _told(session: Session, rows: Sequence[tables.Unit]) -> list[dict[str, Any]]:
    slugs = units.slugs(session, sorted({row.parent_id for row in rows if row.parent_id}))
    return [shapes.unit(row, slugs.get(row.parent_id or "")) for row in rows]


def _refuse_name(session: Session, account_id: str, name: str) -> None:
    if units.property_named(session, account_id, name) is not None:
        raise Refused("name_taken", f"there is, or was, a property {name!r}: choose another name")
