"""Availability, the calendar, the timeline; conflicts; propagation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from vacancy.api.shapes.places import UnitNights
from vacancy.api.shapes.values import (
    Count,
    Day,
    Moment,
    Page,
    Paged,
    PropertyFilter,
    UnitFilter,
    Wish,
)


class CalendarQuery(Paged):
    """From a night up to, not including, a day: at most 366 nights."""

    since: Day = Field(alias="from", description="The first night.")
    until: Day = Field(
        alias="to", description="The day after the last night.", examples=["2027-02-09"]
    )
    unit_id: UnitFilter = None
    property_id: PropertyFilter = None


class AvailabilityQuery(CalendarQuery):
    guests: Count | None = Field(
        default=None, description="Only units for so many where every night is free."
    )


class Calendar(Page[UnitNights]):
    """Units and their nights."""


class Comer(BaseModel):
    booking_id: str
    unit_id: str
    unit: str


class DayOf(BaseModel):
    """One day: who arrives, who departs, and where both happen."""

    date: date
    arrivals: list[Comer]
    departures: list[Comer]
    turnovers: list[str] = Field(description="Units in which one party leaves and another comes.")


class Timeline(Page[DayOf]):
    """Days, who comes and goes."""


class Evidence(BaseModel):
    """What one feed said: by which rule it was read, and when it was seen."""

    feed: str | None
    uid: str
    key: str | None
    rule: str
    status: str
    arrival: date
    departure: date
    first_seen: datetime
    last_seen: datetime
    missing_since: datetime | None
    masked: bool


class Side(BaseModel):
    """One of the two that want the nights."""

    id: str
    unit: str
    channel: str
    kind: str
    reason: str | None
    status: str
    arrival: date
    departure: date
    reservation_code: str | None
    since: datetime = Field(description="Since when it wants them.")
    evidence: list[Evidence] | None = Field(default=None, description="In the answer of one.")


class Conflict(BaseModel):
    """Two stays that want the same nights."""

    id: str = Field(examples=["conflict_01m87wre8d7v8173w4n4ph53mb"])
    kind: str = Field(examples=["double_booking"])
    status: Literal["open", "acknowledged", "snoozed", "resolved"]
    unit: str
    nights: list[date]
    severity: str = Field(examples=["critical"])
    suggestion: str = Field(description="What to do, in one sentence.")
    resolution: str | None
    to_cancel: str | None = Field(description="The booking still to be canceled at its channel.")
    opened_at: datetime
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    sides: list[Side]


class ConflictQuery(Paged):
    status: Literal["open", "acknowledged", "snoozed", "resolved"] | None = Field(
        default=None, description="Unless said, all that are not resolved."
    )
    unit_id: UnitFilter = None
    property_id: PropertyFilter = None


class Snooze(Wish):
    until: Moment = Field(description="When it returns, at most 90 days from now.")


class Resolution(Wish):
    resolution: Literal["keep_first", "keep_second", "both_fine", "false_alarm"]


class Explanation(BaseModel):
    """All that is on record about one night: who has it, who wants it, and on what evidence."""

    unit: str
    date: date
    taken: bool
    holder: str | None = Field(description="The booking that has the night.")
    past: bool
    words: list[str] = Field(description="The same, told in sentences.")
    stays: list[dict[str, Any]]
    settings: list[dict[str, Any]] = Field(description="A channel's own settings on the night.")
    echoes: list[dict[str, Any]]
    derived: list[dict[str, Any]] = Field(description="What closes it from elsewhere.")
    conflicts: list[dict[str, Any]]
    feeds: list[dict[str, Any]]
    exports: list[dict[str, Any]]
    history: list[dict[str, Any]]


class Propagation(BaseModel):
    """How what was published reached the channels."""

    unit: str
    exports: list[dict[str, Annotated[Any, Field()]]]
