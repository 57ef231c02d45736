"""Houses and their rooms over the API: the checks of the config, on one unit at a time.

A tree has one level and lies in one property and zone; a house sells at most as many rooms at once
as it has. What the config declares has its rooms in the config.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vacancy.domain.errors import Refused
from vacancy.reconciler import reconcile_unit, settle_tree
from vacancy.services.at import At
from vacancy.services.declared import CLOSING, OURS
from vacancy.store import places, stays, tables
from vacancy.store.session import Session


def columns(session: Session, account_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """A wish as columns: the `parent` that it names, by id or slug, as an id. Raises Unknown, or
    Refused.
    """
    values = dict(wish)
    if "parent" not in values:
        return values
    name = values.pop("parent")
    house = None if name is None else places.unit(session, account_id, name)
    if house is not None and house.managed_by == OURS:
        raise Refused("managed_by_config", "this house is the config's: name its rooms there")
    return {**values, "parent_id": None if house is None else house.id}


def change(session: Session, row: tables.Unit, values: Mapping[str, Any], at: At) -> None:
    """Set these columns of a unit, whose tree becomes ours to change; what they close is decided
    anew. Raises Refused (`not_a_house`, `too_few_rooms`).
    """
    stays.lock_unit(session, row.id)
    session.refresh(row)
    left = row.parent_id
    closing = any(values.get(key, getattr(row, key)) != getattr(row, key) for key in CLOSING)
    for column, value in values.items():
        setattr(row, column, value)
    session.flush()
    moved = row.parent_id != left
    if moved:
        stays.lock_again(session, row.id)
    refuse_unsound(session, row)
    if closing:
        reconcile_unit(session, row.id, at.now, at.chance)
    if moved:
        settle_tree(session, row.id, at.now, at.chance)
    if moved and left is not None:
        refuse_unsound(session, _as_it_is(session, left))
        settle_tree(session, left, at.now, at.chance)
        at.publish(session, left, at.now)


def refuse_leaving(session: Session, row: tables.Unit) -> None:
    """Raises Refused for a unit that cannot be taken out: it has rooms, or its house sells as many
    as it has. Its tree becomes ours to change.
    """
    stays.lock_unit(session, row.id)
    if places.rooms(session, row.id):
        raise Refused("unit_in_use", "it has rooms: delete those, or take them out of it, first")
    if row.parent_id is not None:
        house = _as_it_is(session, row.parent_id)
        _refuse_few(house, len(places.rooms(session, house.id)) - 1)


def refuse_unsound(session: Session, row: tables.Unit) -> None:
    """Raises Refused where a unit, as it is now, is no sound house or no sound room."""
    rooms = places.rooms(session, row.id)
    if row.parent_id is not None:
        house = _as_it_is(session, row.parent_id)
        _refuse_room(house, row)
        if rooms:
            raise Refused("not_a_house", "it has rooms of its own: a house has rooms, no more")
    for room in rooms:
        _refuse_room(row, room)
    _refuse_few(row, len(rooms))


def _as_it_is(session: Session, unit_id: str) -> tables.Unit:
    """The unit as it is now that its row is ours, whatever was read of it before."""
    return session.get_one(tables.Unit, unit_id, populate_existing=True)


def _refuse_room(house: tables.Unit, room: tables.Unit) -> None:
    if house.id == room.id:
        raise Refused("not_a_house", "a unit is no part of itself")
    if house.parent_id is not None:
        raise Refused(
            "not_a_house",
            f"{house.slug} is itself a part of another unit: a house has rooms, no more",
        )
    if house.property_id != room.property_id:
        raise Refused(
            "not_a_house", f"{house.slug} and {room.slug} lie apart: a house is in one property"
        )
    if house.timezone != room.timezone:
        raise Refused(
            "not_a_house", f"{house.slug} and {room.slug} need one time zone: a house has one date"
        )


def _refuse_few(house: tables.Unit, rooms: int) -> None:
    if house.capacity is not None and house.capacity > rooms:
        raise Refused(
            "too_few_rooms",
            f"{house.slug} would sell {house.capacity} rooms at once and has {rooms}:"
            " change its capacity, or its rooms, first",
        )
