"""Claims of a feed and of a unit: rows to values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, or_, select, update
from sqlmodel import Session

from vacancy.domain.claims import Claim, ClaimStatus, Ending, Identity, Kind, KnownClaim, Reason
from vacancy.domain.nights import Nights
from vacancy.store import tables
from vacancy.store.rows import Question, Rows, Statement, words

_CLAIM: Table = tables.metadata.tables["claim"]
_FEED: Table = tables.metadata.tables["feed"]
_STANDING = words([ClaimStatus.LIVE.value, ClaimStatus.MISSING.value])

#: In `session.info`: what this transaction has read of a unit, kept in step by `save` and `link`.
_READ = "claims.of_unit"

#: What a claim is made of, in the order in which `as_known` takes it apart.
_SAID = (
    *("uid", "arrival", "departure", "kind", "reason", "provider", "rule", "identity"),
    *("key", "reservation_code", "worded"),
)
_SEEN = (
    *("first_seen", "last_seen", "missing_since", "absences", "masked", "released_at"),
    *("stay_id", "echo_of", "proven"),
)
COLUMNS = tuple(_CLAIM.c[name] for name in ("id", "feed_id", *_SAID, "status", *_SEEN, "ended_by"))

# Looking a name up costs a tenth of calling the enum.
_KINDS = {kind.value: kind for kind in Kind}
_REASONS = {None: None, **{reason.value: reason for reason in Reason}}
_IDENTITIES = {identity.value: identity for identity in Identity}
_STATUSES = {status.value: status for status in ClaimStatus}
_ENDINGS = {None: None, **{ending.value: ending for ending in Ending}}

# Built once: building a statement costs three times as much as running it.
_KNOWN = (
    select(*COLUMNS)
    .where(or_(_CLAIM.c.status.in_(_STANDING), _CLAIM.c.released_at >= bindparam("released_since")))
    .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
)
_OF_FEED = _KNOWN.where(_CLAIM.c.feed_id == bindparam("feed_id"))
_OF_UNIT = Question(_KNOWN.where(_CLAIM.c.unit_id == bindparam("unit_id")))
_INHERITED = Question(
    select(*COLUMNS)
    .join(_FEED, _FEED.c.id == _CLAIM.c.feed_id)
    .where(_CLAIM.c.unit_id == bindparam("unit_id"), _CLAIM.c.status.in_(_STANDING))
    .where(_FEED.c.channel == bindparam("channel"), _FEED.c.retired_at.is_not(None))
    .where(_FEED.c.id != bindparam("feed_id"))
    .order_by(_CLAIM.c.arrival, _CLAIM.c.id)
)
_SAVE = Rows(_CLAIM, _CLAIM.c.keys(), keep=("account_id", "unit_id", "feed_id"))
_LINK = Statement(
    update(_CLAIM).where(_CLAIM.c.id == bindparam("row_id")).values(stay_id=bindparam("stay"))
)
_ECHOES = Question(
    select(_CLAIM.c.feed_id, _CLAIM.c.echo_of).where(
        _CLAIM.c.unit_id == bindparam("unit_id"),
        _CLAIM.c.status.in_(_STANDING),
        _CLAIM.c.echo_of.is_not(None),
    )
)
_WAKE = Statement(update(_FEED).where(_FEED.c.id == bindparam("row_id")).values(waiting=True))
_UIDS = (
    select(_CLAIM.c.stay_id, _CLAIM.c.uid)
    .where(_CLAIM.c.stay_id.in_(bindparam("stays", expanding=True)))
    .where(_CLAIM.c.echo_of.is_(None))
    .order_by(_CLAIM.c.first_seen, _CLAIM.c.id)
)


def as_known(row: Sequence[Any]) -> KnownClaim:
    """A row of `COLUMNS` as a value."""
    id_, feed_id, *rest = row
    uid, arrival, departure, kind, reason, provider, rule, identity, key, code, worded = rest[:11]
    status, first, last, missing, absences, masked, released, stay, echo, proven, ended = rest[11:]
    said = Claim(
        uid,
        Nights(arrival, departure),
        _KINDS[kind],
        _REASONS[reason],
        provider,
        rule,
        _IDENTITIES[identity],
        key,
        code,
        worded,
    )
    return KnownClaim(
        id_,
        feed_id,
        said,
        _STATUSES[status],
        first,
        last,
        missing,
        absences,
        masked,
        released,
        stay,
        echo,
        proven,
        _ENDINGS[ended],
    )


def _values(claim: KnownClaim) -> dict[str, Any]:
    said = claim.said
    return {
        "id": claim.id,
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
    """The unit's standing claims of every feed, and those released since then.

    Read once in a transaction, if the first to ask looks back furthest.
    """
    read: dict[str, _Read] = session.info.setdefault(_READ, {})
    known = read.get(unit_id)
    if known is None or released_since < known.since:
        asked = {"unit_id": unit_id, "released_since": released_since}
        rows = _OF_UNIT.rows(session, asked)
        known = read[unit_id] = _Read(released_since, list(map(as_known, rows)))
    return tuple(claim for claim in known.claims if _is_known(claim, released_since))


@dataclass(slots=True)
class _Read:
    """What was read of a unit: how far back, and the claims in order."""

    since: datetime
    claims: list[KnownClaim]


def _is_known(claim: KnownClaim, released_since: datetime) -> bool:
    return claim.stands or (claim.released_at is not None and claim.released_at >= released_since)


def inherited(session: Session, unit_id: str, channel: str, feed_id: str) -> tuple[KnownClaim, ...]:
    """Standing claims of the unit's retired feeds of this channel, for a feed to take over."""
    read: _Read | None = session.info.get(_READ, {}).get(unit_id)
    if read is not None and all(one.feed_id == feed_id for one in read.claims):
        return ()
    asked = {"unit_id": unit_id, "channel": channel, "feed_id": feed_id}
    return tuple(map(as_known, _INHERITED.rows(session, asked)))


def save(session: Session, owner: tuple[str, str, str], claims: Sequence[KnownClaim]) -> None:
    """Write new and changed claims of one feed; `owner` is (account id, feed id, unit id).

    A claim of another feed (one taken over from a retired feed) keeps its own feed.
    """
    if not claims:
        return
    account_id, feed_id, unit_id = owner
    whose = {"account_id": account_id, "unit_id": unit_id, "feed_id": feed_id}
    _SAVE.write(session, [{**whose, **_values(claim)} for claim in claims])
    known = session.info.get(_READ, {}).get(unit_id)
    if known is not None:
        after = {claim.id: claim for claim in known.claims}
        after |= {claim.id: claim for claim in claims}
        known.claims = sorted(after.values(), key=lambda one: (one.said.nights.arrival, one.id))


def link(session: Session, unit_id: str, links: Mapping[str, str | None]) -> None:
    """Set which stay each of these claims of a unit supports: stay ids by claim id."""
    if not links:
        return
    rows = [{"row_id": claim_id, "stay": stay_id} for claim_id, stay_id in links.items()]
    _LINK.run_each(session, rows)
    known = session.info.get(_READ, {}).get(unit_id)
    if known is not None:
        known.claims = [_linked(claim, links) for claim in known.claims]


def _linked(claim: KnownClaim, links: Mapping[str, str | None]) -> KnownClaim:
    return replace(claim, stay_id=links[claim.id]) if claim.id in links else claim


def wake_echoes(session: Session, unit_ids: Sequence[str], stay_ids: Set[str]) -> None:
    """These stays of a tree changed: its feeds that show echoes of them, or of what they close
    elsewhere in the tree, are judged at their next answer.
    """
    shown = [one for unit_id in unit_ids for one in _echoes(session, unit_id)]
    feeds = {feed_id for feed_id, cause in shown if cause.partition("-")[0] in stay_ids}
    _WAKE.run_each(session, [{"row_id": feed_id} for feed_id in sorted(feeds)])


def _echoes(session: Session, unit_id: str) -> list[tuple[str, str]]:
    """The feed and the cause of each standing echo of a unit."""
    read: _Read | None = session.info.get(_READ, {}).get(unit_id)
    if read is None:
        return [(feed, cause) for feed, cause in _ECHOES.rows(session, {"unit_id": unit_id})]
    return [(one.feed_id, one.echo_of) for one in read.claims if one.stands and one.echo_of]


def of_stays(session: Session, stay_ids: Sequence[str]) -> dict[str, list[KnownClaim]]:
    """The claims that support each of these stays, or did, in order of first sight."""
    query = select(*COLUMNS).where(_CLAIM.c.stay_id.in_(stay_ids), _CLAIM.c.echo_of.is_(None))
    found: dict[str, list[KnownClaim]] = {}
    for row in session.execute(query.order_by(_CLAIM.c.first_seen, _CLAIM.c.id)):
        found.setdefault(row.stay_id, []).append(as_known(row))
    return found


def stays_of_uids(session: Session, feed_id: str, uids: Sequence[str]) -> dict[str, str]:
    """The stays that a feed's standing claims of these UIDs stand for, by UID; echoes apart."""
    query = select(_CLAIM.c.uid, _CLAIM.c.stay_id).where(
        _CLAIM.c.feed_id == feed_id,
        _CLAIM.c.uid.in_(uids),
        _CLAIM.c.status.in_(_STANDING),
        _CLAIM.c.echo_of.is_(None),
        _CLAIM.c.stay_id.is_not(None),
    )
    return {row.uid: row.stay_id for row in session.execute(query.order_by(_CLAIM.c.id))}


def uids_of_stays(session: Session, stay_ids: Sequence[str]) -> dict[str, list[str]]:
    """The UIDs under which feeds list, or listed, each stay, in order of first sight."""
    found: dict[str, list[str]] = {stay_id: [] for stay_id in stay_ids}
    for stay_id, uid in session.connection().execute(_UIDS, {"stays": list(stay_ids)}):
        if uid not in found[stay_id]:
            found[stay_id].append(uid)
    return found
