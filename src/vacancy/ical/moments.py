"""Dates, times and durations as channels write them. Source: R2-R5 of the reading rules."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from vacancy.ical.zones import zone_named

#: A whole day, or an aware instant.
Moment = date | datetime

_FIRST_YEAR, _LAST_YEAR = 1600, 9000
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_DURATION = re.compile(r"([+-]?)P((?:T?\d+[WDHMS])+)T?", re.ASCII | re.IGNORECASE)
_PART = re.compile(r"(\d+)([WDHMS])", re.ASCII | re.IGNORECASE)
_SECONDS = {"W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1}
#: So many colons an unquoted name of a zone may leave in front of its date.
_NAME_COLONS = 3
_LONGEST = timedelta(days=200_000)


def moment(text: str, params: dict[str, str], zone: tzinfo) -> Moment | None:
    """The value of a date property; None where it is no date. Floating times are in `zone`.

    Eight digits are a whole day whatever VALUE says; under VALUE=DATE a time is left out. Years
    out of all reach are drawn to the years 1600 and 9000, so that no sum overflows. What an
    unquoted name of a zone left in front (`00) Rome:` of `TZID=(UTC+01:00) Rome:`) is passed over.
    """
    found = _matched(text)
    if found is None:
        return None
    year = int(found[1])
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        return date(_FIRST_YEAR if year < _FIRST_YEAR else _LAST_YEAR, 1, 1)
    try:
        day = date(year, int(found[2]), int(found[3]))
        if found[4] is None or params.get("VALUE", "").upper() == "DATE":
            return day
        clock = int(found[4]) * 60 + int(found[5])
        if clock > 1440 or int(found[5]) > 59:
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        wall = midnight + timedelta(minutes=clock, seconds=min(int(found[6] or 0), 59))
        return wall.replace(tzinfo=_zone(found[7], params, zone))
    except ValueError:
        return None


def _matched(text: str) -> re.Match[str] | None:
    for _ in range(_NAME_COLONS + 1):
        found = _MOMENT.fullmatch(text.strip())
        if found is not None:
            return found
        text = text.partition(":")[2]
    return None


def _zone(offset: str | None, params: dict[str, str], zone: tzinfo) -> tzinfo:
    if offset is None:
        named = zone_named(params["TZID"]) if "TZID" in params else None
        return named or zone
    if offset in "Zz":
        return UTC
    digits = offset.replace(":", "")
    away = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    if away >= timedelta(hours=24):
        return UTC
    return timezone(-away if digits[0] == "-" else away)


def duration(text: str) -> timedelta | None:
    """A DURATION, also misspelled ones like PT1W; None where it is none or negative."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or found[1] == "-":
        return None
    seconds = sum(
        int(number[:12]) * _SECONDS[unit.upper()] for number, unit in _PART.findall(found[2])
    )
    return min(timedelta(seconds=min(seconds, 10**12)), _LONGEST)


def local_day(value: Moment, zone: tzinfo) -> date:
    """The calendar day of a moment in the property's zone."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value
