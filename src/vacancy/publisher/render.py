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
from vacancy.store import editions
from vacancy.store.editions import Edition, Published
from vacancy.store.session import Session

_SUMMARY: Mapping[Kind, str] = {Kind.RESERVATION: "Reserved", Kind.BLOCK: "Blocked"}
#: As small as level 9 makes it but for a hundredth, in a third of the time.
_ZIPPED_AT = 6
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Imprint:
    """What each export of a unit bears: its name, and the domain that ends its UIDs; chance for
    ids.
    """

    name: str
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
    session: Session, edition: Edition, held: Sequence[Held], now: datetime, imprint: Imprint
) -> NewVersion | None:
    """Publish what an export holds as its next version; None, nothing written, if it is the same.

    `held` is what `domain.availability.contents` gives: each stay once (ValueError). The caller has
    the unit's row (`stays.lock_unit`), so that one writer at a time publishes.
    """
    if len({one.stay_id for one in held}) < len(held):
        raise ValueError("an export holds each stay once")
    content = _content(held, imprint)
    if edition.version and content == edition.content:
        return None
    modified = _modified(edition, now)
    version = edition.version + 1
    stand, new, withdrawn = _compare(session, edition, held)
    numbers = _next_numbers(session, edition, new, withdrawn)
    opened = [_open(one, numbers[one.stay_id], (version, modified), imprint) for one in new]
    editions.close_publications(session, withdrawn, version, modified)
    editions.open_publications(session, edition, opened)
    body = _body((*stand, *opened), modified, imprint)
    etag = _etag(body)
    zipped = gzip.compress(body, _ZIPPED_AT, mtime=0)
    issued = {"version": version, "content": content, "body": zipped, "etag": etag}
    editions.issue(session, edition.id, {**issued, "last_modified": modified})
    told = (tuple(opened), tuple(withdrawn))
    return NewVersion(edition.id, edition.unit_id, version, etag, modified, *told)


def _compare(
    session: Session, edition: Edition, held: Sequence[Held]
) -> tuple[list[Published], list[Held], list[Published]]:
    """What stands as it was published, what is new or changed, and what is withdrawn."""
    wanted = {one.stay_id: (one.nights, one.kind) for one in held}
    stand: list[Published] = []
    withdrawn: list[Published] = []
    for one in editions.publications(session, edition.id) if edition.version else ():
        stands = wanted.get(one.stay_id) == (one.nights, one.kind)
        (stand if stands else withdrawn).append(one)
    standing = {one.stay_id for one in stand}
    return stand, [one for one in held if one.stay_id not in standing], withdrawn


def _open(held: Held, number: int, at: tuple[int, datetime], imprint: Imprint) -> Published:
    version, modified = at
    return Published(
        id=new_id("pub", modified, imprint.chance),
        stay_id=held.stay_id,
        nights=held.nights,
        kind=held.kind,
        sequence=number,
        from_version=version,
        published_at=modified,
    )


def _content(held: Iterable[Held], imprint: Imprint) -> str:
    """The digest of all that decides the bytes but stamps and numbers, which follow from it."""
    told = sorted(
        f"{one.stay_id} {one.nights.arrival} {one.nights.departure} {one.kind}" for one in held
    )
    return hashlib.sha256("\n".join([imprint.name, imprint.domain, *told]).encode()).hexdigest()


def _modified(edition: Edition, now: datetime) -> datetime:
    """Whole seconds, and later than before even where the clock was put back."""
    second = now.replace(microsecond=0)
    if edition.last_modified is None:
        return second
    return max(second, edition.last_modified + _ONE_SECOND)


def _next_numbers(
    session: Session, edition: Edition, new: Sequence[Held], withdrawn: Sequence[Published]
) -> dict[str, int]:
    """The SEQUENCE of each new or changed stay: on from where it stood, however long ago."""
    last = {one.stay_id: one.sequence for one in withdrawn}
    unknown = [one.stay_id for one in new if one.stay_id not in last]
    if unknown and edition.version:
        last |= editions.last_sequences(session, edition.id, unknown)
    return {one.stay_id: last.get(one.stay_id, -1) + 1 for one in new}


def _body(published: Iterable[Published], modified: datetime, imprint: Imprint) -> bytes:
    lines = (_line(one, imprint.domain) for one in published)
    return write(lines, name=imprint.name, modified=modified)


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
