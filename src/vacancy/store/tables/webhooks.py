"""Webhooks: who is told of facts, what they are to be told, and how each try went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant
from vacancy.store.types import UTCDateTime


class Endpoint(SQLModel, table=True):
    """A program that is told of facts: of one property, or (None) of the whole account.

    `url` and the secrets are sealed; the secret before signs beside the new one until
    `old_secret_until`. `types` empty: every type. It is told of facts numbered above `since`.
    `disabled` is why it is told nothing, None while it is enabled. `failures` counts the tries in
    vain since `failing_since`, with no success between.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    property_id: str | None = Field(default=None, foreign_key="property.id", index=True)
    description: str | None = None
    url: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    host: str
    types: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    old_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    old_secret_until: datetime | None = instant(nullable=True)
    since: int
    failing_since: datetime | None = instant(nullable=True)
    failures: int = 0
    disabled: str | None = None
    disabled_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class Unsent(SQLModel, table=True):
    """One fact for which no deliveries were made yet, though its account has endpoints."""

    event_id: str = Field(primary_key=True, foreign_key="event.id")
    account_id: str = Field(foreign_key="account.id")


class Delivery(SQLModel, table=True):
    """One fact for one endpoint. `message_id` is the fact's id, or a ping's own.

    `next_at`: when it is tried next, None when that is over. Whoever takes it in hand puts this
    off, so that it comes back by itself if they die. `tries` counts those since it was last asked
    for: its steps begin anew when it is redelivered.
    """

    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        Index("ix_delivery_endpoint_id_next_at", "endpoint_id", "next_at"),
        Index("ix_delivery_listed", "endpoint_id", "created_at", "id", "state"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    endpoint_id: str = Field(foreign_key="endpoint.id")
    event_id: str | None = Field(default=None, foreign_key="event.id", index=True)
    message_id: str
    type: str
    state: str
    tries: int = 0
    next_at: datetime | None = instant(nullable=True)
    created_at: datetime = Field(sa_type=UTCDateTime, nullable=False, index=True)
    delivered_at: datetime | None = instant(nullable=True)


class Attempt(SQLModel, table=True):
    """One HTTP try of a delivery: what was answered (its first 4 KiB), or why nothing was."""

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    delivery_id: str = Field(foreign_key="delivery.id", index=True)
    started_at: datetime = instant()
    status: int | None = None
    reason: str | None = None
    millis: int
    answer: str = ""
