"""Dates and instants of booking systems, turned into nights of the property's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.nights import ONE_NIGHT, Nights

#: A day of the property, or an aware instant, or a naive time on its clocks.
Moment = date | datetime

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
#: A text begins with a date; what is read by week or ordinal is nobody's booking.
_DATED = re.compile(r"\d{4}-\d\d-\d\d([T ].+)?", re.DOTALL)
#: Numbers beyond this are milliseconds since 1970, below it seconds.
_MILLISECONDS_FROM = 10**11
#: A span that ends so late holds the night of its day: how `until the end of the 12th` is written.
_END_OF_DAY = time(23, 59)


class NoNight(ValueError):
    """It begins and ends on one day: it takes no night."""


class Unreadable(ValueError):
    """When it is cannot be told; the text says why."""


def moment(told: Any) -> Moment | None:
    """`2027-03-01`, `2027-03-01T16:00:00+02:00`, or seconds or milliseconds since 1970 UTC."""
    try:
        if isinstance(told, int | Decimal) and not isinstance(told, bool):
            seconds = told / 1000 if told > _MILLISECONDS_FROM else told
            found = datetime.fromtimestamp(float(seconds), UTC)
        elif isinstance(told, str) and _DATED.fullmatch(told.strip()):
            found = _written(told.strip())
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_YEAR <= found.year < _LAST_YEAR else None


def instant(told: Any) -> datetime | None:
    """The same where it is an instant; a time without a zone is taken for UTC."""
    found = moment(told)
    if not isinstance(found, datetime):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def nights_of(arrival: Any, departure: Any, zone: str) -> Nights:
    """The nights between two moments as told. Raises NoNight or Unreadable.

    Instants become days of `zone`. Where both are midnight in UTC they are days that a program
    wrote as instants, whatever the zone: nobody comes and goes at one such hour.
    """
    first, last = moment(arrival), moment(departure)
    if first is None or last is None:
        raise Unreadable("its dates cannot be read" if arrival and departure else "it has no dates")
    if _utc_midnight(first) and _utc_midnight(last):
        return _between(_day(first), _day(last))
    place = ZoneInfo(zone)
    return _between(_day(_local(first, place)), _last_day(_local(last, place)))


def _written(told: str) -> Moment:
    return date.fromisoformat(told) if len(told) == 10 else datetime.fromisoformat(told)


def _between(arrival: date, departure: date) -> Nights:
    if arrival == departure:
        raise NoNight("it begins and ends on one day: it takes no night")
    if departure < arrival:
        raise Unreadable("it ends before it starts")
    return Nights(arrival, departure)


def _utc_midnight(at: Moment) -> bool:
    return (
        isinstance(at, datetime)
        and at.utcoffset() == timedelta(0)
        and at.time().replace(microsecond=0) == time(0)
    )


def _local(at: Moment, place: ZoneInfo) -> Moment:
    if isinstance(at, datetime) and at.tzinfo is not None:
        return at.astimezone(place)
    return at


def _day(at: Moment) -> date:
    return at.date() if isinstance(at, datetime) else at


def _last_day(at: Moment) -> date:
    if isinstance(at, datetime) and at.time() >= _END_OF_DAY:
        return at.date() + ONE_NIGHT
    return _day(at)
