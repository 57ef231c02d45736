"""The strict reader of the plain whole-day entry, which is nearly every entry of every channel.

It takes an entry only if each line is one that it knows for certain, and gives exactly what the
tolerant reader (`odd`) gives; tests hold both together, and both to the icalendar library.
"""

from __future__ import annotations

from datetime import date

from vacancy.domain.claims import Entry
from vacancy.domain.nights import Nights
from vacancy.ical.properties import plain_status, text_of, uid_of, whole_number

#: With a parameter a name is another, and its entry no plain one.
_USED = {
    "UID": "UID",
    "SUMMARY": "SUMMARY",
    "DESCRIPTION": "DESCRIPTION",
    "STATUS": "STATUS",
    "SEQUENCE": "SEQUENCE",
    "DTSTART": "DTSTART",
    "DTEND": "DTEND",
    "DTSTART;VALUE=DATE": "DTSTART",
    "DTEND;VALUE=DATE": "DTEND",
}
_UNUSED = frozenset(
    {
        *("DTSTAMP", "CREATED", "LAST-MODIFIED", "CLASS", "LOCATION", "ORGANIZER", "URL"),
        *("PRIORITY", "CATEGORIES", "CONTACT", "COMMENT"),
    }
)


def read_plain(lines: str, prodid: str) -> Entry | None:
    """The entry of plain lines with whole days in order; None for any other."""
    values: dict[str, str] = {}
    for line in lines.split("\n"):
        name, _, value = line.partition(":")
        used = _USED.get(name)
        if used is not None:
            if used in values:
                return None
            values[used] = value
        elif name not in _UNUSED and line and line != "TRANSP:OPAQUE":
            return None
    arrival, departure = _day(values.get("DTSTART", "")), _day(values.get("DTEND", ""))
    if arrival is None or departure is None or departure <= arrival:
        return None
    return Entry(
        uid_of(values.get("UID", "")),
        Nights(arrival, departure),
        text_of(values.get("SUMMARY", "")),
        text_of(values.get("DESCRIPTION", "")),
        plain_status(text_of(values.get("STATUS", ""))),
        whole_number(text_of(values.get("SEQUENCE", ""))),
        prodid,
    )


def _day(text: str) -> date | None:
    """Eight digits of the years 2000 to 8999."""
    if len(text) != 8 or not text.isascii() or not text.isdigit() or not "2" <= text[0] < "9":
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
