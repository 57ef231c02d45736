"""The installation, its account, properties and units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant
from vacancy.store.types import UTCDateTime


class Installation(SQLModel, table=True):
    """This installation: one row, drawn once. `domain` ends the UIDs of every export."""

    id: int = Field(primary_key=True, default=1)
    domain: str
    created_at: datetime = instant()


class Account(SQLModel, table=True):
    """One operator's world. `sequence` numbers its events under the row's lock."""

    id: str = Field(primary_key=True)
    name: str
    sequence: int = 0
    config_digest: str | None = None
    created_at: datetime = instant()


class Property(SQLModel, table=True):
    """A place."""

    __table_args__ = (UniqueConstraint("account_id", "name"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    name: str
    timezone: str
    check_in: str | None = None
    check_out: str | None = None
    address: str | None = None
    managed_by: str = "api"
    created_at: datetime = instant()
    retired_at: datetime | None = instant(nullable=True)


class Unit(SQLModel, table=True):
    """What one party occupies at a time: the key of availability.

    `revision` rises with every change of its stays. `published_at`: a person said that its exports
    may open before every feed has had a good answer. `again_at`: when time alone changes the plan.
    `parent_id`: the house that it is a part of; a tree has one level. `capacity`: how many rooms of
    this house are sold at once, None where it is sold whole. `buffer_before` and `buffer_after`:
    nights kept free around each reservation.
    """

    __table_args__ = (UniqueConstraint("account_id", "slug"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    property_id: str = Field(foreign_key="property.id", index=True)
    slug: str
    name: str
    timezone: str
    max_guests: int | None = None
    revision: int = 0
    managed_by: str = "api"
    created_at: datetime = instant()
    published_at: datetime | None = instant(nullable=True)
    retired_at: datetime | None = instant(nullable=True)
    again_at: datetime | None = Field(default=None, sa_type=UTCDateTime, nullable=True, index=True)
    parent_id: str | None = Field(default=None, foreign_key="unit.id", index=True)
    capacity: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
