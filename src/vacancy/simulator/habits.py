"""The habits of real channels as data: what their feeds look like, and how they change by the day.

The figures were measured on public histories of feeds, fetched hourly over months. The channels
here are for pretending only: how Vacancy reads a feed is decided in `channels`, not here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from vacancy.domain.nights import Nights


class Use(StrEnum):
    """What a channel's own feed does with the nights that it imported from elsewhere."""

    SHOWS = "shows"
    SUBTRACTS = "subtracts"
    IGNORES = "ignores"


#: (room, reservation code, nights as listed) -> UID. A block has no code: "".
UidOf = Callable[[str, str, Nights], str]


@dataclass(frozen=True, slots=True)
class Habits:
    """One kind of channel.

    `entry` is the order of properties in an event, `trailer` are lines that end each event.
    `reserved`, `blocked` and `about` (DESCRIPTION of a reservation) may name {guest}, {code} and
    {digits}. `cuts_sold` and `cuts_closed`: a running stay or closure is listed from so many days
    before today; None lists it whole. A stay is listed until `keeps` days after its departure.
    Nothing arrives, and no closure lasts, past `edge` days from today. `utc_days`: its days change
    at UTC midnight, not at the place's. `merges`: lists back-to-back nights as one event, by turns;
    only a channel without words can. `reads_every`: the shortest and longest pause between two
    readings of an imported calendar. `use`: what it is thought to do with imported nights.
    """

    channel: str
    agent: str
    calendar: tuple[str, ...]
    entry: tuple[str, ...]
    reserved: str
    blocked: str
    sold_uid: UidOf
    closed_uid: UidOf
    edge: int
    keeps: int
    reads_every: tuple[timedelta, timedelta]
    about: str = ""
    trailer: tuple[str, ...] = ()
    newline: str = "\r\n"
    cuts_sold: int | None = None
    cuts_closed: int | None = None
    utc_days: bool = False
    merges: bool = False
    use: Use = Use.IGNORES


def _digest(*words: object) -> str:
    return hashlib.sha256("|".join(map(str, words)).encode()).hexdigest()[:32]


def _airbnb_reservation(room: str, code: str, nights: Nights) -> str:
    """Follows the reservation, whatever becomes of its dates."""
    del room, nights
    return f"1418fb94e984-{_digest('reservation', code)}@airbnb.com"


def _airbnb_block(room: str, code: str, nights: Nights) -> str:
    """Follows the first night alone: two homes closed from one day share it."""
    del room, code
    return f"7f662ec65913-{_digest('block', nights.arrival)}@airbnb.com"


def _booking_com(room: str, code: str, nights: Nights) -> str:
    """Follows the room and the first night listed: another guest of that day gets the same."""
    del code
    return f"{_digest(room, nights.arrival)}@booking.com"


def _vrbo_reservation(room: str, code: str, nights: Nights) -> str:
    del room, nights
    return str(UUID(_digest("vrbo", code)))


def _vrbo_block(room: str, code: str, nights: Nights) -> str:
    """Spells its dates."""
    del room, code
    first, last = nights.arrival, nights.departure
    return f"{first:%m%d%Y}-{first:%m%d}-{first:%Y}-{last:%m%d}-{first:%Y}{last:%m%d%Y}"


AIRBNB = Habits(
    channel="airbnb",
    agent="Airbnb-Calendar-Sync/1.0 (simulated)",
    calendar=(
        "PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN",
        "CALSCALE:GREGORIAN",
        "VERSION:2.0",
    ),
    entry=("DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "UID", "DESCRIPTION"),
    reserved="Reserved",
    blocked="Airbnb (Not available)",
    about=(
        "Reservation URL: https://www.airbnb.com/hosting/reservations/details/{code}"
        "\\nPhone Number (Last 4 Digits): {digits}"
    ),
    sold_uid=_airbnb_reservation,
    closed_uid=_airbnb_block,
    edge=366,
    keeps=1,
    reads_every=(timedelta(hours=2), timedelta(hours=4)),
    cuts_closed=2,
    utc_days=True,
    use=Use.SHOWS,
)

BOOKING_COM = Habits(
    channel="booking_com",
    agent="Booking.com-Calendar-Sync/1.0 (simulated)",
    calendar=(
        "VERSION:2.0",
        "PRODID:-//admin.booking.com\\\\\\, b.v.//NONSGML v1.0//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ),
    entry=("DTSTAMP", "DTSTART", "DTEND", "UID", "SUMMARY"),
    trailer=("ORGANIZER:mailto:noreply@booking.com",),
    reserved="CLOSED - Not available",
    blocked="CLOSED - Not available",
    sold_uid=_booking_com,
    closed_uid=_booking_com,
    edge=548,
    keeps=0,
    reads_every=(timedelta(hours=1), timedelta(hours=8)),
    cuts_sold=0,
    cuts_closed=0,
    merges=True,
    use=Use.SUBTRACTS,
)

VRBO = Habits(
    channel="vrbo",
    agent="Vrbo-Calendar-Sync/1.0 (simulated)",
    calendar=("VERSION:2.0", "CALSCALE:GREGORIAN", "PRODID:-//HomeAway.com, Inc.//EN"),
    entry=("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"),
    reserved="Reserved - {guest}",
    blocked="Blocked",
    sold_uid=_vrbo_reservation,
    closed_uid=_vrbo_block,
    edge=730,
    keeps=210,
    reads_every=(timedelta(hours=1), timedelta(hours=6)),
    newline="\n",
)

#: Every kind of channel that can be pretended, by its key in `vacancy.toml`.
ALL = {habits.channel: habits for habits in (AIRBNB, BOOKING_COM, VRBO)}


def _plain_uid(room: str, code: str, nights: Nights) -> str:
    return f"{_digest(room, code or nights.arrival)}@calendar.invalid"


def like(channel: str) -> Habits:
    """The habits of a kind of channel; one that was never measured has plain ones: plain words,
    UIDs that last, and it ignores what it imports.
    """
    return ALL.get(channel) or Habits(
        channel=channel,
        agent="Calendar-Sync/1.0 (simulated)",
        calendar=("VERSION:2.0", "PRODID:-//calendar.invalid//EN"),
        entry=("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"),
        reserved="Reserved",
        blocked="Not available",
        sold_uid=_plain_uid,
        closed_uid=_plain_uid,
        edge=548,
        keeps=1,
        reads_every=(timedelta(hours=1), timedelta(hours=24)),
    )
