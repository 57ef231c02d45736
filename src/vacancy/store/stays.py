"""Stays, the night map and conflicts of a unit: rows to values and back."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from vacancy.domain.claims import Kind, Reason
from vacancy.domain.errors import NightsTaken
from vacancy.domain.nights import Nights
from vacancy.domain.stays import (
    LIVE_STATUSES,
    Conflict,
    ConflictKind,
    ConflictStatus,
    Span,
    Stay,
    StayStatus,
)
from vacancy.store import tables
from vacancy.store.rows import Question, Rows, Statement, words

_STAY: Table = tables.metadata.tables["stay"]
_NIGHT: Table = tables.metadata.tables["night"]
_CONFLICT: Table = tables.metadata.tables["conflict"]
_UNIT: Table = tables.metadata.tables["unit"]
_LIVE = words(status.value for status in LIVE_STATUSES)
#: Databases bound how many values one statement may name.
_AT_ONCE = 500

#: In `session.info`: what this transaction has read of a unit, kept in step by `save`, and whose
#: rows it has taken. A session lives as long as its transaction.
_READ, _TAKEN = "stays.of_unit", "stays.lock_unit"

#: What SQLite and PostgreSQL call the key of `night` when they refuse a second holder.
_NIGHT_KEY = ("night.unit_id, night.night", "pk_night")

#: What a stay is made of, in the order in which `_stay` takes it apart.
_COLUMNS = tuple(
    _STAY.c[name]
    for name in (
        *("id", "unit_id", "kind", "reason", "status", "channel", "feed_id", "spans", "opened_at"),
        *("reservation_code", "mirrored", "closed_at", "expires_at", "held_by"),
    )
)

# Looking a name up costs a tenth of calling the enum.
_KINDS = {kind.value: kind for kind in Kind}
_REASONS = {None: None, **{reason.value: reason for reason in Reason}}
_STATUSES = {status.value: status for status in StayStatus}

# Built once: building a statement costs three times as much as running it.
_KNOWN = (
    select(*_COLUMNS)
    .where(or_(_STAY.c.status.in_(_LIVE), _STAY.c.closed_at >= bindparam("closed_since")))
    .order_by(_STAY.c.arrival, _STAY.c.id)
)
_OF_UNIT = Question(_KNOWN.where(_STAY.c.unit_id == bindparam("unit_id")))
_OF_UNITS = _KNOWN.where(_STAY.c.unit_id.in_(bindparam("units", expanding=True)))
_SAVE = Rows(_STAY, _STAY.c.keys(), keep=("account_id", "unit_id"))
_ROOT = (
    select(func.coalesce(_UNIT.c.parent_id, _UNIT.c.id))
    .where(_UNIT.c.id == bindparam("unit"))
    .scalar_subquery()
)
_TAKE_ROOT = Statement(
    update(_UNIT)
    .where(_UNIT.c.id == _ROOT)
    .values(revision=_UNIT.c.revision)
    .returning(_UNIT.c.parent_id)
)
_RAISE_REVISION = Statement(
    update(_UNIT).where(_UNIT.c.id == bindparam("unit")).values(revision=_UNIT.c.revision + 1)
)
_NIGHT_MAP = Question(
    select(_NIGHT.c.night, _NIGHT.c.stay_id).where(_NIGHT.c.unit_id == bindparam("unit_id"))
)
_FREE_NIGHT = Statement(
    delete(_NIGHT).where(
        _NIGHT.c.unit_id == bindparam("of_unit"), _NIGHT.c.night == bindparam("at")
    )
)
_TAKE_NIGHTS = Rows(_NIGHT, _NIGHT.c.keys())
_SIDES = _CONFLICT.c.first_stay_id, _CONFLICT.c.second_stay_id
_HAS_A_LIVE_SIDE = exists().where(_STAY.c.id.in_(_SIDES), _STAY.c.status.in_(_LIVE))
_ConflictRow = namedtuple("_ConflictRow", _CONFLICT.c.keys())  # type: ignore[misc]
_SAVE_CONFLICTS = Rows(_CONFLICT, _CONFLICT.c.keys(), keep=("account_id", "unit_id"))
_CONFLICTS_OF_UNIT = Question(
    select(_CONFLICT)
    .where(_CONFLICT.c.unit_id == bindparam("unit_id"))
    .where(
        or_(
            _CONFLICT.c.status.not_in(words([ConflictStatus.RESOLVED.value])),
            _CONFLICT.c.resolved_at >= bindparam("resolved_since"),
            _HAS_A_LIVE_SIDE,
        )
    )
    .order_by(_CONFLICT.c.opened_at, _CONFLICT.c.id)
)


def _span(raw: Sequence[str]) -> Span:
    arrival, departure, since = raw
    nights = Nights(date.fromisoformat(arrival), date.fromisoformat(departure))
    return Span(nights, datetime.fromisoformat(since))


def _raw_span(span: Span) -> list[str]:
    nights = span.nights
    return [nights.arrival.isoformat(), nights.departure.isoformat(), span.since.isoformat()]


def _stay(row: Sequence[Any]) -> Stay:
    """A row of `_COLUMNS` as a value."""
    id_, unit_id, kind, reason, status, channel, feed_id, spans, opened_at, *rest = row
    return Stay(
        id_,
        unit_id,
        _KINDS[kind],
        _REASONS[reason],
        _STATUSES[status],
        channel,
        feed_id,
        tuple([_span(raw) for raw in spans]),
        opened_at,
        *rest,
    )


def _stay_values(stay: Stay, now: datetime) -> dict[str, Any]:
    nights = stay.nights
    return {
        "feed_id": stay.feed_id,
        "channel": stay.channel,
        "kind": stay.kind.value,
        "reason": stay.reason.value if stay.reason else None,
        "status": stay.status.value,
        "arrival": nights.arrival,
        "departure": nights.departure,
        "spans": [_raw_span(span) for span in stay.spans],
        "reservation_code": stay.reservation_code,
        "mirrored": stay.mirrored,
        "opened_at": stay.opened_at,
        "updated_at": now,
        "closed_at": stay.closed_at,
        "expires_at": stay.expires_at,
        "held_by": stay.held_by,
    }


def of_unit(session: Session, unit_id: str, closed_since: datetime) -> tuple[Stay, ...]:
    """The unit's live stays, and those closed since then."""
    read = session.info.setdefault(_READ, {})
    if (unit_id, closed_since) not in read:
        rows = _OF_UNIT.rows(session, {"unit_id": unit_id, "closed_since": closed_since})
        read[unit_id, closed_since] = tuple(map(_stay, rows))
    return read[unit_id, closed_since]


def batched(ids: Sequence[str]) -> Iterator[list[str]]:
    """These ids in so many at a time as one statement may name."""
    return (list(ids[first : first + _AT_ONCE]) for first in range(0, len(ids), _AT_ONCE))


def read_ahead(session: Session, unit_ids: Sequence[str], closed_since: datetime) -> None:
    """Read of many units at once what `of_unit` gives: it asks the store no more for them."""
    read = session.info.setdefault(_READ, {})
    missing = [one for one in dict.fromkeys(unit_ids) if (one, closed_since) not in read]
    found: dict[str, list[Stay]] = {unit_id: [] for unit_id in missing}
    for asked in batched(missing):
        values = {"units": asked, "closed_since": closed_since}
        for row in session.execute(_OF_UNITS, values):
            found[row.unit_id].append(_stay(row))
    read.update({(unit_id, closed_since): tuple(known) for unit_id, known in found.items()})


def by_ids(
    session: Session, stay_ids: Sequence[str], account_id: str | None = None
) -> dict[str, Stay]:
    """These stays by id, whatever their status; unknown ids are left out, and another account's."""
    if not stay_ids:
        return {}
    query = select(*_COLUMNS).where(_STAY.c.id.in_(stay_ids))
    if account_id is not None:
        query = query.where(_STAY.c.account_id == account_id)
    return {row.id: _stay(row) for row in session.execute(query)}


def save(session: Session, account_id: str, stays: Sequence[Stay], now: datetime) -> None:
    """Write new and changed stays."""
    if not stays:
        return
    rows = [
        {
            "id": stay.id,
            "account_id": account_id,
            "unit_id": stay.unit_id,
            **_stay_values(stay, now),
        }
        for stay in stays
    ]
    _SAVE.write(session, rows)
    _keep_in_step(session, stays)


def _keep_in_step(session: Session, stays: Iterable[Stay]) -> None:
    """What was read of a unit is again what its rows say, in the order of the query."""
    read: dict[tuple[str, datetime], tuple[Stay, ...]] = session.info.get(_READ, {})
    for (unit_id, closed_since), known in read.items():
        after = {stay.id: stay for stay in known}
        after |= {stay.id: stay for stay in stays if stay.unit_id == unit_id}
        kept = (s for s in after.values() if s.live or _closed_by(s, closed_since))
        read[unit_id, closed_since] = tuple(sorted(kept, key=lambda s: (s.nights.arrival, s.id)))


def _closed_by(stay: Stay, since: datetime) -> bool:
    return stay.closed_at is not None and stay.closed_at >= since


def lock_unit(session: Session, unit_id: str) -> None:
    """Take the row of the unit's house, or its own: one writer at a time decides about a tree."""
    taken: set[str] = session.info.setdefault(_TAKEN, set())
    if unit_id in taken:
        return
    taken.add(unit_id)
    parent_id = _TAKE_ROOT.run(session, {"unit": unit_id}).scalar()
    if parent_id is not None:
        # While we waited for its row the unit became a part of a house.
        lock_unit(session, parent_id)


def lock_again(session: Session, unit_id: str) -> None:
    """Take the row of the house that the unit has become a part of in this transaction."""
    session.info.get(_TAKEN, set()).discard(unit_id)
    lock_unit(session, unit_id)


def night_map(session: Session, unit_id: str) -> dict[date, str]:
    """Which stay holds each night."""
    return dict(_NIGHT_MAP.rows(session, {"unit_id": unit_id}))


def put_night_map(session: Session, unit_id: str, wanted: Mapping[date, str]) -> bool:
    """Make the unit's night map this one: deletes, then inserts. True if it differed."""
    present = night_map(session, unit_id)
    gone = [{"of_unit": unit_id, "at": night} for night, _ in present.items() - wanted.items()]
    added = [night for night, stay_id in wanted.items() if present.get(night) != stay_id]
    _FREE_NIGHT.run_each(session, gone)
    rows = [{"unit_id": unit_id, "night": night, "stay_id": wanted[night]} for night in added]
    _TAKE_NIGHTS.write(session, rows)
    return bool(gone or added)


@contextmanager
def refused_by_key(nights: Nights) -> Iterator[None]:
    """Turns the database's refusal of a second holder of a night into NightsTaken."""
    try:
        yield
    except IntegrityError as refusal:
        if not any(said in str(refusal.orig) for said in _NIGHT_KEY):
            raise
        raise NightsTaken(list(nights), []) from None


def open_holds(session: Session, account_id: str, held_by: str, now: datetime) -> int:
    """How many holds of this actor live. Takes the account's row, so that the count holds on."""
    account = tables.metadata.tables["account"]
    session.execute(
        update(account).where(account.c.id == account_id).values(sequence=account.c.sequence)
    )
    query = (
        select(func.count())
        .select_from(_STAY)
        .where(_STAY.c.account_id == account_id, _STAY.c.held_by == held_by)
        .where(_STAY.c.status == StayStatus.HELD.value, _STAY.c.expires_at > now)
    )
    return session.execute(query).scalar_one()


def as_conflict(row: Any) -> Conflict:
    """The value of a conflict's row."""
    return Conflict(
        id=row.id,
        unit_id=row.unit_id,
        kind=ConflictKind(row.kind),
        status=ConflictStatus(row.status),
        first=row.first_stay_id,
        second=row.second_stay_id,
        nights=tuple(date.fromisoformat(night) for night in row.nights),
        opened_at=row.opened_at,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
        acknowledged_at=row.acknowledged_at,
        snoozed_until=row.snoozed_until,
    )


def conflicts_of_unit(
    session: Session, unit_id: str, resolved_since: datetime
) -> tuple[Conflict, ...]:
    """The unit's conflicts that are not resolved, those resolved since then, and any with a live
    side: what a person decided about it holds on.
    """
    asked = {"unit_id": unit_id, "resolved_since": resolved_since}
    rows = _CONFLICTS_OF_UNIT.rows(session, asked)
    return tuple(as_conflict(_ConflictRow(*row)) for row in rows)


def save_conflicts(
    session: Session, account_id: str, conflicts: Sequence[Conflict], now: datetime
) -> None:
    """Write new and changed conflicts."""
    if not conflicts:
        return
    rows = [
        {
            "id": conflict.id,
            "account_id": account_id,
            "unit_id": conflict.unit_id,
            "kind": conflict.kind.value,
            "status": conflict.status.value,
            "first_stay_id": conflict.first,
            "second_stay_id": conflict.second,
            "nights": [night.isoformat() for night in conflict.nights],
            "first_night": conflict.nights[0],
            "opened_at": conflict.opened_at,
            "updated_at": now,
            "resolved_at": conflict.resolved_at,
            "resolution": conflict.resolution,
            "acknowledged_at": conflict.acknowledged_at,
            "snoozed_until": conflict.snoozed_until,
        }
        for conflict in conflicts
    ]
    _SAVE_CONFLICTS.write(session, rows)


def raise_revision(session: Session, unit_id: str) -> None:
    """Say that the unit's stays changed."""
    _RAISE_REVISION.run(session, {"unit": unit_id})
