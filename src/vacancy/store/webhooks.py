"""Endpoints, and the deliveries that people and programs see of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, func, select, update
from sqlmodel import Session

from vacancy.domain.webhooks import DeliveryState, Why
from vacancy.store import owned, tables
from vacancy.store.tables import Delivery, Endpoint, Event

_ENDPOINT: Table = tables.metadata.tables["endpoint"]
_DELIVERY: Table = tables.metadata.tables["delivery"]
_ATTEMPT: Table = tables.metadata.tables["attempt"]
_EVENT: Table = tables.metadata.tables["event"]

_NEWEST = (_DELIVERY.c.created_at.desc(), _DELIVERY.c.id.desc())


def _listed(*wanted: Any) -> tuple[Any, Any]:
    """One page of an endpoint's deliveries, and how many there are: the index finds the page alone,
    only its rows are read.
    """
    of = (_DELIVERY.c.endpoint_id == bindparam("endpoint"), *wanted)
    ids = select(_DELIVERY.c.id).where(*of).order_by(*_NEWEST)
    page = ids.limit(bindparam("limit")).offset(bindparam("passed"))
    rows = select(_DELIVERY).where(_DELIVERY.c.id.in_(page)).order_by(*_NEWEST)
    return rows, select(func.count()).select_from(_DELIVERY).where(*of)


# Built once: building a statement costs more than running it.
_LISTED = _listed()
_LISTED_IN_STATE = _listed(_DELIVERY.c.state == bindparam("state"))
_ATTEMPTS = (
    select(_ATTEMPT)
    .where(_ATTEMPT.c.delivery_id.in_(bindparam("deliveries", expanding=True)))
    .order_by(_ATTEMPT.c.started_at, _ATTEMPT.c.id)
)


def add(session: Session, row: Endpoint | Delivery) -> None:
    """Keep a new endpoint, or a delivery that is no fact's."""
    session.add(row)
    session.flush()


def page(
    session: Session, account_id: str, property_id: str | None, place: tuple[int, int]
) -> tuple[list[Endpoint], int]:
    """The account's endpoints, or (given one) a property's, oldest first."""
    query = owned.of(Endpoint, account_id).order_by(_ENDPOINT.c.created_at, _ENDPOINT.c.id)
    if property_id is not None:
        query = query.where(_ENDPOINT.c.property_id == property_id)
    return owned.page(session, query, *place)


def get(session: Session, account_id: str, endpoint_id: str) -> Endpoint:
    """One endpoint. Raises Unknown."""
    return owned.get(session, Endpoint, account_id, endpoint_id, "webhook")


def count(session: Session, account_id: str, property_id: str | None) -> int:
    """How many endpoints a property has; None: how many are for all of the account."""
    query = select(func.count()).where(
        _ENDPOINT.c.account_id == account_id, _ENDPOINT.c.property_id == property_id
    )
    return int(session.execute(query).scalar_one())


def remove(session: Session, endpoint: Endpoint) -> None:
    """Forget an endpoint with its secrets and all that it was told."""
    mine = select(_DELIVERY.c.id).where(_DELIVERY.c.endpoint_id == endpoint.id)
    session.execute(delete(_ATTEMPT).where(_ATTEMPT.c.delivery_id.in_(mine)))
    session.execute(delete(_DELIVERY).where(_DELIVERY.c.endpoint_id == endpoint.id))
    session.execute(delete(_ENDPOINT).where(_ENDPOINT.c.id == endpoint.id))


def disable(session: Session, endpoint: Endpoint, why: Why, now: datetime) -> None:
    """Tell an endpoint nothing more; what waits for it stops."""
    endpoint.disabled = why.value
    endpoint.disabled_at = now
    session.flush()
    waiting = update(_DELIVERY).where(
        _DELIVERY.c.endpoint_id == endpoint.id,
        _DELIVERY.c.event_id.is_not(None),
        _DELIVERY.c.state == DeliveryState.WAITING.value,
    )
    session.execute(waiting.values(state=DeliveryState.STOPPED.value, next_at=None))


def enable(session: Session, endpoint: Endpoint) -> None:
    """Tell it what happens from now on, with nothing held against it."""
    endpoint.disabled = endpoint.disabled_at = endpoint.failing_since = None
    endpoint.failures = 0
    session.flush()


def deliveries(
    session: Session, endpoint_id: str, state: DeliveryState | None, place: tuple[int, int]
) -> tuple[Sequence[Row[Any]], int]:
    """What one endpoint was or will be told, newest first, as rows of the table; and how many."""
    page, count = _LISTED if state is None else _LISTED_IN_STATE
    passed, limit = place
    asked = {"endpoint": endpoint_id, "state": state.value if state else None}
    rows = session.connection().execute(page, {**asked, "passed": passed, "limit": limit}).all()
    if len(rows) < limit and (rows or not passed):
        return rows, passed + len(rows)
    return rows, session.connection().execute(count, asked).scalar_one()


def attempts(session: Session, delivery_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """The tries of each of these deliveries, oldest first, as rows of the table."""
    found: dict[str, list[Row[Any]]] = {}
    for row in session.connection().execute(_ATTEMPTS, {"deliveries": list(delivery_ids)}):
        found.setdefault(row.delivery_id, []).append(row)
    return found


def delivery(session: Session, account_id: str, delivery_id: str) -> Delivery:
    """One delivery. Raises Unknown."""
    return owned.get(session, Delivery, account_id, delivery_id, "delivery")


def events_of(
    session: Session, endpoint: Endpoint, span: tuple[datetime, datetime], limit: int
) -> list[Event]:
    """Facts of the endpoint's account from an instant up to, not including, another."""
    query = select(Event).where(
        _EVENT.c.account_id == endpoint.account_id,
        _EVENT.c.occurred_at >= span[0],
        _EVENT.c.occurred_at < span[1],
    )
    if endpoint.property_id is not None:
        query = query.where(_EVENT.c.property_id == endpoint.property_id)
    if endpoint.types:
        query = query.where(_EVENT.c.type.in_(endpoint.types))
    return list(session.execute(query.order_by(_EVENT.c.sequence).limit(limit)).scalars())


def known(session: Session, endpoint_id: str, event_ids: Sequence[str]) -> dict[str, DeliveryState]:
    """In which state the deliveries of these facts are, by fact."""
    query = select(_DELIVERY.c.event_id, _DELIVERY.c.state).where(
        _DELIVERY.c.endpoint_id == endpoint_id, _DELIVERY.c.event_id.in_(event_ids)
    )
    return {event_id: DeliveryState(state) for event_id, state in session.execute(query)}


def again(session: Session, endpoint_id: str, message_ids: Sequence[str], now: datetime) -> None:
    """Send these again, now and by every step from the first."""
    query = update(_DELIVERY).where(
        _DELIVERY.c.endpoint_id == endpoint_id, _DELIVERY.c.message_id.in_(message_ids)
    )
    anew = {"state": DeliveryState.WAITING.value, "tries": 0, "next_at": now, "delivered_at": None}
    session.execute(query.values(anew))
