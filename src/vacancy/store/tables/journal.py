"""The journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Event(SQLModel, table=True):
    """One fact, past tense, numbered within its account: the journal.

    `silent`: whoever did it wants nobody notified; programs are told all the same.
    """

    __table_args__ = (
        UniqueConstraint("account_id", "sequence"),
        Index("ix_event_account_id_type_sequence", "account_id", "type", "sequence"),
        Index("ix_event_unit_id_sequence", "unit_id", "sequence"),
        Index("ix_event_property_id_sequence", "property_id", "sequence"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    sequence: int
    type: str
    occurred_at: datetime = instant()
    property_id: str | None = None
    unit_id: str | None = None
    actor: str = "vacancy"
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    silent: bool = False
    previous: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
