"""Values to text: an export as bytes that are the same whenever its content is the same.

RFC 5545, with X-WR-CALNAME for people and RFC 7986's LAST-MODIFIED of the calendar. Whole days,
the end exclusive; nothing here depends on the clock, and nothing here can name a guest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from vacancy.domain.nights import Nights

#: Without a release number: an upgrade alone must not change a byte.
PRODID = "-//Vacancy//Vacancy Export//EN"

_FOLD_AT = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_PLAIN = re.compile(r"[ -+\-.-:<-\[\]-~]*")
_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
#: What RFC 5545 forbids in TEXT, and lone surrogates, which no UTF-8 can hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One VEVENT of an export: one stay, told without its guest.

    `sequence` and `modified` (an aware instant, written in whole seconds of UTC) belong to this
    stay's content: they move only with it.
    """

    uid: str
    nights: Nights
    summary: str
    sequence: int
    modified: datetime


def write(lines: Iterable[Line], *, name: str, modified: datetime) -> bytes:
    """The calendar `name` as UTF-8, CRLF, folded at 75 octets; in order of nights, then UID.

    The same lines in any order, with the same name and `modified`, give the same bytes.
    """
    head = (
        "BEGIN:VCALENDAR\r\n"
        "VERSION:2.0\r\n"
        f"PRODID:{PRODID}\r\n"
        "CALSCALE:GREGORIAN\r\n"
        "METHOD:PUBLISH\r\n"
        f"{_fold(f'X-WR-CALNAME:{_text(name)}')}\r\n"
        f"LAST-MODIFIED:{_instant(modified)}\r\n"
    )
    ordered = sorted(lines, key=_place)
    return "".join([head, *map(_event, ordered), "END:VCALENDAR\r\n"]).encode()


def _place(line: Line) -> tuple[date, date, str]:
    return line.nights.arrival, line.nights.departure, line.uid


def _event(line: Line) -> str:
    stamp = _instant(line.modified)
    return (
        "BEGIN:VEVENT\r\n"
        f"{_fold(f'UID:{_text(line.uid)}')}\r\n"
        f"DTSTAMP:{stamp}\r\n"
        f"LAST-MODIFIED:{stamp}\r\n"
        f"SEQUENCE:{line.sequence}\r\n"
        f"DTSTART;VALUE=DATE:{_date(line.nights.arrival)}\r\n"
        f"DTEND;VALUE=DATE:{_date(line.nights.departure)}\r\n"
        f"{_fold(f'SUMMARY:{_text(line.summary)}')}\r\n"
        "TRANSP:OPAQUE\r\n"
        "END:VEVENT\r\n"
    )


def _text(value: str) -> str:
    """TEXT of RFC 5545 3.3.11: any text stays within its one property."""
    if _PLAIN.fullmatch(value):
        return value
    return _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", value)).translate(_ESCAPES)


def _date(value: date) -> str:
    return value.isoformat().replace("-", "")


@lru_cache(maxsize=512)
def _instant(value: datetime) -> str:
    utc = value.astimezone(UTC)
    return f"{_date(utc.date())}T{utc:%H%M%S}Z"


def _fold(line: str) -> str:
    """Cut into pieces of at most 75 octets, the leading space counted, never inside a letter."""
    if len(line) * 4 <= _FOLD_AT or (line.isascii() and len(line) <= _FOLD_AT):
        return line
    pieces: list[str] = []
    start = room = 0
    for at, letter in enumerate(line):
        size = len(letter.encode())
        if room + size > _FOLD_AT:
            pieces.append(line[start:at])
            start, room = at, 1
        room += size
    pieces.append(line[start:])
    return "\r\n ".join(pieces)
