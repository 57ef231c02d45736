"""Guests and the operator's own fields, beside the stays they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, select
from sqlmodel import Session

from vacancy.domain.errors import Refused
from vacancy.store import owned, tables
from vacancy.store.tables import BookingParameter, BookingValue, Guest

_GUEST: Table = tables.metadata.tables["guest"]
_VALUE: Table = tables.metadata.tables["booking_value"]
_PARAMETER: Table = tables.metadata.tables["booking_parameter"]

# Built once: building a statement costs more than running it.
_STAYS = bindparam("stays", expanding=True)
_GUESTS = select(_GUEST.c.stay_id, _GUEST.c.sealed).where(_GUEST.c.stay_id.in_(_STAYS))
_VALUES = (
    select(_VALUE.c.stay_id, _PARAMETER.c.key, _VALUE.c.value)
    .join(_PARAMETER, _PARAMETER.c.id == _VALUE.c.parameter_id)
    .where(_VALUE.c.stay_id.in_(_STAYS))
    .order_by(_PARAMETER.c.key)
)


_TOLD = select(_GUEST.c.stay_id, _GUEST.c.sealed, _GUEST.c.told).where(_GUEST.c.stay_id.in_(_STAYS))


def sealed_as(stay_id: str) -> str:
    """What a stay's guest is bound to in the vault: in another stay's row it does not open."""
    return f"guest:{stay_id}"


def told(session: Session, stay_ids: Sequence[str]) -> dict[str, tuple[bytes, bytes | None]]:
    """The sealed guests of these stays, and what their source told last, by stay."""
    rows = session.connection().execute(_TOLD, {"stays": list(stay_ids)})
    return {row.stay_id: (row.sealed, row.told) for row in rows}


def put_told(
    session: Session, owner: tuple[str, str], sealed: tuple[bytes, bytes], now: datetime
) -> None:
    """Keep a stay's guest and what its source told; `owner` is (account id, stay id)."""
    account_id, stay_id = owner
    guest, told_last = sealed
    session.execute(delete(Guest).where(Guest.stay_id == stay_id))  # type: ignore[arg-type]
    row = Guest(stay_id=stay_id, account_id=account_id, sealed=guest, updated_at=now)
    row.told = told_last
    session.add(row)
    session.flush()


def guests(session: Session, stay_ids: Sequence[str]) -> dict[str, bytes]:
    """The sealed guests of these stays, by stay; a stay without one is left out."""
    rows = session.connection().execute(_GUESTS, {"stays": list(stay_ids)})
    return {stay_id: sealed for stay_id, sealed in rows}


def put_guest(
    session: Session, owner: tuple[str, str], sealed: bytes | None, now: datetime
) -> None:
    """Keep a stay's guest, or none; `owner` is (account id, stay id)."""
    account_id, stay_id = owner
    kept = told(session, [stay_id]).get(stay_id)
    session.execute(delete(Guest).where(Guest.stay_id == stay_id))  # type: ignore[arg-type]
    if sealed is not None:
        row = Guest(stay_id=stay_id, account_id=account_id, sealed=sealed, updated_at=now)
        row.told = kept[1] if kept else None
        session.add(row)
    session.flush()


def parameters(session: Session, account_id: str) -> dict[str, BookingParameter]:
    """The account's own fields by key."""
    query = owned.of(BookingParameter, account_id).order_by(BookingParameter.key)  # type: ignore[arg-type]
    return {row.key: row for row in session.execute(query).scalars()}


def parameter(session: Session, account_id: str, parameter_id: str) -> BookingParameter:
    """One of the account's own fields. Raises Unknown."""
    return owned.get(session, BookingParameter, account_id, parameter_id, "booking parameter")


def add_parameter(session: Session, row: BookingParameter) -> None:
    """Keep a new field. Raises Refused (`key_taken`)."""
    if row.key in parameters(session, row.account_id):
        raise Refused("key_taken", f"there is a booking parameter {row.key!r} already")
    session.add(row)
    session.flush()


def remove_parameter(session: Session, row: BookingParameter) -> None:
    """Drop a field, and what bookings have in it."""
    session.execute(delete(BookingValue).where(BookingValue.parameter_id == row.id))  # type: ignore[arg-type]
    session.delete(row)
    session.flush()


def values(session: Session, stay_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these stays have in the operator's own fields, by stay and key."""
    found: dict[str, dict[str, Any]] = {stay_id: {} for stay_id in stay_ids}
    for stay_id, key, value in session.connection().execute(_VALUES, {"stays": list(stay_ids)}):
        found[stay_id][key] = value
    return found


def put_value(
    session: Session, stay_id: str, parameter: BookingParameter, value: str | int | bool | None
) -> None:
    """Set a stay's field; None clears it."""
    session.execute(
        delete(BookingValue).where(
            BookingValue.stay_id == stay_id,  # type: ignore[arg-type]
            BookingValue.parameter_id == parameter.id,  # type: ignore[arg-type]
        )
    )
    if value is not None:
        session.add(
            BookingValue(
                stay_id=stay_id,
                parameter_id=parameter.id,
                account_id=parameter.account_id,
                value=value,
            )
        )
    session.flush()
