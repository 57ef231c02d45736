"""What must be true of a store after anything at all: no half import, no half publication."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from vacancy.domain.availability import (
    ExportFacts,
    contents,
    lingering,
    night_map,
    standing_links,
)
from vacancy.domain.claims import KnownClaim
from vacancy.domain.linked import as_held, derive
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Stay
from vacancy.domain.support import is_genuine
from vacancy.ical.read import digest
from vacancy.ical.write import Line, write
from vacancy.publisher.unit import LOOK_BACK
from vacancy.store import accounts, claims, editions, exports, stays, trees, units
from vacancy.store.session import Session, Store
from vacancy.store.tables import Event, Feed, Publication, Unit
from vacancy.store.upkeep import problems
from vacancy.vault import Vault

_SUMMARY = {"reservation": "Reserved", "block": "Blocked"}


def broken(store: Store, vault: Vault, now: datetime) -> list[str]:
    """Every way in which the store contradicts itself at `now`; nothing where it is whole."""
    found = problems(store)
    with store.read() as session:
        account = accounts.the_account(session)
        for unit in units.of_account(session, account.id, retired=True):
            said = claims.of_unit(session, unit.id, now - LOOK_BACK)
            held = stays.of_unit(session, unit.id, now - LOOK_BACK)
            found += _nights(session, unit, held, said, now)
            found += _links(held, said)
            found += _published(session, unit, held, said, now)
        found += _readings(session, vault)
        found += _journal(session, account.sequence)
    return found


def _nights(
    session: Session,
    unit: Unit,
    held: tuple[Stay, ...],
    said: tuple[KnownClaim, ...],
    now: datetime,
) -> list[str]:
    """The night rows are what the stays say; their primary key sees to one holder each."""
    closing = [stay for stay in held if stay.live]
    closing += lingering(held, standing_links(said), now)
    wanted = night_map(closing)
    present = stays.night_map(session, unit.id)
    return [
        f"{unit.slug}: night {night} is held by {present.get(night)}, not {wanted.get(night)}"
        for night in sorted(wanted.keys() | present.keys())
        if wanted.get(night) != present.get(night)
    ]


def _links(held: tuple[Stay, ...], said: tuple[KnownClaim, ...]) -> list[str]:
    """Each standing claim has its stay, and each live imported stay a claim."""
    known = {stay.id for stay in held}
    found = [
        f"claim {claim.id} stands without its stay"
        for claim in said
        if is_genuine(claim) and claim.stay_id not in known
    ]
    linked = {claim.stay_id for claim in said if claim.stands}
    return found + [
        f"stay {stay.id} stands without a claim"
        for stay in held
        if stay.live and stay.feed_id is not None and stay.id not in linked
    ]


def _published(
    session: Session,
    unit: Unit,
    held: tuple[Stay, ...],
    said: tuple[KnownClaim, ...],
    now: datetime,
) -> list[str]:
    """Each export's bytes are what its publications say, and those what it ought to hold."""
    found: list[str] = []
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    domain = accounts.domain(session)
    tree = trees.members(session, trees.family(session, unit.id), now)
    closures = derive(unit.id, tree, today)
    for export in exports.of_unit(session, unit.id):
        facts = ExportFacts(export.key, export.feed_id, export.channel)
        wanted = {
            (one.stay_id, one.nights, one.kind.value)
            for one in (*contents(facts, held, said, now, today), *as_held(closures, today))
        }
        rows = editions.publications(session, export.id)
        if {(row.stay_id, row.nights, row.kind.value) for row in rows} != wanted:
            found.append(f"{unit.slug}/{export.key} does not hold what it ought to")
        if export.body is None or export.last_modified is None:
            found += [f"{unit.slug}/{export.key} has publications without bytes"] if rows else []
            continue
        body = gzip.decompress(export.body)
        lines = [
            Line(
                uid=f"{row.stay_id}@{domain}",
                nights=Nights(row.nights.arrival, row.nights.departure),
                summary=_SUMMARY[row.kind.value],
                sequence=row.sequence,
                modified=row.published_at,
            )
            for row in rows
        ]
        if body != write(lines, name=unit.name, modified=export.last_modified):
            found.append(f"{unit.slug}/{export.key}: the bytes are not those of its publications")
        if export.etag != f'"{hashlib.sha256(body).hexdigest()[:32]}"':
            found.append(f"{unit.slug}/{export.key}: the ETag is not that of the bytes")
        newest = session.execute(
            select(Publication.from_version).where(Publication.export_id == export.id)
        ).scalars()
        if max(newest, default=0) > export.version:
            found.append(f"{unit.slug}/{export.key}: published ahead of its version")
    return found


def _readings(session: Session, vault: Vault) -> list[str]:
    """What a feed is compared by is that of the body that its claims were made of."""
    rows = session.execute(select(Feed).where(Feed.digest.is_not(None))).scalars()
    return [
        f"feed {row.key} {row.id}: its digest is not that of its body"
        for row in rows
        if row.digest != digest(zlib.decompress(vault.open_bytes(row.body or b"", "feed.body")))
    ]


def _journal(session: Session, last: int) -> list[str]:
    """Events are numbered without a gap, and a stay is created once."""
    rows = session.execute(select(Event).order_by(Event.sequence)).scalars().all()
    found: list[str] = []
    if [row.sequence for row in rows] != list(range(1, last + 1)):
        found.append("the journal has a gap")
    created = [row.data["id"] for row in rows if row.type.endswith(".created")]
    if len(created) != len(set(created)):
        found.append("a stay was created twice")
    return found
