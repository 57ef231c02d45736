"""From bytes to the VEVENTs in them: completeness, line ends, folding. Source: R1, RFC 5545 3.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vacancy.ical.refusal import NotACalendar

MOST_EVENTS = 25_000
_DEEPEST = 32

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LED_BY_MARK = b"\n\xef\xbb\xbf"
_EDGES = re.compile(rb"\n(BEGIN|END):([^\n]*)", re.IGNORECASE)
_FIRST_CALENDAR = re.compile(rb"\nBEGIN:VCALENDAR[ \t]*(?=\n|$)", re.IGNORECASE)
_STAMPS = re.compile(rb"\nDTSTAMP(?:;[^:\n]*)?:([^\n]*)", re.IGNORECASE)
_RECURS = re.compile(rb"\n(?:RRULE|RDATE|RECURRENCE-ID)[:;]", re.IGNORECASE)
_PRODID = re.compile(rb"PRODID[^\n]*", re.IGNORECASE)
_ZONE_NAME = re.compile(rb"\nX-WR-TIMEZONE[^:\n]*:([^\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """The lines of one VEVENT, each led by a line feed: unfolded, nested components left out.

    The values of DTSTAMP are taken out: they differ at each fetch and no reading uses them.
    `prodid` is the nearest PRODID before it in its calendar, `zone_name` its X-WR-TIMEZONE.
    """

    lines: bytes
    prodid: str
    zone_name: str


@dataclass(frozen=True, slots=True)
class RawBody:
    """All VEVENTs; the day of the latest DTSTAMP as eight digits, or ""; whether any may recur.

    `prodids` are those of every calendar, of one without entries too. `free_busy` tells of times
    given as VFREEBUSY, which are no entries.
    """

    events: list[RawEvent]
    stamped: str
    recurs: bool
    prodids: tuple[str, ...]
    free_busy: bool = False


@dataclass(slots=True)
class _Walk:
    """Where the walk over BEGIN and END lines stands."""

    text: bytes
    stack: list[bytes] = field(default_factory=list[bytes])
    mark: int = 0
    pieces: list[bytes] = field(default_factory=list[bytes])
    waiting: list[bytes] = field(default_factory=list[bytes])
    found: list[RawEvent] = field(default_factory=list[RawEvent])
    prodids: dict[str, None] = field(default_factory=dict[str, None])
    prodid: str = ""
    zone_name: str = ""
    free_busy: bool = False


def decoded(text: bytes) -> str:
    """UTF-8, else Windows-1252 with the unknown bytes marked."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def split(body: bytes) -> RawBody:
    """Every VEVENT of every VCALENDAR, in order; NotACalendar unless the body is complete."""
    text = _cleaned(body)
    stamps = _STAMPS.findall(text)
    if stamps:
        text = _STAMPS.sub(b"\nDTSTAMP", text)
    if not _FIRST_CALENDAR.search(text):
        raise NotACalendar(_instead(text))
    walk = _Walk(text)
    for edge in _EDGES.finditer(text):
        name = edge[2].strip().upper()
        if edge[1].upper() == b"BEGIN":
            _begin(walk, name, edge.start(), edge.end())
        else:
            _end(walk, name, edge.start(), edge.end())
    if walk.stack:
        raise NotACalendar("cut")
    recurs = _RECURS.search(text) is not None
    stamped = max(stamps, default=b"")[:8].decode("ascii", "replace")
    return RawBody(walk.found, stamped, recurs, tuple(walk.prodids), walk.free_busy)


def _cleaned(body: bytes) -> bytes:
    """Led by a line feed; no mark, NUL, carriage return, empty line or fold is left."""
    if body[:2] in _UTF16_MARKS:
        body = body.decode("utf-16", "replace").encode()
    text = body.replace(b"\0", b"")
    text = b"\n" + text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # Calendars put end to end have each brought their mark.
    while _LED_BY_MARK in text:
        text = text.replace(_LED_BY_MARK, b"\n")
    # Replaced, not matched: a list of two million folds would cost more than the bound of memory.
    while b"\n\n" in text:
        text = text.replace(b"\n\n", b"\n")
    return text.replace(b"\n ", b"").replace(b"\n\t", b"")


def _instead(text: bytes) -> str:
    head = text[:2000].strip().lower()
    if not head:
        return "empty_body"
    if head[:1] == b"<" or b"<html" in head:
        return "html"
    return "json" if head[:1] in b"{[" else "no_calendar"


def _begin(walk: _Walk, name: bytes, before: int, after: int) -> None:
    depth = len(walk.stack)
    # A calendar inside a calendar is one that was cut, and a component outside is one's rest.
    if (name == b"VCALENDAR") is not (depth == 0) or (name == b"VEVENT" and _in_event(walk)):
        raise NotACalendar("cut")
    if depth == _DEEPEST:
        raise NotACalendar("nesting")
    if depth == 0:
        walk.prodid = walk.zone_name = ""
    elif depth == 1:
        walk.free_busy |= name == b"VFREEBUSY"
        _header(walk, before)
    elif depth == 2 and _in_event(walk):
        walk.pieces.append(walk.text[walk.mark : before])
    walk.stack.append(name)
    if depth < 2:
        walk.mark = after


def _end(walk: _Walk, name: bytes, before: int, after: int) -> None:
    if not walk.stack or walk.stack[-1] != name:
        raise NotACalendar("cut")
    if len(walk.stack) == 2 and name == b"VEVENT":
        walk.waiting.append(b"".join((*walk.pieces, walk.text[walk.mark : before])))
        walk.pieces.clear()
        if len(walk.found) + len(walk.waiting) > MOST_EVENTS:
            raise NotACalendar("too_many_events")
    walk.stack.pop()
    depth = len(walk.stack)
    if depth == 0:
        _header(walk, before)
        walk.found.extend(_release(walk))
    if depth <= 2:
        walk.mark = after


def _in_event(walk: _Walk) -> bool:
    return len(walk.stack) > 1 and walk.stack[1] == b"VEVENT"


def _header(walk: _Walk, before: int) -> None:
    """Takes the calendar's own lines in front of a component or its end."""
    own = walk.text[walk.mark : before]
    if not own:
        return
    prodids = _PRODID.findall(own)
    if prodids:
        # Entries read under an earlier PRODID keep it; the first ones may have had none yet.
        if walk.prodid:
            walk.found.extend(_release(walk))
        walk.prodid = _value(prodids[-1])
        walk.prodids[walk.prodid] = None
    zone = _ZONE_NAME.search(own)
    if zone:
        walk.zone_name = decoded(zone[1]).strip()


def _release(walk: _Walk) -> Iterator[RawEvent]:
    for lines in walk.waiting:
        yield RawEvent(lines, walk.prodid, walk.zone_name)
    walk.waiting.clear()


def _value(line: bytes) -> str:
    """What follows the first colon outside the parameters' own text; a PRODID holds marks only."""
    return decoded(line).partition(":")[2].strip()[:200]
