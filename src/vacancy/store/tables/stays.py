"""What the house holds true: stays, nights, conflicts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Stay(SQLModel, table=True):
    """What the house holds true: a guest's nights or a block; see `domain.stays.Stay`.

    `spans` lists [arrival, departure, since] of the nights it wants. `arrival` and `departure`
    repeat their ends for searching. `expires_at` and `held_by`: until when a hold stands, and whose
    it is.
    """

    __table_args__ = (
        Index("ix_stay_unit_id_status_departure", "unit_id", "status", "departure"),
        # All that a list is filtered by: what it counts and passes over is never read.
        Index(
            "ix_stay_listed",
            *("account_id", "arrival", "id", "departure", "status", "kind", "channel"),
            *("unit_id", "reservation_code", "updated_at"),
        ),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id")
    feed_id: str | None = Field(default=None, foreign_key="feed.id")
    channel: str
    kind: str
    reason: str | None = None
    status: str
    arrival: date
    departure: date
    spans: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    reservation_code: str | None = None
    mirrored: bool = False
    opened_at: datetime = instant()
    updated_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    expires_at: datetime | None = instant(nullable=True)
    held_by: str | None = None


class Night(SQLModel, table=True):
    """One night of one unit, held by one stay: the primary key refuses a second holder."""

    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    night: date = Field(primary_key=True)
    stay_id: str = Field(foreign_key="stay.id", index=True)


class Conflict(SQLModel, table=True):
    """Two stays that want the same nights. `first_night` repeats the first, for lists."""

    __table_args__ = (
        Index("ix_conflict_unit_id_status", "unit_id", "status"),
        Index("ix_conflict_account_id_first_night", "account_id", "first_night"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id")
    kind: str
    status: str
    first_stay_id: str = Field(foreign_key="stay.id")
    second_stay_id: str = Field(foreign_key="stay.id")
    nights: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    first_night: date
    opened_at: datetime = instant()
    updated_at: datetime = instant()
    acknowledged_at: datetime | None = instant(nullable=True)
    snoozed_until: datetime | None = instant(nullable=True)
    resolved_at: datetime | None = instant(nullable=True)
    resolution: str | None = None
