"""Booking systems that are read over their APIs, and what they are told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, WithJsonSchema
from typing_extensions import TypeAliasType

from vacancy.api.shapes.connections import Interval, ManagedBy
from vacancy.api.shapes.values import AFTER_SCHEME, Change, UnitName, Wish, Word, left_out
from vacancy.sources.catalog import SYSTEMS


def _kind(value: str) -> str:
    if value not in SYSTEMS:
        raise ValueError(f"must be one of {', '.join(sorted(SYSTEMS))}")
    return value


SourceKind = TypeAliasType(
    "SourceKind",
    Annotated[
        str, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": sorted(SYSTEMS)})
    ],
)
#: A key, a token, a secret: one word of what can be seen.
SecretText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern="^[!-~]+$"),
    Field(description="Kept sealed and never told again.", examples=["sk_live_1a2b3c4d"]),
]
BaseAddress = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=f"^https?{AFTER_SCHEME}"),
    Field(
        description="Where its API lies; the system's own unless said.",
        examples=["https://api.example.com"],
    ),
]
RemoteId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[!-~]+$")]
Mapped = Annotated[
    dict[RemoteId, UnitName],
    Field(
        max_length=500,
        description="Which unit each of its properties is, by what the system calls it.",
        examples=[{"101": "sea-view"}],
        json_schema_extra={"additionalProperties": False},
    ),
]
State = Literal["waiting", "done", "refused", "failed", "left"]


class Source(BaseModel):
    """One account at one booking system. Each unit of it is a feed, with the source's key."""

    id: str = Field(examples=["src_01m87wre8d7v8173w4n4ph53mb"])
    key: str = Field(examples=["nowistay"])
    kind: str = Field(examples=["nowistay"])
    name: str = Field(examples=["Nowistay"])
    base_url: str = Field(description="Where its API lies.")
    credentials: str = Field(description="The last letters of its key.", examples=["…abcd"])
    units: dict[str, str] = Field(description="The unit of each property, by its remote id.")
    push: bool = Field(description="Whether it is told of bookings and blocks of ours.")
    health: str = Field(description="ok, failing or stale.", examples=["ok"])
    last_outcome: str | None = Field(description="read or failed.", examples=["read"])
    last_reason: str | None
    message: str | None = Field(description="What was wrong the last time, for people.")
    last_good_at: datetime | None
    last_poll_at: datetime | None
    next_poll_at: datetime | None
    every_seconds: int
    managed_by: ManagedBy
    created_at: datetime


class SourceDetail(Source):
    """A source, and the address for its webhooks."""

    hook_url: str = Field(description="Secret: give it to this system only.")


class SourceIn(Wish):
    """A booking system to connect: by a key, or by an OAuth client and the host's consent."""

    kind: SourceKind
    key: Word | None = Field(default=None, description="Its name here; the kind's unless said.")
    api_key: SecretText | None = None
    client_id: SecretText | None = None
    client_secret: SecretText | None = None
    webhook_secret: SecretText | None = Field(
        default=None, description="What its webhooks are signed with; kept sealed."
    )
    base_url: BaseAddress | None = None
    units: Mapped = Field(default_factory=dict)
    every_seconds: Interval | None = Field(
        default=None, description="Unless said, the config's `[polling] every` as it is then."
    )
    push: bool = True


class SourceChange(Change):
    """What shall be different of a source."""

    api_key: SecretText = Field(default_factory=left_out)
    client_id: SecretText = Field(default_factory=left_out)
    client_secret: SecretText = Field(default_factory=left_out)
    webhook_secret: SecretText = Field(default_factory=left_out)
    base_url: BaseAddress = Field(default_factory=left_out)
    units: Mapped = Field(default_factory=left_out)
    every_seconds: Interval = Field(default_factory=left_out)
    push: bool = Field(default_factory=left_out)


class RemoteProperty(BaseModel):
    """What the system lets, and which unit it is."""

    remote_id: str = Field(description="What the system calls it.", examples=["101"])
    name: str
    timezone: str | None
    capacity: int | None = Field(description="How many may sleep there.")
    unit: str | None = Field(description="The unit that it is mapped to.")
    proposed: str | None = Field(description="The unit that it seems to be, by its name.")


class Check(BaseModel):
    """What the system said when it was asked for its properties."""

    ok: bool = Field(description="Whether it answered, and let us in.")
    reason: str | None
    message: str | None
    properties: list[RemoteProperty]


class PushAttempt(BaseModel):
    """One try to tell the system."""

    at: datetime
    action: str = Field(description="push or withdraw.", examples=["push"])
    outcome: str = Field(description="done, or why not.", examples=["done"])
    message: str | None
    millis: int


class Push(BaseModel):
    """One stay of ours as the system is to hold it; without dates: not at all."""

    id: str = Field(examples=["push_01m87wre8d7v8173w4n4ph53mb"])
    booking_id: str
    unit: str
    unit_id: str
    kind: str | None
    arrival: date | None
    departure: date | None
    state: State = Field(description="`left`: it takes no such thing.")
    remote_id: str | None = Field(description="What the system calls it.")
    reason: str | None
    message: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    updated_at: datetime
    attempts: list[PushAttempt] = Field(description="Every try, oldest first.")
