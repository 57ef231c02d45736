"""/v1/bookings and /v1/blocks, and who holds tonight."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import bookings as shape
from vacancy.api.shapes.values import Id, Page, paged
from vacancy.domain.claims import Kind
from vacancy.domain.errors import Unknown
from vacancy.domain.scopes import Scope
from vacancy.services import bookings, details, places
from vacancy.services.taking import Wish
from vacancy.store.bookings import Wanted

room = Room("bookings")
blocks = Room("blocks")

_LIVE = ("held", "confirmed", "missing")


def dressed(desk: Desk, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bookings with what this caller may see beside their nights."""
    may = desk.actor.may(Scope.BOOKINGS_SENSITIVE_READ)
    return details.dress(desk.session, documents, desk.front.vault if may else None)


@room.list("/v1/bookings", Scope.BOOKINGS_READ, Page[shape.Booking], told=True)
def list_bookings(desk: Desk, asked: Annotated[shape.BookingQuery, Query()]) -> Any:
    """List bookings and blocks, by arrival."""
    wanted = Wanted(
        unit_id=places.unit_id(desk.session, desk.account_id, asked.unit_id),
        property_id=places.property_id(desk.session, desk.account_id, asked.property_id),
        channel=asked.channel,
        kind=asked.kind,
        statuses=(asked.status,) if asked.status else (),
        since=asked.from_date,
        until=asked.to_date,
        updated_since=asked.updated_since,
        text=asked.q,
    )
    rows, total = bookings.page(desk.session, desk.account_id, wanted, asked.place)
    return paged((dressed(desk, rows), total), asked)


@room.post("/v1/bookings", Scope.BOOKINGS_WRITE, shape.Booking)
def create_booking(desk: Desk, wish: shape.BookingIn) -> Any:
    """Sell nights directly. 409 names what stands in the way."""
    nights = bookings.nights_between(wish.arrival, wish.departure)
    wanted = Wish(wish.unit_id, nights, Kind.RESERVATION)
    told = bookings.create(desk.session, desk.account_id, wanted, desk.at)
    owner = (desk.account_id, told["id"])
    if wish.guest is not None:
        guest = wish.guest.model_dump(exclude_unset=True)
        details.put_guest(desk.session, owner, guest, desk.front.vault, desk.at)
    details.put_values(desk.session, owner, wish.custom_parameters)
    return dressed(desk, [told])[0]


@room.one("/v1/bookings/{booking_id}", Scope.BOOKINGS_READ, shape.Booking)
def get_booking(desk: Desk, booking_id: Id) -> Any:
    """Read a booking or a block, whatever became of it."""
    return dressed(desk, [bookings.one(desk.session, desk.account_id, booking_id)])[0]


@room.patch("/v1/bookings/{booking_id}", Scope.BOOKINGS_WRITE, shape.Booking, current=get_booking)
def change_booking(desk: Desk, booking_id: Id, wish: shape.BookingChange) -> Any:
    """Change a direct booking. Of an imported one only your own fields can be changed."""
    at, said = desk.quietly(wish.silent), wish.said()
    if "arrival" in said or "departure" in said:
        to = (said.get("arrival"), said.get("departure"))
        bookings.move(desk.session, desk.account_id, booking_id, to, at)
    owner = (desk.account_id, booking_id)
    if "guest" in said:
        bookings.refuse_foreign(desk.session, desk.account_id, booking_id)
        details.put_guest(desk.session, owner, _guest(wish), desk.front.vault, at)
    if "custom_parameters" in said:
        bookings.one(desk.session, *owner)
        details.put_values(desk.session, owner, wish.custom_parameters)
    changed = sorted({"guest", "custom_parameters"} & {*said})
    if changed:
        details.tell(desk.session, desk.account_id, booking_id, changed, at)
    return get_booking(desk, booking_id)


def _guest(wish: shape.BookingChange) -> dict[str, Any] | None:
    return None if wish.guest is None else wish.guest.model_dump(exclude_unset=True)


@room.post("/v1/bookings/{booking_id}/cancel", Scope.BOOKINGS_WRITE, shape.Booking, status=200)
def cancel_booking(desk: Desk, booking_id: Id) -> Any:
    """Cancel a direct booking and free its nights."""
    told = bookings.cancel(desk.session, desk.account_id, booking_id, desk.at)
    return dressed(desk, [told])[0]


@room.delete("/v1/bookings/{booking_id}", Scope.BOOKINGS_WRITE, shape.Booking, current=get_booking)
def delete_booking(desk: Desk, booking_id: Id) -> Any:
    """Cancel a direct booking; it goes on being readable, as canceled."""
    told = bookings.cancel(desk.session, desk.account_id, booking_id, desk.at)
    return dressed(desk, [told])[0]


@room.post("/v1/bookings/{booking_id}/release", Scope.BOOKINGS_WRITE, shape.Booking, status=200)
def release_booking(desk: Desk, booking_id: Id) -> Any:
    """Say that an imported booking is gone: its nights are free now. Seen again, it is back."""
    told = bookings.release(desk.session, desk.account_id, booking_id, desk.at)
    return dressed(desk, [told])[0]


@room.one("/v1/units/{unit_id}/current-booking", Scope.BOOKINGS_READ, shape.CurrentBooking)
def get_current_booking(desk: Desk, unit_id: Id) -> Any:
    """Read who holds tonight at a unit."""
    held = places.current_booking(desk.session, desk.account_id, unit_id, desk.at.now)
    if held is None:
        return {"data": None}
    return {"data": dressed(desk, [bookings.one(desk.session, desk.account_id, held.id)])[0]}


@blocks.list("/v1/blocks", Scope.BOOKINGS_READ, Page[shape.Booking], told=True)
def list_blocks(desk: Desk, asked: Annotated[shape.BlockQuery, Query()]) -> Any:
    """List the blocks that stand, by first night; a channel's own are among them."""
    wanted = Wanted(
        unit_id=places.unit_id(desk.session, desk.account_id, asked.unit_id),
        property_id=places.property_id(desk.session, desk.account_id, asked.property_id),
        kind=Kind.BLOCK.value,
        statuses=_LIVE,
        since=asked.from_date,
        until=asked.to_date,
    )
    rows, total = bookings.page(desk.session, desk.account_id, wanted, asked.place)
    return paged((dressed(desk, rows), total), asked)


@blocks.post("/v1/blocks", Scope.BOOKINGS_WRITE, shape.Booking)
def create_block(desk: Desk, wish: shape.BlockIn) -> Any:
    """Withhold nights from every channel."""
    nights = bookings.nights_between(wish.arrival, wish.departure)
    wanted = Wish(wish.unit_id, nights, Kind.BLOCK)
    return dressed(desk, [bookings.create(desk.session, desk.account_id, wanted, desk.at)])[0]


@blocks.one("/v1/blocks/{block_id}", Scope.BOOKINGS_READ, shape.Booking)
def get_block(desk: Desk, block_id: Id) -> Any:
    """Read a block that stands."""
    told = bookings.one(desk.session, desk.account_id, block_id)
    if told["kind"] != Kind.BLOCK.value or told["status"] not in _LIVE:
        raise Unknown("stay", block_id)
    return dressed(desk, [told])[0]


@blocks.patch("/v1/blocks/{block_id}", Scope.BOOKINGS_WRITE, shape.Booking, current=get_block)
def change_block(desk: Desk, block_id: Id, wish: shape.BlockChange) -> Any:
    """Give a block of ours other nights."""
    get_block(desk, block_id)
    said = wish.said()
    to = (said.get("arrival"), said.get("departure"))
    told = bookings.move(desk.session, desk.account_id, block_id, to, desk.quietly(wish.silent))
    return dressed(desk, [told])[0]


@blocks.delete("/v1/blocks/{block_id}", Scope.BOOKINGS_WRITE, current=get_block)
def delete_block(desk: Desk, block_id: Id) -> None:
    """Take a block of ours away: its nights are free."""
    get_block(desk, block_id)
    bookings.cancel(desk.session, desk.account_id, block_id, desk.at)
