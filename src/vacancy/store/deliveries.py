"""What the notifier takes in hand: facts to fan out, deliveries to try, and how each try went."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, exists, insert, select, update
from sqlmodel import Session

from vacancy.domain.webhooks import DeliveryState, Wanted
from vacancy.ids import Chance, new_id
from vacancy.store import jobs, tables
from vacancy.store.tables import Delivery, Endpoint, Event

_EVENT: Table = tables.metadata.tables["event"]
_UNSENT: Table = tables.metadata.tables["unsent"]
_ENDPOINT: Table = tables.metadata.tables["endpoint"]
_DELIVERY: Table = tables.metadata.tables["delivery"]
_ATTEMPT: Table = tables.metadata.tables["attempt"]


@dataclass(frozen=True, slots=True)
class InHand:
    """One delivery that this process tries now. `event` is None for a ping.

    Addresses and secrets are sealed; `old_secret` is None once its time is over.
    """

    delivery_id: str
    endpoint_id: str
    message_id: str
    tries: int
    created_at: datetime
    event: Event | None
    url: bytes
    host: str
    secret: bytes
    old_secret: bytes | None


@dataclass(frozen=True, slots=True)
class Made:
    """One try as it is kept; `answer` is its first 4 KiB as text."""

    started_at: datetime
    status: int | None
    reason: str | None
    millis: int
    answer: str


def any_unsent(session: Session) -> bool:
    """Whether any fact waits to be fanned out."""
    return session.execute(select(_UNSENT.c.event_id).limit(1)).first() is not None


def unsent(session: Session, limit: int) -> list[Event]:
    """Facts that wait, in their order; another process that asks now is given others."""
    query = (
        select(Event)
        .join(_UNSENT, _UNSENT.c.event_id == _EVENT.c.id)
        .order_by(_EVENT.c.account_id, _EVENT.c.sequence)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_UNSENT)
    )
    return list(session.execute(query).scalars())


def still_unsent(session: Session, event_ids: Sequence[str]) -> set[str]:
    """Which of these facts wait to be fanned out."""
    query = select(_UNSENT.c.event_id).where(_UNSENT.c.event_id.in_(event_ids))
    return set(session.execute(query).scalars())


def endpoints(session: Session, account_ids: Collection[str]) -> list[Endpoint]:
    """The endpoints of these accounts, which nobody changes until this commits."""
    query = select(Endpoint).where(_ENDPOINT.c.account_id.in_(account_ids))
    steady = query.order_by(_ENDPOINT.c.id).with_for_update(read=True)
    return list(session.execute(steady, execution_options={"populate_existing": True}).scalars())


def wanted(endpoint: Endpoint) -> Wanted:
    """What an endpoint wants to be told."""
    return Wanted(endpoint.since, endpoint.types, endpoint.property_id)


def add(
    session: Session,
    pairs: Sequence[tuple[Endpoint, Event]],
    now: datetime,
    chance: Chance,
) -> None:
    """Deliveries of facts that these endpoints were not told of: due now, where enabled."""
    rows = [
        {
            "id": new_id("dlv", now, chance),
            "account_id": endpoint.account_id,
            "endpoint_id": endpoint.id,
            "event_id": event.id,
            "message_id": event.id,
            "type": event.type,
            "created_at": now,
            **_begins(endpoint, now),
        }
        for endpoint, event in pairs
    ]
    if rows:
        session.execute(insert(_DELIVERY), rows)
        enabled = {row["endpoint_id"] for row in rows if row["next_at"] is not None}
        jobs.put(session, "deliver", enabled)


def _begins(endpoint: Endpoint, now: datetime) -> dict[str, Any]:
    if endpoint.disabled is not None:
        return {"state": DeliveryState.STOPPED.value, "next_at": None, "tries": 0}
    return {"state": DeliveryState.WAITING.value, "next_at": now, "tries": 0}


def sent(session: Session, event_ids: Sequence[str]) -> None:
    """These facts wait no more."""
    session.execute(delete(_UNSENT).where(_UNSENT.c.event_id.in_(event_ids)))


def due_endpoints(
    session: Session, now: datetime, busy: Collection[str], limit: int
) -> list[Endpoint]:
    """Endpoints with anything due, those that work before those that fail."""
    waiting = exists().where(_DELIVERY.c.endpoint_id == _ENDPOINT.c.id, _DELIVERY.c.next_at <= now)
    query = (
        select(Endpoint)
        .where(waiting, _ENDPOINT.c.id.not_in(busy))
        .order_by(_ENDPOINT.c.failures, _ENDPOINT.c.id)
        .limit(limit)
    )
    return list(session.execute(query, execution_options={"populate_existing": True}).scalars())


def take(
    session: Session, endpoint: Endpoint, at: tuple[datetime, timedelta], limit: int
) -> list[InHand]:
    """Take in hand what is due for an endpoint, the longest waiting first: nobody else is given it
    for the span.
    """
    now, hold = at
    query = (
        select(Delivery, Event)
        .outerjoin(Event, _EVENT.c.id == _DELIVERY.c.event_id)
        .where(_DELIVERY.c.endpoint_id == endpoint.id, _DELIVERY.c.next_at <= now)
        .order_by(_DELIVERY.c.next_at, _DELIVERY.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_DELIVERY)
    )
    fresh = {"populate_existing": True}
    rows = session.execute(query, execution_options=fresh).all()
    ids = [row.id for row, _ in rows]
    if ids:
        session.execute(update(_DELIVERY).where(_DELIVERY.c.id.in_(ids)).values(next_at=now + hold))
    return [_in_hand(endpoint, row, event, now) for row, event in rows]


def _in_hand(endpoint: Endpoint, row: Delivery, event: Event | None, now: datetime) -> InHand:
    until = endpoint.old_secret_until
    return InHand(
        delivery_id=row.id,
        endpoint_id=endpoint.id,
        message_id=row.message_id,
        tries=row.tries,
        created_at=row.created_at,
        event=event,
        url=endpoint.url,
        host=endpoint.host,
        secret=endpoint.secret,
        old_secret=endpoint.old_secret if until is not None and now < until else None,
    )


def give_back(session: Session, delivery_ids: Sequence[str], now: datetime) -> None:
    """These were taken in hand in vain: whoever asks next is given them."""
    query = update(_DELIVERY).where(
        _DELIVERY.c.id.in_(delivery_ids), _DELIVERY.c.state == DeliveryState.WAITING.value
    )
    session.execute(query.values(next_at=now))


def let_go(session: Session, endpoint_ids: Sequence[str], at: tuple[datetime, timedelta]) -> None:
    """Deliveries to these endpoints that may have been taken in hand for the span are due now.

    A try that was to be made again within it comes that much early.
    """
    now, hold = at
    query = update(_DELIVERY).where(
        _DELIVERY.c.endpoint_id.in_(endpoint_ids),
        _DELIVERY.c.state == DeliveryState.WAITING.value,
        _DELIVERY.c.next_at <= now + hold,
    )
    session.execute(query.values(next_at=now))


def accounts_unsent(session: Session, limit: int) -> list[str]:
    """Accounts that have facts waiting to be fanned out."""
    query = select(_UNSENT.c.account_id).distinct().limit(limit)
    return list(session.execute(query).scalars())


def endpoint_of(session: Session, endpoint_id: str) -> Endpoint | None:
    """The endpoint as it is now, held until this commits; None if it was deleted."""
    query = select(Endpoint).where(_ENDPOINT.c.id == endpoint_id).with_for_update()
    return session.execute(query, execution_options={"populate_existing": True}).scalar()


def note(session: Session, hand: InHand, account_id: str, made: Made, chance: Chance) -> None:
    """Keep how a try went."""
    row = {
        "id": new_id("try", made.started_at, chance),
        "account_id": account_id,
        "delivery_id": hand.delivery_id,
        "started_at": made.started_at,
        "status": made.status,
        "reason": made.reason,
        "millis": made.millis,
        "answer": made.answer,
    }
    session.execute(insert(_ATTEMPT), [row])


def settle(
    session: Session, hand: InHand, state: DeliveryState, next_at: datetime | None, now: datetime
) -> None:
    """How a delivery stands after a try. One that was asked for anew, or stopped, while it was in
    hand stays as it is.
    """
    query = update(_DELIVERY).where(
        _DELIVERY.c.id == hand.delivery_id,
        _DELIVERY.c.tries == hand.tries,
        _DELIVERY.c.state.in_((DeliveryState.WAITING.value, _unless_delivered(state))),
    )
    delivered_at = now if state is DeliveryState.DELIVERED else None
    session.execute(
        query.values(
            state=state.value, next_at=next_at, tries=hand.tries + 1, delivered_at=delivered_at
        )
    )


def _unless_delivered(state: DeliveryState) -> str:
    """What arrived was delivered, even where the endpoint was disabled meanwhile."""
    delivered = state is DeliveryState.DELIVERED
    return (DeliveryState.STOPPED if delivered else DeliveryState.WAITING).value


def forget(session: Session, before: datetime, limit: int = 5000) -> int:
    """Drop deliveries that were made before an instant and are over; how many."""
    old = (
        select(_DELIVERY.c.id)
        .where(_DELIVERY.c.created_at < before, _DELIVERY.c.next_at.is_(None))
        .limit(limit)
    )
    ids = list(session.execute(old).scalars())
    if ids:
        session.execute(delete(_ATTEMPT).where(_ATTEMPT.c.delivery_id.in_(ids)))
        session.execute(delete(_DELIVERY).where(_DELIVERY.c.id.in_(ids)))
    return len(ids)
