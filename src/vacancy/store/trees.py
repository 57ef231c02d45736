"""A unit with its relatives and what closes their nights: rows to values of `domain.linked`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Table, bindparam, exists, func, or_, select
from sqlmodel import Session

from vacancy.domain.availability import LINGER, lingering, standing_links
from vacancy.domain.buffers import Buffers
from vacancy.domain.linked import Member
from vacancy.domain.stays import Stay, StayStatus
from vacancy.store import claims, stays, tables
from vacancy.store.rows import Question
from vacancy.store.session import once
from vacancy.store.stays import batched

_UNIT: Table = tables.metadata.tables["unit"]

#: What was closed before that decides nothing any more.
LOOK_BACK = timedelta(days=60)

_COLUMNS = (
    *("id", "account_id", "slug", "name", "timezone", "parent_id", "capacity"),
    *("buffer_before", "buffer_after", "retired_at"),
)


@dataclass(frozen=True, slots=True)
class Relative:
    """A unit as one of a tree, or alone."""

    id: str
    account_id: str
    slug: str
    name: str
    timezone: str
    parent_id: str | None
    capacity: int | None
    buffer_before: int
    buffer_after: int
    retired_at: datetime | None


_ROOT = (
    select(func.coalesce(_UNIT.c.parent_id, _UNIT.c.id))
    .where(_UNIT.c.id == bindparam("unit"))
    .scalar_subquery()
)
_FAMILY = Question(
    select(*(_UNIT.c[name] for name in _COLUMNS))
    .where(or_(_UNIT.c.id == _ROOT, _UNIT.c.parent_id == _ROOT))
    .order_by(_UNIT.c.parent_id.is_not(None), _UNIT.c.slug)
)
_CHILD = _UNIT.alias("child")
_DERIVING = select(_UNIT.c.id, func.coalesce(_UNIT.c.parent_id, _UNIT.c.id).label("root")).where(
    _UNIT.c.id.in_(bindparam("units", expanding=True)),
    or_(
        _UNIT.c.parent_id.is_not(None),
        _UNIT.c.buffer_before > 0,
        _UNIT.c.buffer_after > 0,
        exists().where(_CHILD.c.parent_id == _UNIT.c.id),
    ),
)
_ROOTS = bindparam("roots", expanding=True)
_FAMILIES = (
    select(*(_UNIT.c[name] for name in _COLUMNS))
    .where(or_(_UNIT.c.id.in_(_ROOTS), _UNIT.c.parent_id.in_(_ROOTS)))
    .order_by(_UNIT.c.parent_id.is_not(None), _UNIT.c.slug)
)


def family(session: Session, unit_id: str) -> list[Relative]:
    """The unit's whole tree, the house first; the unit itself where it is alone."""
    return list(once(session, ("family", unit_id), lambda: _family(session, unit_id)))


def _family(session: Session, unit_id: str) -> list[Relative]:
    return [Relative(*row) for row in _FAMILY.rows(session, {"unit": unit_id})]


def deriving(session: Session, unit_ids: Sequence[str], now: datetime) -> dict[str, list[Relative]]:
    """Of these units those of whose trees anything derives, each with its whole tree.

    All that `members` asks of those trees is read ahead.
    """
    roots: dict[str, str] = {}
    for asked in batched(unit_ids):
        roots |= {row.id: row.root for row in session.execute(_DERIVING, {"units": asked})}
    found: dict[str, list[Relative]] = {root: [] for root in roots.values()}
    for asked in batched([*found]):
        for row in session.execute(_FAMILIES, {"roots": asked}):
            one = Relative(*row)
            found[one.parent_id or one.id].append(one)
    ids = [one.id for relatives in found.values() for one in relatives]
    stays.read_ahead(session, ids, now - LOOK_BACK)
    return {unit_id: found[root] for unit_id, root in roots.items()}


def derives(relatives: Sequence[Relative]) -> bool:
    """Whether anything in this tree can be closed but by a stay of its own."""
    return len(relatives) > 1 or any(one.buffer_before or one.buffer_after for one in relatives)


def buffers_of(unit: Relative) -> Buffers:
    """The nights kept free around the unit's reservations."""
    return Buffers(unit.buffer_before, unit.buffer_after)


def members(session: Session, relatives: Sequence[Relative], now: datetime) -> tuple[Member, ...]:
    """The tree with the stays that close nights in it. Who writes has taken the house's row."""
    return tuple(_member(session, unit, now) for unit in relatives)


def _may_linger(stay: Stay, now: datetime) -> bool:
    closed = stay.closed_at
    return stay.status is StayStatus.CANCELED and closed is not None and now < closed + LINGER


def _member(session: Session, unit: Relative, now: datetime) -> Member:
    known = stays.of_unit(session, unit.id, now - LOOK_BACK)
    still: list[Any] = []
    if any(map(partial(_may_linger, now=now), known)):
        said = claims.of_unit(session, unit.id, now - LOOK_BACK)
        still = lingering(known, standing_links(said), now)
    return Member(
        unit_id=unit.id,
        parent_id=unit.parent_id,
        capacity=unit.capacity,
        buffers=buffers_of(unit),
        closing=(*(stay for stay in known if stay.live), *still),
        past=tuple(stay for stay in known if stay.status is StayStatus.COMPLETED),
    )
