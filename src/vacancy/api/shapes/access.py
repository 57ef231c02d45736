"""Who asks, keys, and the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from vacancy.api.shapes.values import Asked, Moment, Name, Wish
from vacancy.domain.scopes import Role, Scope

ScopeName = Annotated[Scope, Field(strict=False)]


class User(BaseModel):
    id: str = Field(examples=["user_01m87wre8d7v8173w4n4ph53mb"])
    name: str
    email: str | None
    role: Role
    created_at: datetime


class Key(BaseModel):
    """An API key, without its secret."""

    id: str = Field(examples=["key_01m87wre8d7v8173w4n4ph53mb"])
    user_id: str
    name: str
    scopes: list[Scope]
    tail: str = Field(description="Its last four letters.", examples=["lzmm"])
    created_at: datetime
    last_used_at: datetime | None = Field(description="At most a minute behind.")
    expires_at: datetime | None
    replaced_by: str | None = Field(description="The key that it was rotated to.")


class NewKey(Key):
    """A key as it is shown once."""

    key: str = Field(description="Keep it now: it is not shown again.", examples=["vac_..."])


class KeyIn(Wish):
    """A key to be, of the user who asks. It may not have more scopes than the asking key."""

    name: Name = Field(examples=["Cleaning schedule"])
    scopes: list[ScopeName] = Field(
        min_length=1, max_length=len(Scope), examples=[["calendar.read", "bookings.read"]]
    )
    expires_at: Moment | None = None


class Account(BaseModel):
    id: str
    name: str


class Me(BaseModel):
    """Whose key this is and what it may do."""

    account: Account
    user: User
    key: Key
    scopes: list[Scope] = Field(description="What the key may do now: its role may have less.")


class Event(BaseModel):
    """One fact of the journal, past tense, without guest details."""

    id: str = Field(examples=["evt_01m87wre8d7v8173w4n4ph53mb"])
    type: str = Field(examples=["booking.created"])
    sequence: int = Field(description="Rises with every event of the account.")
    occurred_at: datetime
    property_id: str | None
    unit_id: str | None
    data: dict[str, Any] = Field(description="The thing as it was afterwards.")
    previous: dict[str, Any] | None = Field(description="What was different before.")
    silent: bool = Field(description="Whoever did it wanted nobody notified.")


class Events(BaseModel):
    """Events after a cursor, oldest first. Ask again with `next_cursor`."""

    data: list[Event]
    next_cursor: str


class Act(Event):
    """A fact, with who did it."""

    actor: str = Field(
        description="A key's id, `person` (at the machine), `config`, or `vacancy` itself.",
        examples=["vacancy"],
    )


class Activity(BaseModel):
    """What happened at a property, oldest first. Ask again with `next_cursor`."""

    data: list[Act]
    next_cursor: str


class EventQuery(Asked):
    after: Annotated[str, Field(pattern="^[0-9]{0,18}$")] = Field(
        default="", description="The `next_cursor` of the last time; empty: from the first."
    )
    types: Annotated[str, Field(pattern="^[a-z_.,]*$", max_length=1000)] = Field(
        default="", description="Only these types, with commas between."
    )
    limit: int = Field(default=50, ge=1, le=100, description="How many at once.")

    @property
    def wanted(self) -> list[str]:
        """The types asked for, empty for all."""
        return [one for one in self.types.split(",") if one]
