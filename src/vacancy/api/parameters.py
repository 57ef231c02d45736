"""/v1/booking-parameters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import bookings as shape
from vacancy.api.shapes.values import Id, Page, Paged, paged
from vacancy.domain.scopes import Scope
from vacancy.services import details

room = Room("booking parameters")

_READ, _WRITE = Scope.BOOKING_PARAMETERS_READ, Scope.BOOKING_PARAMETERS_WRITE


@room.list("/v1/booking-parameters", _READ, Page[shape.Parameter])
def list_booking_parameters(desk: Desk, asked: Annotated[Paged, Query()]) -> Any:
    """List your own fields of bookings, by key."""
    return paged(details.find(desk.session, desk.account_id, asked.place), asked)


@room.post("/v1/booking-parameters", _WRITE, shape.Parameter)
def create_booking_parameter(desk: Desk, wish: shape.ParameterIn) -> Any:
    """Add a field of your own to bookings."""
    return details.add(desk.session, desk.account_id, wish.model_dump(), desk.at)


@room.one("/v1/booking-parameters/{parameter_id}", _READ, shape.Parameter)
def get_booking_parameter(desk: Desk, parameter_id: Id) -> Any:
    """Read a field of your own."""
    return details.get(desk.session, desk.account_id, parameter_id)


@room.patch(
    "/v1/booking-parameters/{parameter_id}", _WRITE, shape.Parameter, current=get_booking_parameter
)
def change_booking_parameter(desk: Desk, parameter_id: Id, wish: shape.ParameterChange) -> Any:
    """Call a field otherwise. Its key and kind stay."""
    name = wish.said().get("name")
    return details.rename(desk.session, desk.account_id, parameter_id, name)


@room.delete("/v1/booking-parameters/{parameter_id}", _WRITE, current=get_booking_parameter)
def delete_booking_parameter(desk: Desk, parameter_id: Id) -> None:
    """Drop a field, with what bookings have in it."""
    details.remove(desk.session, desk.account_id, parameter_id)
