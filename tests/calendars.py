"""Calendar bodies as channels write them, for tests of the whole house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

STAMP = datetime(2027, 1, 10, 9, 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry: the nights from `arrival` to `departure` (2027-02-03), a UID and a summary."""

    uid: str
    arrival: str
    departure: str
    summary: str = "Reserved"
    more: tuple[str, ...] = ()


def airbnb(code: str, arrival: str, departure: str) -> Shown:
    """An Airbnb reservation: its UID and its code stay the same for ever."""
    link = f"Reservation URL: https://www.airbnb.com/hosting/reservations/details/HM{code:0>8}"
    uid = f"1418fb94e984-{code.lower():0>32}@airbnb.com"
    return Shown(uid, arrival, departure, more=(f"DESCRIPTION:{link}",))


def airbnb_block(arrival: str, departure: str) -> Shown:
    """An Airbnb block: its UID follows its first night."""
    uid = f"7f662ec65913-{arrival.replace('-', ''):0>32}@airbnb.com"
    return Shown(uid, arrival, departure, "Airbnb (Not available)")


def booking(arrival: str, departure: str) -> Shown:
    """A Booking.com closure: wordless, its UID follows its first night."""
    uid = f"{arrival.replace('-', ''):0>32}@booking.com"
    return Shown(uid, arrival, departure, "CLOSED - Not available")


def vrbo(name: str, arrival: str, departure: str) -> Shown:
    """A Vrbo reservation."""
    return Shown(f"{name}-0000-4000-8000-000000000000", arrival, departure, f"Reserved - {name}")


_PRODIDS = {
    "airbnb.com": "-//Airbnb Inc//Hosting Calendar 1.0//EN",
    "booking.com": "-//admin.booking.com\\\\\\, b.v.//NONSGML v1.0//EN",
}


def calendar(*entries: Shown, stamp: datetime = STAMP, prodid: str | None = None) -> bytes:
    """A complete body. `stamp` is the DTSTAMP of every entry, as channels write the fetch time."""
    domain = entries[0].uid.partition("@")[2] if entries else "airbnb.com"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    lines.append(f"PRODID:{prodid or _PRODIDS.get(domain, '-//HomeAway.com, Inc.//EN')}")
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{entry.arrival.replace('-', '')}",
            f"DTEND;VALUE=DATE:{entry.departure.replace('-', '')}",
            f"SUMMARY:{entry.summary}",
            f"UID:{entry.uid}",
            *entry.more,
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
