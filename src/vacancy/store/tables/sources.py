"""Booking systems: what is asked of them, and what they are told of our own stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Source(SQLModel, table=True):
    """One account at one booking system; each of its properties that is mapped to a unit is a feed.

    `credentials` are sealed JSON (a key, or an OAuth client with its tokens, and the secret that
    its webhooks are signed with); `credentials_digest` is keyed and tells edited ones, `tail` is
    what people may see. `hook_hash` finds the source whose webhooks come to an address, `hook`
    shows that address again. `triggered`: a webhook said that something changed. `cursor` is where
    the next reading of changes begins. `trouble` is a sentence for the host on the last failure.
    """

    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index("ix_source_due", "retired_at", "next_poll_at"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    key: str
    kind: str
    name: str
    credentials: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    credentials_digest: str
    tail: str
    base_url: str
    host: str
    managed_by: str = "api"
    every: int = 900
    push: bool = True
    hook_hash: str = Field(unique=True)
    hook: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hooked_at: datetime | None = instant(nullable=True)
    triggered: bool = False
    cursor: str | None = None
    health: str = "ok"
    failures: int = 0
    next_poll_at: datetime = instant()
    leased_until: datetime | None = instant(nullable=True)
    last_poll_at: datetime | None = instant(nullable=True)
    last_good_at: datetime | None = instant(nullable=True)
    last_outcome: str | None = None
    last_reason: str | None = None
    trouble: str | None = None
    created_at: datetime = instant()
    retired_at: datetime | None = instant(nullable=True)


class Push(SQLModel, table=True):
    """One stay of ours as one booking system is to hold it; see `domain.pushes`.

    `wanted` names the state that it is to have there and `done` the last one that the system took;
    `version` rises with what is wanted. `trying` and `trying_key` are set before a try and None
    again once its outcome is known: between the two the system may hold that state and we not know.
    `remote_id` is what the system calls the stay, `property_id` where it is there. `state` is
    waiting, done, refused, failed or left (the system takes no such thing). `told_at`: since when
    the host knows that the system does not hold it so.
    """

    __table_args__ = (
        UniqueConstraint("source_id", "stay_id"),
        Index("ix_push_source_id_next_at", "source_id", "next_at"),
        Index("ix_push_unit_id", "unit_id"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    source_id: str = Field(foreign_key="source.id")
    unit_id: str = Field(foreign_key="unit.id")
    stay_id: str = Field(foreign_key="stay.id")
    property_id: str
    wanted: str
    version: int = 1
    done: str | None = None
    trying: str | None = None
    trying_key: str | None = None
    remote_id: str | None = None
    state: str
    tries: int = 0
    next_at: datetime | None = instant(nullable=True)
    reason: str | None = None
    trouble: str | None = None
    told_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    updated_at: datetime = instant()


class PushTry(SQLModel, table=True):
    """One try of a push: what was asked of the system, and how that ended."""

    __tablename__ = "push_try"  # pyright: ignore[reportAssignmentType]
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    push_id: str = Field(foreign_key="push.id", index=True)
    started_at: datetime = instant()
    action: str
    outcome: str
    millis: int
    text: str | None = None
