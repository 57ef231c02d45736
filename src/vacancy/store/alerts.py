"""What people were told, receiver by receiver, and what is still to be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlmodel import Session

from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.tables import Account, Alert, AlertReceiver, Event

_ALERT: Table = tables.metadata.tables["alert"]
_EVENT: Table = tables.metadata.tables["event"]
_RECEIVER: Table = tables.metadata.tables["alert_receiver"]
_AT_ONCE = 500


def last_sequence(session: Session, account_id: str) -> int:
    """The number of the account's newest fact."""
    return session.get_one(Account, account_id, populate_existing=True).sequence


def receivers(session: Session, account_id: str) -> dict[str, AlertReceiver]:
    """The receivers known so far, by their digest."""
    query = select(AlertReceiver).where(_RECEIVER.c.account_id == account_id)
    return {row.receiver: row for row in session.execute(query).scalars()}


def add_receiver(
    session: Session, account_id: str, receiver: str, at: tuple[datetime, Chance]
) -> AlertReceiver:
    """A receiver that hears of the journal from its first fact on."""
    row = AlertReceiver(id=new_id("recv", *at), account_id=account_id, receiver=receiver)
    session.add(row)
    session.flush()
    return row


def news(
    session: Session, account_id: str, span: tuple[int, int], types: Collection[str]
) -> list[Event]:
    """Facts of these types numbered above the first figure of the span, up to its second."""
    after, last = span
    query = select(Event).where(_EVENT.c.account_id == account_id, _EVENT.c.type.in_(types))
    query = query.where(_EVENT.c.sequence > after, _EVENT.c.sequence <= last)
    return list(session.execute(query.order_by(_EVENT.c.sequence).limit(_AT_ONCE)).scalars())


def find(session: Session, account_id: str, receiver: str, subject: str) -> Alert | None:
    """What this receiver was told of the subject."""
    query = select(Alert).where(
        _ALERT.c.account_id == account_id,
        _ALERT.c.receiver == receiver,
        _ALERT.c.subject == subject,
    )
    return session.execute(query).scalar_one_or_none()


def add(
    session: Session, account_id: str, about: tuple[str, str], at: tuple[datetime, Chance]
) -> Alert:
    """A new incident for a receiver; `about` is (receiver, subject). To be looked at now."""
    receiver, subject = about
    row = Alert(
        id=new_id("alert", *at),
        account_id=account_id,
        receiver=receiver,
        subject=subject,
        opened_at=at[0],
        look_at=at[0],
    )
    session.add(row)
    session.flush()
    return row


def is_due(session: Session, account_id: str, now: datetime) -> bool:
    """Whether any incident is to be looked at."""
    query = select(func.count()).where(_ALERT.c.account_id == account_id, _ALERT.c.look_at <= now)
    return bool(session.execute(query).scalar_one())


def due(session: Session, account_id: str, known: Sequence[str], now: datetime) -> list[Alert]:
    """What these receivers are to be looked at for, the oldest incident first."""
    query = select(Alert).where(
        _ALERT.c.account_id == account_id,
        _ALERT.c.receiver.in_(known),
        _ALERT.c.look_at <= now,
    )
    query = query.order_by(_ALERT.c.opened_at, _ALERT.c.id).limit(_AT_ONCE)
    return list(session.execute(query, execution_options={"populate_existing": True}).scalars())


def get(session: Session, alert_id: str) -> Alert:
    """One row, as it is in this transaction."""
    return session.get_one(Alert, alert_id, populate_existing=True)
