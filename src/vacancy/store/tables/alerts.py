"""What people were told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class AlertReceiver(SQLModel, table=True):
    """One address that people are told at, and up to which fact of the journal it was thought of.

    `receiver` is a digest of the address, which itself stays in the config.
    """

    __tablename__ = "alert_receiver"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("account_id", "receiver"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    receiver: str
    cursor: int = 0


class Alert(SQLModel, table=True):
    """One incident for one receiver: what they were told of it last, and when to try again.

    `subject` is the kind of incident and the id of what it is about, as `conflict:conflict_...`.
    `told` is the state last told (see `domain.alerts.Standing`), None before the first word.
    `look_at`: when to look at it again, None once it is over and told so. `tries` counts those in
    vain since the last word that arrived, `trouble` says why the last of them was.
    """

    __table_args__ = (
        UniqueConstraint("account_id", "receiver", "subject"),
        Index("ix_alert_look_at", "look_at"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    receiver: str
    subject: str
    opened_at: datetime = instant()
    told: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    told_at: datetime | None = instant(nullable=True)
    tries: int = 0
    trouble: str | None = None
    look_at: datetime | None = instant(nullable=True)
