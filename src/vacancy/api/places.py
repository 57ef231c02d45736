"""/v1/properties and /v1/units."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import places as shape
from vacancy.api.shapes.values import Id, Page, Paged, paged
from vacancy.domain.scopes import Scope
from vacancy.services import places

room = Room("properties")
units = Room("units")


@room.list("/v1/properties", Scope.PROPERTIES_READ, Page[shape.Property])
def list_properties(desk: Desk, asked: Annotated[Paged, Query()]) -> Any:
    """List properties, by name."""
    return paged(places.properties(desk.session, desk.account_id, asked.place), asked)


@room.post("/v1/properties", Scope.PROPERTIES_WRITE, shape.Property)
def create_property(desk: Desk, wish: shape.PropertyIn) -> Any:
    """Add a property."""
    return places.add_property(desk.session, desk.account_id, wish.model_dump(), desk.at)


@room.one("/v1/properties/{property_id}", Scope.PROPERTIES_READ, shape.Property)
def get_property(desk: Desk, property_id: Id) -> Any:
    """Read a property."""
    return places.get_property(desk.session, desk.account_id, property_id)


@room.patch(
    "/v1/properties/{property_id}", Scope.PROPERTIES_WRITE, shape.Property, current=get_property
)
def change_property(desk: Desk, property_id: Id, wish: shape.PropertyChange) -> Any:
    """Change a property."""
    return places.change_property(desk.session, desk.account_id, property_id, wish.said())


@room.delete("/v1/properties/{property_id}", Scope.PROPERTIES_WRITE, current=get_property)
def delete_property(desk: Desk, property_id: Id) -> None:
    """Take a property out. It must have no units in use."""
    places.retire_property(desk.session, desk.account_id, property_id, desk.at.now)


@units.list("/v1/units", Scope.PROPERTIES_READ, Page[shape.Unit])
def list_units(desk: Desk, asked: Annotated[shape.UnitQuery, Query()]) -> Any:
    """List units, by slug."""
    found = places.find_units(desk.session, desk.account_id, asked.property_id, asked.place)
    return paged(found, asked)


@units.post("/v1/units", Scope.PROPERTIES_WRITE, shape.Unit)
def create_unit(desk: Desk, wish: shape.UnitIn) -> Any:
    """Add a unit to a property."""
    return places.add_unit(desk.session, desk.account_id, wish.model_dump(), desk.at)


@units.one("/v1/units/{unit_id}", Scope.PROPERTIES_READ, shape.Unit)
def get_unit(desk: Desk, unit_id: Id) -> Any:
    """Read a unit, by id or slug."""
    return places.get_unit(desk.session, desk.account_id, unit_id)


@units.patch("/v1/units/{unit_id}", Scope.PROPERTIES_WRITE, shape.Unit, current=get_unit)
def change_unit(desk: Desk, unit_id: Id, wish: shape.UnitChange) -> Any:
    """Change a unit. In another zone its feeds are read anew."""
    return places.change_unit(desk.session, desk.account_id, unit_id, wish.said(), desk.at)


@units.delete("/v1/units/{unit_id}", Scope.PROPERTIES_WRITE, current=get_unit)
def delete_unit(desk: Desk, unit_id: Id) -> None:
    """Take a unit out: its feeds are asked no more, its exports end, its bookings are kept."""
    places.retire_unit(desk.session, desk.account_id, unit_id, desk.at)
