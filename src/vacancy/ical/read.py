"""A calendar body to entries: tolerant in what it reads, strict in what it calls complete.

Source: rules 1 and 2. Nothing but NotACalendar is raised for any bytes, and no bytes cost more
than the bounds allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b

from vacancy.domain.claims import Entry, Skipped
from vacancy.domain.nights import Nights
from vacancy.ical.blocks import Block, dump_blocks, load_blocks
from vacancy.ical.odd import read_odd
from vacancy.ical.plain import read_plain
from vacancy.ical.properties import Properties, properties
from vacancy.ical.recurrence import read_series
from vacancy.ical.refusal import NotACalendar
from vacancy.ical.rules import Steps
from vacancy.ical.settings import ReadSettings
from vacancy.ical.split import MOST_EVENTS, RawBody, RawEvent, decoded, split

__all__ = [
    "Block",
    "NotACalendar",
    "ReadSettings",
    "Reading",
    "digest",
    "dump_blocks",
    "load_blocks",
    "read",
]

#: Rises with every change of meaning in this package: what was kept of earlier readings is dropped.
READER_VERSION = 1

_STAMPS = re.compile(rb"\nDTSTAMP[:;][^\n]*")
_RECURS = re.compile(rb"\n(?:RRULE|RDATE|RECURRENCE-ID)[:;]", re.IGNORECASE)
_UID = re.compile(rb"\nUID[^:\n]*:([^\n]*)", re.IGNORECASE)
FREE_BUSY = (
    "the calendar tells times as free or busy (VFREEBUSY), which close no nights; export its events"
)
_BEYOND = "it lies beyond the horizon of {}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One complete body as read.

    `blocks` are to be kept for the next reading; `parsed` of them had to be read now. `recurs`
    tells that the reading depends on the day. `stamped` is the latest day (UTC) of any DTSTAMP:
    the day of the fetch where the channel stamps so.
    """

    blocks: tuple[Block, ...]
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    parsed: int = 0
    recurs: bool = False
    prodids: tuple[str, ...] = ()
    stamped: date | None = None


@dataclass(frozen=True, slots=True)
class _Group:
    """The VEVENTs that one block is read from: one, or those of a recurring UID."""

    events: tuple[RawEvent, ...]
    recurs: bool


def digest(body: bytes) -> bytes:
    """A digest of the body without its DTSTAMP values: equal digests, equal readings.

    The reverse does not hold: bodies may differ in what no reading uses.
    """
    return blake2b(_STAMPS.sub(b"\nDTSTAMP", body), digest_size=16).digest()


def read(
    body: bytes, settings: ReadSettings, known: Mapping[bytes, Block] | None = None
) -> Reading:
    """Reads a body; blocks whose digest is in `known` are not parsed again.

    NotACalendar when the body is no complete calendar or breaks a bound. A bad entry is left out
    and told in `skipped`.
    """
    raw = split(body)
    known = known or {}
    steps = Steps()
    blocks: list[Block] = []
    parsed = total = 0
    for group in _groups(raw):
        mark = _mark(group, settings)
        block = known.get(mark)
        if block is None:
            block = _read_block(group, mark, settings, steps)
            parsed += 1
        blocks.append(block)
        total += len(block.entries)
        if total > MOST_EVENTS:
            raise NotACalendar("too_many_events")
    entries, beyond = _cut(blocks, settings.horizon)
    return Reading(
        tuple(blocks),
        tuple(entries),
        (*(one for block in blocks for one in block.skipped), *beyond),
        warnings=(FREE_BUSY,) if raw.free_busy else (),
        parsed=parsed,
        recurs=any(block.recurs for block in blocks),
        prodids=raw.prodids,
        stamped=_day(raw.stamped),
    )


def _groups(raw: RawBody) -> Iterator[_Group]:
    """Single entries as they come; recurring ones of one UID together, where the first stands.

    An entry without a repetition belongs to those of its UID too: they may override it.
    """
    if not raw.recurs:
        yield from (_Group((event,), recurs=False) for event in raw.events)
        return
    series: dict[bytes, list[RawEvent]] = {}
    order: list[RawEvent | bytes] = []
    recurring = {_uid(event) for event in raw.events if _RECURS.search(event.lines)} - {b""}
    for place, event in enumerate(raw.events):
        uid = _uid(event)
        if uid not in recurring and not _RECURS.search(event.lines):
            order.append(event)
            continue
        key = uid or b"\n%d" % place
        if key not in series:
            order.append(key)
        series.setdefault(key, []).append(event)
    for one in order:
        if isinstance(one, RawEvent):
            yield _Group((one,), recurs=False)
        else:
            yield _Group(tuple(series[one]), recurs=True)


def _uid(event: RawEvent) -> bytes:
    found = _UID.search(event.lines)
    return found[1].strip() if found else b""


def _mark(group: _Group, settings: ReadSettings) -> bytes:
    first = group.events[0]
    day = f"{settings.today}/{settings.horizon}/{first.zone_name}" if group.recurs else ""
    lines = b"\n\n".join(event.lines for event in group.events)
    salt = _salt(
        settings.zone.key, settings.end_is_last_night, settings.transparent, first.prodid, day
    )
    return blake2b(lines, digest_size=16, key=salt).digest()


@lru_cache(maxsize=256)
def _salt(*parts: object) -> bytes:
    """What a block's reading depends on besides its lines."""
    return blake2b(repr((READER_VERSION, *parts)).encode(), digest_size=32).digest()


def _read_block(group: _Group, mark: bytes, settings: ReadSettings, steps: Steps) -> Block:
    first = group.events[0]
    if group.recurs:
        members = [_properties(event) for event in group.events]
        entries, skipped = read_series(members, first.prodid, first.zone_name, settings, steps)
        return Block(mark, tuple(entries), tuple(skipped), recurs=True)
    text = decoded(first.lines)
    read = None if settings.end_is_last_night else read_plain(text, first.prodid)
    if read is None:
        read = read_odd(properties(text), first.prodid, settings)
    return Block(mark, skipped=(read,)) if isinstance(read, Skipped) else Block(mark, (read,))


def _properties(event: RawEvent) -> Properties:
    return properties(decoded(event.lines))


def _cut(blocks: Sequence[Block], horizon: date) -> tuple[list[Entry], list[Skipped]]:
    """The entries up to the horizon."""
    entries: list[Entry] = []
    beyond: list[Skipped] = []
    for block in blocks:
        for entry in block.entries:
            if entry.nights.departure <= horizon:
                entries.append(entry)
            elif entry.nights.arrival < horizon:
                entries.append(replace(entry, nights=Nights(entry.nights.arrival, horizon)))
            elif not entry.recurs:
                beyond.append(Skipped(entry.uid, _BEYOND.format(horizon)))
    return entries, beyond


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
