"""The journal: facts in the order of their commits, numbered under the account's row lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Table,
    bindparam,
    exists,
    insert,
    select,
    union_all,
    update,
)
from sqlmodel import Session

from vacancy.domain.events import Fact
from vacancy.ids import Chance, new_id
from vacancy.store import jobs, tables
from vacancy.store.rows import Question, Rows, Statement
from vacancy.store.tables import Account, Event

_ACCOUNT: Table = tables.metadata.tables["account"]
_EVENT: Table = tables.metadata.tables["event"]
_UNIT: Table = tables.metadata.tables["unit"]
_ENDPOINT: Table = tables.metadata.tables["endpoint"]
_UNSENT: Table = tables.metadata.tables["unsent"]

# Built once: building a statement costs more than running it.
_PLACE = Question(select(_UNIT.c.property_id).where(_UNIT.c.id == bindparam("unit")))
_NUMBERS = Statement(
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("account"))
    .values(sequence=_ACCOUNT.c.sequence + bindparam("count"))
    .returning(_ACCOUNT.c.sequence)
)
_ADD = Rows(_EVENT, _EVENT.c.keys())
_TO_SEND = Statement(
    insert(_UNSENT).from_select(
        ["event_id", "account_id"],
        select(_EVENT.c.id, _EVENT.c.account_id).where(
            _EVENT.c.account_id == bindparam("account"),
            _EVENT.c.sequence >= bindparam("first"),
            exists().where(_ENDPOINT.c.account_id == bindparam("account")),
        ),
    )
)
_FROM = (_EVENT.c.account_id == bindparam("account"), _EVENT.c.sequence > bindparam("cursor"))
_AFTER = select(_EVENT).where(*_FROM).order_by(_EVENT.c.sequence).limit(bindparam("limit"))
_NUMBERED = (
    select(_EVENT.c.sequence).where(*_FROM).order_by(_EVENT.c.sequence).limit(bindparam("limit"))
)


def append(
    session: Session, account_id: str, facts: Sequence[Fact], now: datetime, chance: Chance
) -> list[int]:
    """Write facts down in this transaction; their numbers, without a gap, in the order given.

    Where the account has endpoints, the facts wait to be fanned out to them.
    """
    if not facts:
        return []
    last = _NUMBERS.run(session, {"account": account_id, "count": len(facts)}).scalar_one()
    numbers = list(range(last - len(facts) + 1, last + 1))
    places = _places(session, facts)
    rows = [
        {
            "id": new_id("evt", now, chance),
            "account_id": account_id,
            "sequence": number,
            "type": str(fact.type),
            "occurred_at": now,
            "property_id": fact.property_id or places.get(fact.unit_id or ""),
            "unit_id": fact.unit_id,
            "actor": fact.actor,
            "data": dict(fact.data),
            "silent": fact.silent,
            "previous": None if fact.previous is None else dict(fact.previous),
        }
        for number, fact in zip(numbers, facts, strict=True)
    ]
    _ADD.write(session, rows)
    waiting = _TO_SEND.run(session, {"account": account_id, "first": numbers[0]})
    if waiting.rowcount:
        jobs.put(session, "fan_out", [account_id])
    return numbers


def after(
    session: Session,
    account_id: str,
    cursor: int,
    limit: int = 100,
    types: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Up to `limit` facts numbered above `cursor`, oldest first, as rows of the table."""
    asked = {"account": account_id, "cursor": cursor, "limit": limit}
    wanted = tuple(dict.fromkeys(types))
    if not wanted:
        return session.execute(_AFTER, asked).all()
    asked |= {f"type_{place}": one for place, one in enumerate(wanted)}
    return session.execute(_after_of_types(len(wanted)), asked).all()


@lru_cache(maxsize=64)
def _after_of_types(count: int) -> Select[Any]:
    # Each type has its own beginning in the index: a rare one is found without reading the others.
    each = [
        _NUMBERED.where(_EVENT.c.type == bindparam(f"type_{place}")).subquery()
        for place in range(count)
    ]
    numbers = union_all(*(select(one.c.sequence) for one in each))
    query = select(_EVENT).where(
        _EVENT.c.account_id == bindparam("account"), _EVENT.c.sequence.in_(numbers)
    )
    return query.order_by(_EVENT.c.sequence).limit(bindparam("limit"))


def of_property(
    session: Session, property_id: str, cursor: int, limit: int, types: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Up to `limit` facts of one property numbered above `cursor`, oldest first."""
    query = select(_EVENT).where(_EVENT.c.property_id == property_id, _EVENT.c.sequence > cursor)
    if types:
        query = query.where(_EVENT.c.type.in_(types))
    return session.execute(query.order_by(_EVENT.c.sequence).limit(limit)).all()


def last(session: Session, account_ids: Sequence[str]) -> Mapping[str, int]:
    """The number of each account's last fact."""
    query = select(Account.id, Account.sequence).where(Account.id.in_(account_ids))  # type: ignore[call-overload, attr-defined]
    return {account_id: sequence for account_id, sequence in session.execute(query)}


def stand_in_line(session: Session, account_id: str) -> int:
    """The number of the account's last fact, while no other is written until this commits."""
    return session.execute(
        update(Account)
        .where(Account.id == account_id)  # type: ignore[arg-type]
        .values(sequence=Account.sequence)
        .returning(Account.sequence)  # type: ignore[arg-type]
    ).scalar_one()


def told(event: Event | Row[Any]) -> dict[str, Any]:
    """A fact as programs are told it, by whichever way: JSON values, no guest's data."""
    at = event.occurred_at.astimezone(UTC).isoformat(timespec="seconds")
    return {
        "id": event.id,
        "type": event.type,
        "sequence": event.sequence,
        "occurred_at": at.replace("+00:00", "Z"),
        "property_id": event.property_id,
        "unit_id": event.unit_id,
        "data": event.data,
        "previous": event.previous,
        "silent": event.silent,
    }


def _places(session: Session, facts: Sequence[Fact]) -> dict[str, str]:
    """The property of each unit that a fact names alone."""
    found: dict[str, str] = {}
    for unit_id in {fact.unit_id for fact in facts if fact.property_id is None and fact.unit_id}:
        for (property_id,) in _PLACE.rows(session, {"unit": unit_id}):
            found[unit_id] = property_id
    return found
