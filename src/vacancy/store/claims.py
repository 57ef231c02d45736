"""Claims of a feed and of a unit: rows to values and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, insert, or_, select, update
from sqlmodel import Session

from vacancy.domain.claims import Claim, ClaimStatus, Identity, Kind, KnownClaim, Reason
from vacancy.domain.nights import Nights
from vacancy.store import tables

_CLAIM: Table = tables.metadata.tables["claim"]
_STANDING = (ClaimStatus.LIVE.value, ClaimStatus.MISSING.value)


def _known(row: Row[Any]) -> KnownClaim:
    said = Claim(
        uid=row.uid,
        nights=Nights(row.arrival, row.departure),
        kind=Kind(row.kind),
        reason=Reason(row.reason) if row.reason else None,
        provider=row.provider,
        rule=row.rule,
        identity=Identity(row.identity),
        key=row.key,
        reservation_code=row.reservation_code,
        worded=row.worded,
    )
    return KnownClaim(
        id=row.id,
        feed_id=row.feed_id,
        said=said,
        status=ClaimStatus(row.status),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        missing_since=row.missing_since,
        absences=row.absences,
        masked=row.masked,
        released_at=row.released_at,
        stay_id=row.stay_id,
        echo_of=row.echo_of,
        proven=row.proven,
    )


def _values(claim: KnownClaim) -> dict[str, Any]:
    said = claim.said
    return {
        "uid": said.uid,
        "arrival": said.nights.arrival,
        "departure": said.nights.departure,
        "kind": said.kind.value,
        "reason": said.reason.value if said.reason else None,
        "provider": said.provider,
        "rule": said.rule,
        "identity": said.identity.value,
        "key": said.key,
        "reservation_code": said.reservation_code,
        "worded": said.worded,
        "status": claim.status.value,
        "first_seen": claim.first_seen,
        "last_seen": claim.last_seen,
        "missing_since": claim.missing_since,
        "absences": claim.absences,
        "masked": claim.masked,
        "released_at": claim.released_at,
        "stay_id": claim.stay_id,
        "echo_of": claim.echo_of,
        "proven": claim.proven,
    }


def of_feed(session: Session, feed_id: str, released_since: datetime) -> tuple[KnownClaim, ...]:
    """The feed's standing claims, and those released since then (they may be reinstated)."""
    query = (
        select(_CLAIM)
        .where(_CLAIM.c.feed_id == feed_id)
        .where(or_(_CLAIM.c.status.in_(_STANDING), _CLAIM.c.released_at >= released_since))
        .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
    )
    return tuple(_known(row) for row in session.execute(query))


def of_unit(session: Session, unit_id: str, released_since: datetime) -> tuple[KnownClaim, ...]:
    """The unit's standing claims of every feed, and those released since then."""
    query = (
        select(_CLAIM)
        .where(_CLAIM.c.unit_id == unit_id)
        .where(or_(_CLAIM.c.status.in_(_STANDING), _CLAIM.c.released_at >= released_since))
        .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
    )
    return tuple(_known(row) for row in session.execute(query))


def inherited(session: Session, unit_id: str, channel: str, feed_id: str) -> tuple[KnownClaim, ...]:
    """Standing claims of the unit's retired feeds of this channel, for a feed to take over."""
    feed: Table = tables.metadata.tables["feed"]
    query = (
        select(_CLAIM)
        .join(feed, feed.c.id == _CLAIM.c.feed_id)
        .where(_CLAIM.c.unit_id == unit_id, _CLAIM.c.status.in_(_STANDING))
        .where(feed.c.channel == channel, feed.c.retired_at.is_not(None), feed.c.id != feed_id)
        .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
    )
    return tuple(_known(row) for row in session.execute(query))


def save(session: Session, owner: tuple[str, str, str], claims: Sequence[KnownClaim]) -> None:
    """Write new and changed claims of one feed; `owner` is (account id, feed id, unit id).

    A claim of another feed (one taken over from a retired feed) keeps its own feed.
    """
    if not claims:
        return
    ids = [claim.id for claim in claims]
    present = set(session.execute(select(_CLAIM.c.id).where(_CLAIM.c.id.in_(ids))).scalars())
    new = [claim for claim in claims if claim.id not in present]
    changed = [claim for claim in claims if claim.id in present]
    account_id, feed_id, unit_id = owner
    whose = {"account_id": account_id, "unit_id": unit_id, "feed_id": feed_id}
    if new:
        rows = [{"id": claim.id, **whose, **_values(claim)} for claim in new]
        session.execute(insert(_CLAIM), rows)
    if changed:
        rows = [{"row_id": claim.id, **_values(claim)} for claim in changed]
        statement = update(_CLAIM).where(_CLAIM.c.id == bindparam("row_id"))
        session.connection().execute(statement, rows)


def link(session: Session, links: Iterable[tuple[str, str | None]]) -> None:
    """Set which stay each claim supports: pairs of claim id and stay id."""
    rows = [{"row_id": claim_id, "stay": stay_id} for claim_id, stay_id in links]
    if rows:
        statement = update(_CLAIM).where(_CLAIM.c.id == bindparam("row_id"))
        session.connection().execute(statement.values(stay_id=bindparam("stay")), rows)


def uids_of_stays(session: Session, stay_ids: Sequence[str]) -> dict[str, list[str]]:
    """The UIDs under which feeds list, or listed, each stay, in order of first sight."""
    found: dict[str, list[str]] = {stay_id: [] for stay_id in stay_ids}
    query = (
        select(_CLAIM.c.stay_id, _CLAIM.c.uid)
        .where(_CLAIM.c.stay_id.in_(stay_ids))
        .where(_CLAIM.c.echo_of.is_(None))
        .order_by(_CLAIM.c.first_seen, _CLAIM.c.id)
    )
    for stay_id, uid in session.execute(query):
        if uid not in found[stay_id]:
            found[stay_id].append(uid)
    return found
