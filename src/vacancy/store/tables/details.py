"""What bookings have beside their nights: the guest, and the operator's own fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Guest(SQLModel, table=True):
    """Who stays, and what they pay: sealed, apart from the stay and never in an event.

    `told` is what the stay's source said last: what a person entered instead of it stays.
    """

    stay_id: str = Field(primary_key=True, foreign_key="stay.id")
    account_id: str = Field(foreign_key="account.id")
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    told: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    updated_at: datetime = instant()


class BookingParameter(SQLModel, table=True):
    """A field of the operator's own that bookings may have. `kind` is text, number or boolean."""

    __tablename__ = "booking_parameter"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("account_id", "key"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    key: str
    name: str
    kind: str
    created_at: datetime = instant()


class BookingValue(SQLModel, table=True):
    """What one booking has in one of the operator's own fields."""

    __tablename__ = "booking_value"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_booking_value_parameter_id", "parameter_id"),)
    stay_id: str = Field(primary_key=True, foreign_key="stay.id")
    parameter_id: str = Field(primary_key=True, foreign_key="booking_parameter.id")
    account_id: str = Field(foreign_key="account.id")
    value: Any = Field(sa_column=Column(JSON, nullable=False))
