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
    for candidate in (name, "/".join(parts[-3:]), "/".join(parts[-2:])):
        found = _available().get(candidate.lower()) or _windows().get(candidate.lower())
        if found is not None:
            return _loaded(found)
    return None


@cache
def _available() -> dict[str, str]:
    """By lower-case name: what channels write is not case-sensitive."""
    return {name.lower(): name for name in available_timezones()}


@cache
def _windows() -> dict[str, str]:
    # Imported on first use: most feeds hold no Windows name, and the library is slow to load.
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    named = {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}
    return {name: zone for name, zone in named.items() if zone.lower() in _available()}


@cache
def _loaded(name: str) -> ZoneInfo:
    return ZoneInfo(name)
