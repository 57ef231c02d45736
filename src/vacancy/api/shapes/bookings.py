"""Bookings, blocks, holds, guests and the operator's own fields."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from vacancy.api.shapes.values import (
    WHOLE,
    Change,
    Count,
    Day,
    Moment,
    Name,
    Paged,
    PropertyFilter,
    SoldAt,
    Text,
    UnitFilter,
    UnitName,
    Wish,
    Word,
    left_out,
)

Kind = Literal["reservation", "block"]
Status = Literal["held", "confirmed", "missing", "canceled", "withdrawn", "completed"]
Mail = Annotated[
    str,
    StringConstraints(
        max_length=254, pattern="^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+$"
    ),
]
Phone = Annotated[str, StringConstraints(max_length=40, pattern="^[+0-9][0-9 ()./-]*$")]
Value = (
    bool
    | Annotated[int, Field(ge=-(2**63), le=2**63 - 1), WHOLE]
    | Annotated[
        str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
    ]
)
Values = Annotated[
    dict[Word, Value | None],
    Field(
        max_length=50,
        description="The operator's own fields, by key; null clears one.",
        examples=[{"cleaner": "Ana"}],
        json_schema_extra={"additionalProperties": False},
    ),
]


class Guest(BaseModel):
    """Who stays. Told only to keys with `bookings.sensitive.read`."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    adults: int | None = None
    children: int | None = None
    notes: str | None = None


class GuestIn(Wish):
    """Who stays. Kept sealed, apart from the booking."""

    name: Name | None = Field(default=None, examples=["Ana Silva"])
    email: Mail | None = Field(default=None, examples=["ana@example.com"])
    phone: Phone | None = Field(default=None, examples=["+351 21 000 0000"])
    adults: Count | None = None
    children: Annotated[int, Field(ge=0, le=1000), WHOLE] | None = None
    notes: Text | None = None


class Price(BaseModel):
    """What was agreed. Told only to keys with `bookings.sensitive.read`."""

    amount: str = Field(description="In units of the currency.", examples=["450.00"])
    currency: str = Field(description="ISO 4217.", examples=["EUR"])


class Booking(BaseModel):
    """A stay: a guest's nights, or nights withheld."""

    id: str = Field(examples=["stay_01m87wre8d7v8173w4n4ph53mb"])
    unit_id: str
    unit: str = Field(examples=["sea-view"])
    property_id: str
    channel: str = Field(description="Where it was sold.", examples=["airbnb"])
    kind: Kind
    reason: str | None = Field(description="Why a block is there.", examples=["owner"])
    status: Status
    arrival: date = Field(examples=["2027-02-03"])
    departure: date = Field(description="The day of leaving.", examples=["2027-02-05"])
    reservation_code: str | None = Field(examples=["HMABCDEFGH"])
    uids: list[str] = Field(description="Under which UIDs feeds list it.")
    expires_at: datetime | None = Field(default=None, description="When a hold ends by itself.")
    created_at: datetime
    updated_at: datetime
    custom_parameters: dict[str, bool | int | str]
    guest: Guest | None = Field(description="Null without `bookings.sensitive.read`.")
    price: Price | None = Field(
        description="As its source tells it; null without `bookings.sensitive.read`."
    )


class BookingIn(Wish):
    """A direct booking to be."""

    unit_id: UnitName
    arrival: Day
    departure: Day = Field(description="The day of leaving.", examples=["2027-02-05"])
    guest: GuestIn | None = None
    custom_parameters: Values = Field(default_factory=dict)


class BookingChange(Change):
    """What shall be different. Nights and guest of a direct booking only."""

    arrival: Day = Field(default_factory=left_out)
    departure: Day = Field(default_factory=left_out, examples=["2027-02-05"])
    guest: GuestIn | None = Field(default=None, description="What is left out stays; null forgets.")
    custom_parameters: Values = Field(default_factory=dict)


class BookingQuery(Paged):
    property_id: PropertyFilter = None
    unit_id: UnitFilter = None
    channel: SoldAt | None = None
    kind: Kind | None = None
    status: Status | None = None
    from_date: Day | None = Field(default=None, description="Only with a night from this one on.")
    to_date: Day | None = Field(default=None, description="Only with a night before this one.")
    updated_since: Moment | None = None
    q: Name | None = Field(default=None, description="Part of a reservation code, or of a unit.")


class BlockIn(Wish):
    """Nights to be withheld from every channel."""

    unit_id: UnitName
    arrival: Day = Field(description="The first night.")
    departure: Day = Field(description="The day after the last night.", examples=["2027-02-05"])


class BlockChange(Change):
    """Other nights for a block of ours."""

    arrival: Day = Field(default_factory=left_out)
    departure: Day = Field(default_factory=left_out, examples=["2027-02-05"])


class BlockQuery(Paged):
    property_id: PropertyFilter = None
    unit_id: UnitFilter = None
    from_date: Day | None = Field(default=None, description="Only with a night from this one on.")
    to_date: Day | None = Field(default=None, description="Only with a night before this one.")


class CurrentBooking(BaseModel):
    """Who holds tonight."""

    data: Booking | None = Field(description="Null where tonight is free.")


class HoldIn(Wish):
    """Nights to be kept for somebody for a while."""

    unit_id: UnitName
    arrival: Day
    departure: Day = Field(description="The day of leaving.", examples=["2027-02-05"])
    minutes: Annotated[int, Field(ge=1, le=1440, description="How long."), WHOLE] = 15
    refresh: bool = Field(
        default=False,
        description="Read the feeds again first that were not asked within the last minute.",
    )


class Source(BaseModel):
    """How old the word of one feed is that decides about the nights."""

    feed_id: str
    unit: str = Field(description="Its unit: the one asked for, its house, or a room of it.")
    feed: str = Field(description="Its key among the unit's feeds.", examples=["airbnb"])
    channel: str
    asked: bool = Field(description="Whether it was read again for this request.")
    outcome: str | None = Field(
        description="How its last poll ended; null: it did not answer in time, or was never asked.",
        examples=["unchanged"],
    )
    reason: str | None = Field(
        description="Why it failed (`no_answer_in_time`: it may still come), or why it was not"
        " asked: `asked_just_now`, `asked_to_wait` by its channel, `paused`.",
        examples=["no_answer_in_time"],
    )
    last_good_at: datetime | None = Field(description="Its last good answer.")
    age_seconds: int | None = Field(description="The same in seconds ago; null: never.")


class NewHold(Booking):
    """A hold, and how much is known of the channels it competes with."""

    sources: list[Source]


class Parameter(BaseModel):
    """A field of the operator's own that bookings may have."""

    id: str = Field(examples=["param_01m87wre8d7v8173w4n4ph53mb"])
    key: str = Field(examples=["cleaner"])
    name: str = Field(examples=["Who cleans"])
    kind: Literal["text", "number", "boolean"]
    created_at: datetime


class ParameterIn(Wish):
    """A field to be."""

    key: Word = Field(examples=["cleaner"])
    name: Name = Field(examples=["Who cleans"])
    kind: Literal["text", "number", "boolean"] = "text"


class ParameterChange(Change):
    """Another name for a field."""

    name: Name = Field(default_factory=left_out, examples=["Who cleans"])
