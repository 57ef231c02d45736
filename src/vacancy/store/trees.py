"""A unit with its relatives and what closes their nights: rows to values of `domain.linked`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, func, or_, select
from sqlmodel import Session

from vacancy.domain.availability import lingering, standing_links
from vacancy.domain.buffers import Buffers
from vacancy.domain.linked import Member
from vacancy.domain.stays import StayStatus
from vacancy.store import claims, stays, tables
from vacancy.store.tables import Unit

_UNIT: Table = tables.metadata.tables["unit"]

#: What was closed before that decides nothing any more.
LOOK_BACK = timedelta(days=60)

_ROOT = (
    select(func.coalesce(_UNIT.c.parent_id, _UNIT.c.id))
    .where(_UNIT.c.id == bindparam("unit"))
    .scalar_subquery()
)
_FAMILY: Any = (
    select(Unit)
    .where(or_(_UNIT.c.id == _ROOT, _UNIT.c.parent_id == _ROOT))
    .order_by(_UNIT.c.parent_id.is_not(None), _UNIT.c.slug)
)


def family(session: Session, unit_id: str) -> list[Unit]:
    """The unit's whole tree, the house first; the unit itself where it is alone."""
    rows = session.execute(
        _FAMILY, {"unit": unit_id}, execution_options={"populate_existing": True}
    )
    return list(rows.scalars())


def derives(relatives: Sequence[Unit]) -> bool:
    """Whether anything in this tree can be closed but by a stay of its own."""
    return len(relatives) > 1 or any(one.buffer_before or one.buffer_after for one in relatives)


def buffers_of(unit: Unit) -> Buffers:
    """The nights kept free around the unit's reservations."""
    return Buffers(unit.buffer_before, unit.buffer_after)


def members(session: Session, relatives: Sequence[Unit], now: datetime) -> tuple[Member, ...]:
    """The tree with the stays that close nights in it. The caller has the house's row."""
    return tuple(_member(session, unit, now) for unit in relatives)


def _member(session: Session, unit: Unit, now: datetime) -> Member:
    known = stays.of_unit(session, unit.id, now - LOOK_BACK)
    still: list[Any] = []
    if any(stay.status is StayStatus.CANCELED for stay in known):
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
