"""Claims of a feed and of a unit: rows to values and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, insert, or_, select, update
from sqlmodel import Session

from vacancy.domain.claims import Claim, ClaimStatus, Ending, Identity, Kind, KnownClaim, Reason
from vacancy.domain.nights import Nights
from vacancy.store import tables

_CLAIM: Table = tables.metadata.tables["claim"]
_FEED: Table = tables.metadata.tables["feed"]
_STANDING = (ClaimStatus.LIVE.value, ClaimStatus.MISSING.value)

#: In `session.info`: what this transaction has read of a unit, dropped where it changes.
_READ = "claims.of_unit"

# Built once: building a statement costs three times as much as running it.
_KNOWN = (
    select(_CLAIM)
    .where(or_(_CLAIM.c.status.in_(_STANDING), _CLAIM.c.released_at >= bindparam("released_since")))
    .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
)
_OF_FEED = _KNOWN.where(_CLAIM.c.feed_id == bindparam("feed_id"))
_OF_UNIT = _KNOWN.where(_CLAIM.c.unit_id == bindparam("unit_id"))
_INHERITED = (
    select(_CLAIM)
    .join(_FEED, _FEED.c.id == _CLAIM.c.feed_id)
    .where(_CLAIM.c.unit_id == bindparam("unit_id"), _CLAIM.c.status.in_(_STANDING))
    .where(_FEED.c.channel == bindparam("channel"), _FEED.c.retired_at.is_not(None))
    .where(_FEED.c.id != bindparam("feed_id"))
    .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
)
_UIDS = (
    select(_CLAIM.c.stay_id, _CLAIM.c.uid)
    .where(_CLAIM.c.stay_id.in_(bindparam("stays", expanding=True)))
    .where(_CLAIM.c.echo_of.is_(None))
    .order_by(_CLAIM.c.first_seen, _CLAIM.c.id)
)


def as_known(row: Row[Any]) -> KnownClaim:
    """A row of claims as a value."""
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
        ended_by=Ending(row.ended_by) if row.ended_by else None,
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
        "ended_by": claim.ended_by.value if claim.ended_by else None,
        "stay_id": claim.stay_id,
        "echo_of": claim.echo_of,
        "proven": claim.proven,
    }


def of_feed(session: Session, feed_id: str, released_since: datetime) -> tuple[KnownClaim, ...]:
    """The feed's standing claims, and those released since then (they may be reinstated)."""
    asked = {"feed_id": feed_id, "released_since": released_since}
    return tuple(as_known(row) for row in session.execute(_OF_FEED, asked))


def of_unit(session: Session, unit_id: str, released_since: datetime) -> tuple[KnownClaim, ...]:
    """The unit's standing claims of every feed, and those released since then."""
    read = session.info.setdefault(_READ, {})
    if (unit_id, released_since) not in read:
        rows = session.execute(_OF_UNIT, {"unit_id": unit_id, "released_since": released_since})
        read[unit_id, released_since] = tuple(as_known(row) for row in rows)
    return read[unit_id, released_since]


def inherited(session: Session, unit_id: str, channel: str, feed_id: str) -> tuple[KnownClaim, ...]:
    """Standing claims of the unit's retired feeds of this channel, for a feed to take over."""
    asked = {"unit_id": unit_id, "channel": channel, "feed_id": feed_id}
    return tuple(as_known(row) for row in session.execute(_INHERITED, asked))


def save(session: Session, owner: tuple[str, str, str], claims: Sequence[KnownClaim]) -> None:
    """Write new and changed claims of one feed; `owner` is (account id, feed id, unit id).

    A claim of another feed (one taken over from a retired feed) keeps its own feed.
    """
    if not claims:
        return
    session.info.pop(_READ, None)
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
    found = dict(links)
    rows = [{"row_id": claim_id, "stay": stay_id} for claim_id, stay_id in found.items()]
    if rows:
        read: dict[Any, tuple[KnownClaim, ...]] = session.info.get(_READ, {})
        for key, known in read.items():
            read[key] = tuple(_linked(claim, found) for claim in known)
        statement = update(_CLAIM).where(_CLAIM.c.id == bindparam("row_id"))
        session.connection().execute(statement.values(stay_id=bindparam("stay")), rows)


def wake_echoes(session: Session, stay_ids: Sequence[str], *, derived: bool = False) -> None:
    """These stays changed: feeds that show echoes of them are judged at their next answer.

    With `derived` also those that show echoes of what these stays close elsewhere.
    """
    feed: Table = tables.metadata.tables["feed"]
    causes = [_CLAIM.c.echo_of.in_(stay_ids)]
    if derived:
        causes += [_CLAIM.c.echo_of.startswith(f"{id_}-", autoescape=True) for id_ in stay_ids]
    showing = select(_CLAIM.c.feed_id).where(or_(*causes), _CLAIM.c.status.in_(_STANDING))
    session.execute(update(feed).where(feed.c.id.in_(showing)).values(waiting=True))


def _linked(claim: KnownClaim, links: Mapping[str, str | None]) -> KnownClaim:
    return replace(claim, stay_id=links[claim.id]) if claim.id in links else claim


def of_stays(session: Session, stay_ids: Sequence[str]) -> dict[str, list[KnownClaim]]:
    """The claims that support each of these stays, or did, in order of first sight."""
    query = select(_CLAIM).where(_CLAIM.c.stay_id.in_(stay_ids), _CLAIM.c.echo_of.is_(None))
    found: dict[str, list[KnownClaim]] = {}
    for row in session.execute(query.order_by(_CLAIM.c.first_seen, _CLAIM.c.id)):
        found.setdefault(row.stay_id, []).append(as_known(row))
    return found


def uids_of_stays(session: Session, stay_ids: Sequence[str]) -> dict[str, list[str]]:
    """The UIDs under which feeds list, or listed, each stay, in order of first sight."""
    found: dict[str, list[str]] = {stay_id: [] for stay_id in stay_ids}
    for stay_id, uid in session.execute(_UIDS, {"stays": list(stay_ids)}):
        if uid not in found[stay_id]:
            found[stay_id].append(uid)
    return found
