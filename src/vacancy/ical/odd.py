"""The tolerant reader of any single VEVENT. Source: R2-R7 of the reading rules.

The icalendar library names the Windows zones and checks this reader in the tests. It does not read
the lines: a date that it finds broken is lost there, while the rules still want to read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from vacancy.domain.claims import Entry, Skipped
from vacancy.domain.nights import ONE_NIGHT, Nights
from vacancy.ical.moments import Moment, duration, local_day, moment
from vacancy.ical.properties import Properties, plain_status, whole_number
from vacancy.ical.settings import ReadSettings

_FIRST_YEAR = 2000
NO_START = "its start is missing or no date (DTSTART)"
TOO_EARLY = "it starts before the year 2000"
BACKWARD = "end before start"
NO_END = "timed, no end"
NO_NIGHT = "timed, no night"
FREE = "marked as free time (TRANSP:TRANSPARENT)"


@dataclass(frozen=True, slots=True)
class Span:
    """Where an entry begins and ends: whole days (the end exclusive), or instants."""

    start: Moment
    end: Moment

    def nights(self, zone: tzinfo) -> Nights | None:
        """Its nights in the property's zone; None where it holds none."""
        arrival, departure = local_day(self.start, zone), local_day(self.end, zone)
        return Nights(arrival, departure) if arrival < departure else None


def read_odd(found: Properties, prodid: str, settings: ReadSettings) -> Entry | Skipped:
    """The entry, or why it is none."""
    span = span_of(found, settings)
    if isinstance(span, str):
        return Skipped(found.uid, span, unreadable=span != FREE)
    if span.start.year < _FIRST_YEAR:
        return Skipped(found.uid, TOO_EARLY, unreadable=True)
    nights = span.nights(settings.zone)
    if nights is None:
        return Skipped(found.uid, NO_NIGHT)
    return entry_of(found, nights, prodid)


def entry_of(found: Properties, nights: Nights, prodid: str, instance: date | None = None) -> Entry:
    """An entry with these nights and the text of the properties."""
    return Entry(
        found.uid,
        nights,
        found.text("SUMMARY"),
        found.text("DESCRIPTION"),
        plain_status(found.text("STATUS")),
        whole_number(found.text("SEQUENCE")),
        prodid,
        recurs=instance is not None,
        instance=instance,
    )


def span_of(found: Properties, settings: ReadSettings) -> Span | str:
    """Where it begins and ends, or why that cannot be said."""
    if settings.transparent == "free" and plain_status(found.text("TRANSP")) == "TRANSPARENT":
        return FREE
    start = moment_of(found, "DTSTART", settings.zone)
    if start is None or start.year >= 9000:
        return NO_START
    end = moment_of(found, "DTEND", settings.zone)
    length = duration(found.text("DURATION"))
    if not isinstance(start, datetime):
        return _whole_days(start, end, length, settings)
    return _timed(start, end, length, settings.zone)


def moment_of(found: Properties, name: str, zone: tzinfo) -> Moment | None:
    prop = found.single.get(name)
    return moment(prop.value, prop.params, zone) if prop else None


def _whole_days(
    start: date, end: Moment | None, length: timedelta | None, settings: ReadSettings
) -> Span | str:
    """Without a usable end, or with one equal to the start, it is one night (R4)."""
    if end is not None:
        last = local_day(end, settings.zone)
    elif length is not None:
        last = start + timedelta(days=-(-length // timedelta(days=1)))
    else:
        return Span(start, start + ONE_NIGHT)
    if last < start:
        return BACKWARD
    if settings.end_is_last_night:
        last += ONE_NIGHT
    return Span(start, max(last, start + ONE_NIGHT))


def _timed(
    start: datetime, end: Moment | None, length: timedelta | None, zone: tzinfo
) -> Span | str:
    if end is None:
        if length is None:
            return NO_END
        # Days are added on the wall, RFC 5545 3.3.6; a shift by an hour moves no night.
        return Span(start, start + length)
    if not isinstance(end, datetime):
        return BACKWARD if end < local_day(start, zone) else Span(start, end)
    return BACKWARD if end.astimezone(UTC) < start.astimezone(UTC) else Span(start, end)
