"""What was read of one VEVENT, and how it is kept with the feed between two readings."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import cast

from vacancy.domain.claims import Entry, Skipped
from vacancy.domain.nights import Nights

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Block:
    """One VEVENT as read, or one recurring entry with all that overrides it.

    `digest` covers its lines (DTSTAMP left out) and the settings that its reading depends on, for
    a recurring one also the day: equal digests, equal reading. Entries are not yet cut at the
    horizon.
    """

    digest: bytes
    entries: tuple[Entry, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    recurs: bool = False


def dump_blocks(blocks: Iterable[Block]) -> bytes:
    """The blocks as compressed bytes for `load_blocks`."""
    rows = [
        (
            block.digest.hex(),
            [_row(entry) for entry in block.entries],
            [(one.uid, one.why, int(one.unreadable)) for one in block.skipped],
            int(block.recurs),
        )
        for block in blocks
    ]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def load_blocks(data: bytes) -> dict[bytes, Block]:
    """The blocks by digest; ValueError when the bytes are not whole."""
    try:
        rows = json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
        blocks = [_block(row) for row in rows]
    except (zlib.error, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ValueError("the kept blocks are damaged") from error
    return {block.digest: block for block in blocks}


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.uid,
        entry.nights.arrival.toordinal(),
        entry.nights.departure.toordinal(),
        entry.summary,
        entry.description,
        entry.status,
        entry.sequence,
        entry.prodid,
        int(entry.recurs),
        entry.instance.toordinal() if entry.instance else 0,
    )


def _block(row: object) -> Block:
    digest, entries, skipped, recurs = cast("tuple[str, list[object], list[object], int]", row)
    return Block(
        bytes.fromhex(digest),
        tuple(_entry(entry) for entry in entries),
        tuple(_skipped(one) for one in skipped),
        bool(recurs),
    )


def _skipped(row: object) -> Skipped:
    uid, why, unreadable = cast("tuple[str, str, int]", row)
    return Skipped(uid, why, bool(unreadable))


def _entry(row: object) -> Entry:
    uid, arrival, departure, summary, description, status, sequence, prodid, recurs, instance = (
        cast("tuple[str, int, int, str, str, str, int, str, int, int]", row)
    )
    return Entry(
        uid,
        Nights(date.fromordinal(arrival), date.fromordinal(departure)),
        summary,
        description,
        status,
        sequence,
        prodid,
        bool(recurs),
        date.fromordinal(instance) if instance else None,
    )
