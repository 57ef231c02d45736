"""The journal: facts in the order of their commits, numbered under the account's row lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlmodel import Session

from vacancy.domain.events import Fact
from vacancy.ids import Chance, new_id
from vacancy.store.tables import Account, Event


def append(
    session: Session, account_id: str, facts: Sequence[Fact], now: datetime, chance: Chance
) -> list[int]:
    """Write facts down in this transaction; their numbers, without a gap, in the order given."""
    if not facts:
        return []
    last = session.execute(
        update(Account)
        .where(Account.id == account_id)  # type: ignore[arg-type]
        .values(sequence=Account.sequence + len(facts))
        .returning(Account.sequence)  # type: ignore[arg-type]
    ).scalar_one()
    numbers = list(range(last - len(facts) + 1, last + 1))
    rows = [
        {
            "id": new_id("evt", now, chance),
            "account_id": account_id,
            "sequence": number,
            "type": str(fact.type),
            "occurred_at": now,
            "property_id": fact.property_id,
            "unit_id": fact.unit_id,
            "actor": fact.actor,
            "data": dict(fact.data),
            "silent": fact.silent,
            "previous": None if fact.previous is None else dict(fact.previous),
        }
        for number, fact in zip(numbers, facts, strict=True)
    ]
    session.execute(insert(Event), rows)
    return numbers


def after(
    session: Session,
    account_id: str,
    cursor: int,
    limit: int = 100,
    types: Sequence[str] = (),
) -> list[Event]:
    """Up to `limit` facts numbered above `cursor`, oldest first."""
    query = select(Event).where(
        Event.account_id == account_id,  # type: ignore[arg-type]
        Event.sequence > cursor,  # type: ignore[arg-type]
    )
    if types:
        query = query.where(Event.type.in_(types))  # type: ignore[attr-defined]
    return list(session.execute(query.order_by(Event.sequence).limit(limit)).scalars())  # type: ignore[arg-type]
