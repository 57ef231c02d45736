"""The kinds of value that requests hold: each with bounds that any database can keep.

Texts hold no NUL and no lone surrogate, whole numbers have 63 bits at most, dates lie in this
century. What the schema says is what is accepted, neither more nor less.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

import pytz
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from typing_extensions import TypeAliasType

from vacancy.settings import CHANNELS
from vacancy.settings.values import read_feed_url
from vacancy.sources.catalog import SYSTEMS

_LEAP = "20(?:[02468][048]|[13579][26])-02-29"
_LONG = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
_SHORT = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_FEBRUARY = "02-(?:0[1-9]|1[0-9]|2[0-8])"
_DAY = f"^(?:20[0-9]{{2}}-(?:{_LONG}|{_SHORT}|{_FEBRUARY})|{_LEAP})$"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_INSTANT = f"{_DAY[:-1]}T{_CLOCK}:[0-5][0-9](?:\\.[0-9]{{1,6}})?Z$"

_LINE = r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
#: A host, a port and a path, as they follow the scheme of an address.
AFTER_SCHEME = f"://[A-Za-z0-9][A-Za-z0-9.-]*(?::(?:{_PORT}))?(?:/[!-~]*)?$"
_ADDRESS = f"^(?:https?|webcal){AFTER_SCHEME}"


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(_DAY[1:-1], value):
        return date.fromisoformat(value)
    raise ValueError("must be a date such as 2027-02-03, from 2000 to 2099")


def _moment(value: object) -> datetime:
    if isinstance(value, str) and re.fullmatch(_INSTANT[1:-1], value):
        return datetime.fromisoformat(value).astimezone(UTC)
    raise ValueError("must be an instant such as 2027-02-03T09:00:00Z")


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _zone(value: str) -> str:
    if value not in pytz.all_timezones_set:
        raise ValueError("must be a time zone such as Europe/Lisbon")
    return value


def _channel(value: str) -> str:
    if value not in CHANNELS:
        raise ValueError(f"must be one of {', '.join(CHANNELS)}")
    return value


def _sold_at(value: str) -> str:
    return value if value in SYSTEMS else _channel(value)


#: What another thing is named by.
Id = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9_-]{1,64}$"),
    Field(examples=["unit_01m87wre8d7v8173w4n4ph53mb"]),
]
#: A unit, by its id or its slug.
UnitName = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9_-]{1,64}$"),
    Field(description="A unit's id or slug.", examples=["sea-view"]),
]
PropertyId = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9_-]{1,64}$"),
    Field(description="A property's id.", examples=["prop_01m87wre8d7v8173w4n4ph53mb"]),
]
#: What lists are narrowed by.
UnitFilter = Annotated[
    UnitName | None, Field(description="A unit's id or slug.", examples=["sea-view"])
]
PropertyFilter = Annotated[
    PropertyId | None,
    Field(description="A property's id.", examples=["prop_01m87wre8d7v8173w4n4ph53mb"]),
]
#: A name: one line, no blanks at its ends.
Name = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=200,
        pattern=_LINE,
    ),
]
#: Text of several lines.
Text = Annotated[
    str, StringConstraints(max_length=5000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
Slug = Annotated[
    str,
    StringConstraints(max_length=63, pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$"),
    Field(examples=["sea-view"]),
]
Word = Annotated[
    str, StringConstraints(max_length=63, pattern="^[a-z][a-z0-9_]*$"), Field(examples=["airbnb_2"])
]
TimeOfDay = Annotated[str, StringConstraints(pattern=f"^{_CLOCK}$"), Field(examples=["16:00"])]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": _DAY, "examples": ["2027-02-03"]}
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": _INSTANT,
            "examples": ["2027-02-03T09:00:00Z"],
        }
    ),
]
TimeZone = TypeAliasType(
    "TimeZone",
    Annotated[
        str,
        AfterValidator(_zone),
        WithJsonSchema({"type": "string", "enum": list(pytz.all_timezones)}),
    ],
)
Channel = TypeAliasType(
    "Channel",
    Annotated[
        str, AfterValidator(_channel), WithJsonSchema({"type": "string", "enum": list(CHANNELS)})
    ],
)
#: Where something was sold: a channel, or a booking system itself.
SoldAt = TypeAliasType(
    "SoldAt",
    Annotated[
        str,
        AfterValidator(_sold_at),
        WithJsonSchema({"type": "string", "enum": [*CHANNELS, *sorted(SYSTEMS)]}),
    ],
)
FeedAddress = Annotated[
    str,
    StringConstraints(max_length=4000, pattern=_ADDRESS),
    AfterValidator(read_feed_url),
    Field(
        description="The feed's address. It is a password: it is kept sealed and never told again.",
        examples=["https://www.airbnb.com/calendar/ical/1.ics?t=..."],
    ),
]
#: JSON knows one kind of number: 4.0 is as whole as 4.
WHOLE = BeforeValidator(_whole)
Count = Annotated[int, Field(ge=1, le=1000), WHOLE]


def left_out() -> Any:
    """What a field of a PATCH is that was not sent: see `Change.said`."""
    return None


class Wish(BaseModel):
    """A request's body: only what is named here, as it is named."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Change(Wish):
    """The body of a PATCH: what is left out stays as it is."""

    silent: bool = Field(
        default=False,
        description="Record the change and update calendars, but notify nobody. Webhooks carry it,"
        " marked.",
    )

    def said(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True, exclude={"silent"})


class Asked(BaseModel):
    """A request's query: only what is named here."""

    model_config = ConfigDict(extra="forbid")


class Paged(Asked):
    """The query of a list."""

    limit: int = Field(default=50, ge=1, le=100, description="How many to a page.")
    page: int = Field(default=1, ge=1, le=1_000_000, description="Which page, from 1.")

    @property
    def place(self) -> tuple[int, int]:
        """How many to pass over, and how many to give."""
        return (self.page - 1) * self.limit, self.limit


class Pagination(BaseModel):
    page: int
    limit: int
    total_items: int
    total_pages: int


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    pagination: Pagination


def paged(found: tuple[list[Any], int], asked: Paged) -> dict[str, Any]:
    """A page of documents as it is told."""
    rows, total = found
    return {
        "data": rows,
        "pagination": {
            "page": asked.page,
            "limit": asked.limit,
            "total_items": total,
            "total_pages": -(-total // asked.limit),
        },
    }
