"""Conflicts as incidents: who wants the same nights, on what evidence, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.claims import KnownClaim
from vacancy.domain.conflicts import (
    FINE,
    KEEPS,
    acknowledged,
    decided,
    severity,
    snoozed,
    suggestion,
    to_be_canceled,
)
from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.events import conflict_facts
from vacancy.domain.stays import Conflict, ConflictStatus, Stay, StayStatus
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.services.taking import end_lapsed, keep, settle
from vacancy.store import bookings, claims, feeds, journal, stays, tables, trees, units
from vacancy.store.session import Session

#: The longest time a conflict may be put aside.
LONGEST_SNOOZE = timedelta(days=90)


def find(
    session: Session, account_id: str, now: datetime, *, resolved: bool = False
) -> list[dict[str, Any]]:
    """The account's conflicts, by first night; with `resolved`, those that ended as well.

    Each says how urgent it is, what to do, and both sides in short.
    """
    rows = bookings.conflicts(session, account_id, resolved=resolved)
    known = _known(session, rows)
    return [_document(row, known, now) for row in rows]


def page(
    session: Session,
    account_id: str,
    wanted: bookings.ConflictsWanted,
    place: tuple[int, int],
    now: datetime,
) -> tuple[list[dict[str, Any]], int]:
    """One page of the conflicts that match, by first night, and how many there are."""
    rows, total = bookings.conflict_page(session, account_id, wanted, place)
    known = _known(session, rows)
    told = [_document(row, known, now) for row in rows]
    return [{key: said for key, said in one.items() if key != "stays"} for one in told], total


def get(session: Session, account_id: str, conflict_id: str, now: datetime) -> dict[str, Any]:
    """One conflict, with the evidence of both sides: which feed said so, when, by which rule and
    key. Raises Unknown.
    """
    row = bookings.conflict(session, account_id, conflict_id)
    told = _document(row, _known(session, [row]), now)
    said = claims.of_stays(session, [side["id"] for side in told["sides"] if side])
    asked = sorted({claim.feed_id for found in said.values() for claim in found})
    keys = {key: feed.key for key, feed in feeds.by_ids(session, asked).items()}
    for side in told["sides"]:
        if side is not None:
            side["evidence"] = [_evidence(claim, keys) for claim in said.get(side["id"], [])]
    return told


def acknowledge(session: Session, account_id: str, conflict_id: str, at: At) -> dict[str, Any]:
    """A person has seen it. Raises Unknown, or Refused (`conflict_resolved`)."""
    conflict = _open(session, account_id, conflict_id, at)
    _keep(session, conflict, acknowledged(conflict, at.now), at)
    return get(session, account_id, conflict_id, at.now)


def snooze(
    session: Session, account_id: str, conflict_id: str, until: datetime, at: At
) -> dict[str, Any]:
    """Put it aside until then; it returns by itself, and before that where it gets worse.

    Raises Unknown, Malformed (not to come, or over 90 days) or Refused (`conflict_resolved`).
    """
    if not at.now < until <= at.now + LONGEST_SNOOZE:
        raise Malformed("a conflict is snoozed until an instant to come, at most 90 days from now")
    conflict = _open(session, account_id, conflict_id, at)
    _keep(session, conflict, snoozed(conflict, until), at)
    settle(session, units.by_id(session, conflict.unit_id), at)
    return get(session, account_id, conflict_id, at.now)


def resolve(
    session: Session, account_id: str, conflict_id: str, resolution: str, at: At
) -> dict[str, Any]:
    """Decide it: `keep_first`, `keep_second`, `both_fine` or `false_alarm`.

    Of the two, the one not kept is canceled at once if it is our own stay. An imported one is to be
    canceled at its channel (`to_cancel`), and the conflict waits until it is gone there.
    Raises Unknown, Malformed (no such resolution) or Refused (`conflict_resolved`).
    """
    if resolution not in (*KEEPS, *FINE):
        words = ", ".join((*KEEPS, *FINE))
        raise Malformed(f"a conflict is resolved by one of {words}, not {resolution!r}")
    conflict = _open(session, account_id, conflict_id, at)
    after = decided(conflict, resolution, at.now)
    _keep(session, conflict, after, at)
    leaving = to_be_canceled(after)
    stay = stays.by_ids(session, [leaving], account_id)[leaving] if leaving else None
    if stay is not None and stay.live and stay.feed_id is None:
        ended = replace(stay, status=StayStatus.CANCELED, closed_at=at.now)
        keep(session, units.by_id(session, stay.unit_id), (stay, ended), at)
    return get(session, account_id, conflict_id, at.now)


def _open(session: Session, account_id: str, conflict_id: str, at: At) -> Conflict:
    """The conflict as it is now that its tree is ours to change."""
    row = bookings.conflict(session, account_id, conflict_id)
    stays.lock_unit(session, row.unit_id)
    end_lapsed(session, trees.family(session, row.unit_id), at)
    conflict = stays.as_conflict(bookings.conflict(session, account_id, conflict_id))
    if conflict.status is ConflictStatus.RESOLVED:
        how = conflict.resolution or "evidence"
        raise Refused("conflict_resolved", f"this conflict is over ({how}); nothing was done")
    return conflict


def _keep(session: Session, before: Conflict, after: Conflict, at: At) -> None:
    unit = units.by_id(session, before.unit_id)
    stays.save_conflicts(session, unit.account_id, [after], at.now)
    facts = [
        replace(fact, property_id=unit.property_id, actor=at.actor)
        for fact in conflict_facts([before], [after], _today(unit, at.now))
    ]
    journal.append(session, unit.account_id, facts, at.now, at.chance)


@dataclass(frozen=True, slots=True)
class _Known:
    """What conflicts are told with: their stays and units, by id."""

    stays: dict[str, Stay]
    units: dict[str, tables.Unit]


def _known(session: Session, rows: Sequence[Any]) -> _Known:
    ids = {side for row in rows for side in (row.first_stay_id, row.second_stay_id)}
    found = stays.by_ids(session, sorted(ids))
    places = {row.unit_id for row in rows} | {stay.unit_id for stay in found.values()}
    return _Known(found, units.by_ids(session, sorted(places)))


def _document(row: Any, known: _Known, now: datetime) -> dict[str, Any]:
    conflict = stays.as_conflict(row)
    unit = known.units[row.unit_id]
    first, second = known.stays[conflict.first], known.stays[conflict.second]
    return {
        **shapes.conflict(row, unit.slug),
        "severity": severity(conflict, _today(unit, now)),
        "suggestion": suggestion(conflict, first, second),
        "resolution": conflict.resolution,
        "to_cancel": to_be_canceled(conflict),
        "acknowledged_at": shapes.instant(conflict.acknowledged_at),
        "snoozed_until": shapes.instant(conflict.snoozed_until),
        "sides": [_side(stay, known.units[stay.unit_id]) for stay in (first, second)],
    }


def _side(stay: Stay, unit: tables.Unit) -> dict[str, Any]:
    return {
        "id": stay.id,
        "unit": unit.slug,
        "channel": stay.channel,
        "kind": stay.kind.value,
        "reason": stay.reason.value if stay.reason else None,
        "status": stay.status.value,
        "arrival": stay.nights.arrival.isoformat(),
        "departure": stay.nights.departure.isoformat(),
        "reservation_code": stay.reservation_code,
        "since": shapes.instant(min(span.since for span in stay.spans)),
        "evidence": None,
    }


def _evidence(claim: KnownClaim, keys: dict[str, str]) -> dict[str, Any]:
    said = claim.said
    return {
        "feed": keys.get(claim.feed_id),
        "uid": said.uid,
        "key": said.key,
        "rule": said.rule,
        "status": claim.status.value,
        "arrival": said.nights.arrival.isoformat(),
        "departure": said.nights.departure.isoformat(),
        "first_seen": shapes.instant(claim.first_seen),
        "last_seen": shapes.instant(claim.last_seen),
        "missing_since": shapes.instant(claim.missing_since),
        "masked": claim.masked,
    }


def _today(unit: tables.Unit, now: datetime) -> date:
    return now.astimezone(ZoneInfo(unit.timezone)).date()
