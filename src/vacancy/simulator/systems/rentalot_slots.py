"""When a Rentalot of pretence offers viewings: by the hour from 9 to 17, less what is booked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vacancy.simulator.systems.serving import Asked, Document, Told, day

_HOURS = range(9, 17)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def availability(asked: Asked, events: Iterable[Document], zone: str, today: date) -> Told:
    """The slots of the days asked for: of one property where that is named, else of the account."""
    first, last = _range(asked, today)
    place = asked.query.get("propertyId")
    held = [
        (datetime.fromisoformat(one["startTime"]), datetime.fromisoformat(one["endTime"]))
        for one in events
        if one["status"] != "cancelled" and place in (None, one["propertyId"])
    ]
    opens, closes = _at(first, 0, zone), _at(last + _DAY, 0, zone)
    slots = [
        (at, start)
        for at in (first + _DAY * count for count in range((last - first).days + 1))
        for start in (_at(at, hour, zone) for hour in _HOURS)
        if not any(begun < start + _HOUR and start < ended for begun, ended in held)
    ]
    found = {
        "dateRange": {"from": _written(opens), "to": _written(closes)},
        "availableSlots": [
            {"date": str(at), "start": _written(start), "end": _written(start + _HOUR)}
            for at, start in slots
        ],
        "existingEventCount": sum(begun < closes and opens < ended for begun, ended in held),
    }
    return Told(200, {"data": found})


def _range(asked: Asked, today: date) -> tuple[date, date]:
    if one := day(asked.query.get("preferredDate")):
        return one, one
    first = day(asked.query.get("dateFrom")) or today
    return first, day(asked.query.get("dateTo")) or first + _WEEK


def _at(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
