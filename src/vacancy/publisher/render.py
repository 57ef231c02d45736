"""What an export holds -> the next version of its bytes, or nothing where nothing changed."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vacancy.domain.availability import Held
from vacancy.domain.claims import Kind
from vacancy.ical.write import Line, write
from vacancy.ids import Chance, new_id
from vacancy.store import exports
from vacancy.store.exports import Published
from vacancy.store.session import Session
from vacancy.store.tables import Export

_SUMMARY: Mapping[Kind, str] = {Kind.RESERVATION: "Reserved", Kind.BLOCK: "Blocked"}
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Imprint:
    """What each export of an installation bears: the domain that ends its UIDs; chance for ids."""

    domain: str
    chance: Chance


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a publication did to one export. `modified` is its LAST-MODIFIED."""

    export_id: str
    unit_id: str
    version: int
    etag: str
    modified: datetime
    opened: tuple[Published, ...]
    withdrawn: tuple[Published, ...]


def publish(
    session: Session, export: Export, held: Sequence[Held], now: datetime, imprint: Imprint
) -> NewVersion | None:
    """Publish what the export holds as its next version; None, nothing written, if it is the same.

    `held` is what `domain.availability.contents` gives: each stay once (ValueError). The caller has
    the unit's row (`stays.lock_unit`), so that one writer at a time publishes.
    """
    name = exports.name_of_unit(session, export.unit_id)
    wanted = {one.stay_id: one for one in held}
    if len(wanted) < len(held):
        raise ValueError("an export holds each stay once")
    content = _content(held, name, imprint.domain)
    if export.version and content == export.content:
        return None
    version, modified = export.version + 1, _modified(export, now)
    before = exports.publications(session, export.id)
    stand = [one for one in before if _stands(one, wanted.get(one.stay_id))]
    standing = {one.stay_id for one in stand}
    withdrawn = [one for one in before if one.stay_id not in standing]
    new = [one for one in held if one.stay_id not in standing]
    numbers = _next_numbers(session, export, new, withdrawn)
    opened = [
        Published(
            id=new_id("pub", modified, imprint.chance),
            stay_id=one.stay_id,
            nights=one.nights,
            kind=one.kind,
            sequence=numbers[one.stay_id],
            from_version=version,
            published_at=modified,
        )
        for one in new
    ]
    exports.close_publications(session, withdrawn, version, modified)
    exports.open_publications(session, export, opened)
    body = write(
        (_line(one, imprint.domain) for one in (*stand, *opened)), name=name, modified=modified
    )
    export.body, export.etag = gzip.compress(body, mtime=0), _etag(body)
    export.content, export.version, export.last_modified = content, version, modified
    export.revision += 1
    session.add(export)
    session.flush()
    return NewVersion(
        export.id, export.unit_id, version, export.etag, modified, tuple(opened), tuple(withdrawn)
    )


def _content(held: Iterable[Held], name: str, domain: str) -> str:
    """The digest of all that decides the bytes but stamps and numbers, which follow from it."""
    said = sorted((one.stay_id, one.nights, one.kind.value) for one in held)
    told = [f"{stay} {nights.arrival} {nights.departure} {kind}" for stay, nights, kind in said]
    return hashlib.sha256("\n".join([name, domain, *told]).encode()).hexdigest()


def _modified(export: Export, now: datetime) -> datetime:
    """Whole seconds, and later than before even where the clock was put back."""
    second = now.replace(microsecond=0)
    if export.last_modified is None:
        return second
    return max(second, export.last_modified + _ONE_SECOND)


def _stands(published: Published, held: Held | None) -> bool:
    return held is not None and (published.nights, published.kind) == (held.nights, held.kind)


def _next_numbers(
    session: Session, export: Export, new: Sequence[Held], withdrawn: Sequence[Published]
) -> dict[str, int]:
    """The SEQUENCE of each new or changed stay: on from where it stood, however long ago."""
    last = {one.stay_id: one.sequence for one in withdrawn}
    unknown = [one.stay_id for one in new if one.stay_id not in last]
    if unknown and export.version:
        last |= exports.last_sequences(session, export.id, unknown)
    return {one.stay_id: last.get(one.stay_id, -1) + 1 for one in new}


def _line(published: Published, domain: str) -> Line:
    return Line(
        uid=f"{published.stay_id}@{domain}",
        nights=published.nights,
        summary=_SUMMARY[published.kind],
        sequence=published.sequence,
        modified=published.published_at,
    )


def _etag(body: bytes) -> str:
    """A strong one: it follows from the bytes alone."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
