"""Who may ask, and what was asked already."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant
from vacancy.store.types import UTCDateTime


class User(SQLModel, table=True):
    """A person or a program with a role; see `access.roles`.

    `password_hash` is argon2id's; None: they cannot sign in to the console. `preferences` is what
    they chose there: language, theme, the calendar's window. `revoked_at`: they open nothing more.
    """

    __table_args__ = (UniqueConstraint("account_id", "name"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    name: str
    email: str | None = None
    role: str
    password_hash: str | None = None
    preferences: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class ApiKey(SQLModel, table=True):
    """A secret that proves who asks. `token_hash` finds it; the key itself is kept nowhere.

    `tail` is its last four characters, for people to tell keys apart. `expires_at` is also when a
    rotated key ends. `last_used_at` may be a minute behind.
    """

    __tablename__ = "api_key"  # pyright: ignore[reportAssignmentType]
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    user_id: str = Field(foreign_key="user.id")
    name: str
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    token_hash: str = Field(unique=True)
    tail: str
    created_at: datetime = instant()
    last_used_at: datetime | None = instant(nullable=True)
    expires_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)
    replaced_by: str | None = None


class Idempotency(SQLModel, table=True):
    """One finished POST: its answer, sealed, under the key that its caller gave.

    `scope` is the digest of account, caller, method, path and key; `body_hash` of what was sent.
    """

    scope: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    body_hash: str
    status: int = 0
    answer: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    headers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UTCDateTime, nullable=False, index=True)
