"""The one place that scopes rows to their account.

Whoever asks for a row by a name that came from outside comes through here: another account's row
is unknown, in the same words as one that never was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select, func, select
from sqlmodel import Session

from vacancy.domain.errors import Unknown


class Owned(Protocol):
    """A row that belongs to an account."""

    account_id: Any


Row = TypeVar("Row", bound=Owned)


def of(table: type[Row], account_id: str) -> Select[Any]:
    """The account's rows of a table: what every list begins with."""
    return select(table).where(table.account_id == account_id)


def get(session: Session, table: type[Row], account_id: str, row_id: str, noun: str) -> Row:
    """The account's row of this id. Raises Unknown, naming it by `noun`."""
    query = of(table, account_id).where(table.id == row_id)  # type: ignore[attr-defined]
    row = session.execute(query, execution_options={"populate_existing": True}).scalar_one_or_none()
    if row is None:
        raise Unknown(noun, row_id)
    return row


def page(session: Session, query: Select[Any], offset: int, limit: int) -> tuple[list[Row], int]:
    """One page of an ordered query, and how many rows there are in all."""
    plain = query.order_by(None).subquery()
    total = session.execute(select(func.count()).select_from(plain)).scalar_one()
    asked = query.offset(offset).limit(limit)
    found: Sequence[Row] = (
        session.execute(asked, execution_options={"populate_existing": True}).scalars().all()
    )
    return list(found), total


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a table: columns that equal a value (None: any), columns that are empty, and
    the order, a column's name with `-` before it for the newest first.
    """

    equal: Mapping[str, Any] = field(default_factory=dict[str, Any])
    empty: tuple[str, ...] = ()
    order: tuple[str, ...] = ("id",)


def rows(
    session: Session, table: type[Row], account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[Row], int]:
    """One page of the account's rows that are wanted; `place` is what to pass over, and to give."""
    query = of(table, account_id)
    for column, value in wanted.equal.items():
        if value is not None:
            query = query.where(getattr(table, column) == value)
    for column in wanted.empty:
        query = query.where(getattr(table, column).is_(None))
    for name in wanted.order:
        column = getattr(table, name.removeprefix("-"))
        query = query.order_by(column.desc() if name.startswith("-") else column)
    return page(session, query, *place)
