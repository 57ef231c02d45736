"""Properties, units, and a unit's nights."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from vacancy.api.shapes.values import (
    WHOLE,
    Asked,
    Change,
    Count,
    Day,
    Name,
    Paged,
    PropertyFilter,
    PropertyId,
    Slug,
    Text,
    TimeOfDay,
    TimeZone,
    UnitName,
    Wish,
    left_out,
)

ManagedBy = Literal["api", "config"]


class Property(BaseModel):
    """A place at one address."""

    id: str = Field(examples=["prop_01m87wre8d7v8173w4n4ph53mb"])
    name: str = Field(examples=["Casa Azul"])
    timezone: str = Field(examples=["Europe/Lisbon"])
    check_in: str | None = Field(description="From when guests may come.", examples=["16:00"])
    check_out: str | None = Field(description="By when guests leave.", examples=["11:00"])
    address: str | None
    managed_by: ManagedBy = Field(description="What the config declares is changed there.")
    created_at: datetime


class PropertyIn(Wish):
    """A property to be."""

    name: Name = Field(examples=["Casa Azul"])
    timezone: TimeZone = Field(examples=["Europe/Lisbon"])
    check_in: TimeOfDay | None = None
    check_out: TimeOfDay | None = None
    address: Text | None = Field(default=None, examples=["Rua Azul 1, Lisboa"])


class PropertyChange(Change):
    """What shall be different of a property."""

    name: Name = Field(default_factory=left_out, examples=["Casa Azul"])
    timezone: TimeZone = Field(default_factory=left_out, examples=["Europe/Lisbon"])
    check_in: TimeOfDay | None = None
    check_out: TimeOfDay | None = None
    address: Text | None = Field(default=None, examples=["Rua Azul 1, Lisboa"])


class Unit(BaseModel):
    """What one party occupies at a time."""

    id: str = Field(examples=["unit_01m87wre8d7v8173w4n4ph53mb"])
    property_id: str
    slug: str = Field(description="Its short name, for people.", examples=["sea-view"])
    name: str = Field(examples=["Sea View"])
    timezone: str = Field(description="Its nights are local dates of this zone.")
    max_guests: int | None = Field(description="How many may sleep there; null: not said.")
    parent_id: str | None = Field(description="The house that it is a room of.")
    parent: str | None = Field(description="That house's slug.", examples=["casa-azul"])
    capacity: int | None = Field(
        description="Of a house: how many of its rooms are sold at once; null: it is sold whole."
    )
    buffer_before: int = Field(description="Nights kept free before each reservation.")
    buffer_after: int = Field(description="Nights kept free after each reservation.")
    managed_by: ManagedBy
    created_at: datetime


House = Annotated[
    UnitName | None,
    Field(
        description="The house that it is a room of, by id or slug, in the same property: a booking"
        " of one closes the other. null: none.",
        examples=["casa-azul"],
    ),
]
Capacity = Annotated[
    Annotated[int, Field(ge=1, le=500), WHOLE] | None,
    Field(
        description="Of a house: how many of its rooms are sold at once, at most as many as it has;"
        " null: it is sold whole.",
        examples=[2],
    ),
]
Buffer = Annotated[
    int,
    Field(ge=0, le=30, description="Nights kept free beside each reservation.", examples=[1]),
    WHOLE,
]


class UnitIn(Wish):
    """A unit to be. `timezone`: the property's unless said."""

    property_id: PropertyId
    slug: Slug
    name: Name = Field(examples=["Sea View"])
    timezone: TimeZone | None = None
    max_guests: Count | None = Field(default=None, examples=[4])
    parent: House = None
    capacity: Capacity = None
    buffer_before: Buffer = 0
    buffer_after: Buffer = 0


class UnitChange(Change):
    """What shall be different of a unit."""

    property_id: PropertyId = Field(default_factory=left_out)
    slug: Slug = Field(default_factory=left_out)
    name: Name = Field(default_factory=left_out, examples=["Sea View"])
    timezone: TimeZone = Field(default_factory=left_out)
    max_guests: Count | None = Field(default=None, examples=[4])
    parent: House = None
    capacity: Capacity = None
    buffer_before: Buffer = Field(default_factory=left_out)
    buffer_after: Buffer = Field(default_factory=left_out)


class UnitQuery(Paged):
    property_id: PropertyFilter = None


class Span(Asked):
    """From a night up to, not including, a day: at most 366 nights."""

    since: Day = Field(alias="from", description="The first night.")
    until: Day = Field(
        alias="to", description="The day after the last night.", examples=["2027-02-09"]
    )


class NightState(BaseModel):
    """One night of a unit: free, or held, by what and why."""

    night: date
    free: bool
    booking_id: str | None = Field(description="Which booking or block holds it.")
    kind: Literal["reservation", "block"] | None
    reason: str | None = Field(description="Why a block closes it.", examples=["owner"])
    channel: str | None = Field(examples=["airbnb"])
    status: str | None = Field(examples=["confirmed"])
    conflict: bool = Field(description="Whether several want it.")


class UnitNights(BaseModel):
    """A unit's nights, one by one."""

    unit_id: str
    unit: str
    property_id: str
    name: str
    max_guests: int | None
    available: bool = Field(description="Whether every night asked for is free.")
    nights: list[NightState]


class Nights(BaseModel):
    """Nights of one unit."""

    data: UnitNights
