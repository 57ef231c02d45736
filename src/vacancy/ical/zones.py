"""TZID texts to time zones. Source: R2; the files outlook_* show the odd ones."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def zone_named(text: str) -> ZoneInfo | None:
    """The zone by its IANA or Windows name; None for a display name or a calendar's own (R2).

    Of a path as Mozilla writes it (`/mozilla.org/20050126_1/Europe/Berlin`) the end is the name.
    """
    name = text.strip().strip('"').strip()
    if not name or len(name) > 200:
        return None
    parts = name.split("/")
    candidates = (name, "/".join(parts[-3:]), "/".join(parts[-2:]), _windows().get(name.lower()))
    for candidate in candidates:
        if candidate in _available():
            return _loaded(candidate)
    return None


@cache
def _available() -> frozenset[str | None]:
    return frozenset(available_timezones())


@cache
def _windows() -> dict[str, str]:
    # Imported on first use: most feeds hold no Windows name, and the library is slow to load.
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@cache
def _loaded(name: str) -> ZoneInfo:
    return ZoneInfo(name)
