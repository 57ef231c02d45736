"""Builders of calendar bodies and settings for the reading tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from vacancy.ical.read import Reading, ReadSettings, read

TODAY = date(2026, 11, 24)


def settings(
    zone: str = "Europe/Rome",
    today: date = TODAY,
    end_is_last_night: bool = False,
    transparent: str = "busy",
) -> ReadSettings:
    horizon = today.replace(year=today.year + 3)
    return ReadSettings(ZoneInfo(zone), today, horizon, end_is_last_night, transparent)


def event(*lines: str) -> str:
    return "\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))


def stay(
    uid: str = "a@example.com",
    arrival: str = "20270203",
    departure: str = "20270205",
    *,
    summary: str = "Reserved",
    stamp: str = "20261124T080000Z",
    extra: Iterable[str] = (),
) -> str:
    """A plain whole-day entry."""
    return event(
        f"UID:{uid}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{arrival}",
        f"DTEND;VALUE=DATE:{departure}",
        f"SUMMARY:{summary}",
        *extra,
    )


def calendar(*events: str, prodid: str = "-//Test//EN", header: Iterable[str] = ()) -> bytes:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{prodid}", *header, *events)
    return ("\n".join((*lines, "END:VCALENDAR", ""))).replace("\n", "\r\n").encode()


def dates(reading: Reading) -> list[tuple[str, str]]:
    return [(str(one.nights.arrival), str(one.nights.departure)) for one in reading.entries]


def read_one(*lines: str, zone: str = "Europe/Rome", **wanted: str) -> list[tuple[str, str]]:
    """The nights of a single entry of these lines."""
    return dates(read(calendar(event("UID:a", *lines), **wanted), settings(zone)))
