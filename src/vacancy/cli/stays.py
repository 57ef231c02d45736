"""Stays of our own, and releasing imported ones: book, block, cancel, release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vacancy.cli import printing
from vacancy.cli.options import Arrival, Config, Departure, Json, StayId, UnitName

if TYPE_CHECKING:
    from vacancy.cli.house import House
    from vacancy.store.session import Session


def book(
    unit: UnitName,
    arrival: Arrival,
    departure: Departure,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take nights for a direct guest."""
    _create("reservation", (unit, arrival, departure), config, as_json)


def block(
    unit: UnitName,
    arrival: Arrival,
    departure: Departure,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Withhold nights from every channel."""
    _create("block", (unit, arrival, departure), config, as_json)


def cancel(stay: StayId, config: Config = None, as_json: Json = False) -> None:
    """End a direct stay and free its nights."""
    from vacancy.services import bookings

    _answer(
        lambda house, session: bookings.cancel(session, house.account_id, stay, house.at()),
        config,
        as_json,
    )


def release(stay: StayId, config: Config = None, as_json: Json = False) -> None:
    """Say that an imported stay is gone.

    Withdrawn now; a later sighting in its feed reinstates it.
    """
    from vacancy.services import bookings

    _answer(
        lambda house, session: bookings.release(session, house.account_id, stay, house.at()),
        config,
        as_json,
    )


def _create(kind: str, wish: tuple[str, str, str], config: Path | None, as_json: bool) -> None:
    from vacancy.domain.claims import Kind
    from vacancy.services import bookings

    unit, arrival, departure = wish
    wanted = bookings.Wish(unit, bookings.read_nights(arrival, departure), Kind(kind))
    _answer(
        lambda house, session: bookings.create(session, house.account_id, wanted, house.at()),
        config,
        as_json,
    )


def _answer(
    ask: Callable[[House, Session], dict[str, Any]], config: Path | None, as_json: bool
) -> None:
    """Ask in one transaction, and print the stay."""
    from vacancy.cli.house import open_house

    with open_house(config) as house, house.store.write() as session:
        stay = ask(house, session)
    if as_json:
        printing.document(stay)
        return
    nights = f"{stay['arrival']} to {stay['departure']}"
    printing.line(f"{stay['id']}  {stay['unit']}  {stay['kind']}  {nights}  {stay['status']}")
