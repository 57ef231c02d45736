"""Feeds, their polls and previews; exports and their readings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from vacancy.api.shapes.places import ManagedBy
from vacancy.api.shapes.values import (
    WHOLE,
    Change,
    Channel,
    FeedAddress,
    Id,
    Paged,
    TimeZone,
    UnitFilter,
    UnitName,
    Wish,
    Word,
    left_out,
)

Interval = Annotated[
    int,
    Field(ge=60, le=86400, description="Seconds from one poll to the next.", examples=[900]),
    WHOLE,
]
Absences = Annotated[
    int,
    Field(
        ge=1,
        le=100,
        description="Good answers in a row without a stay that free its nights.",
        examples=[3],
    ),
    WHOLE,
]
AbsenceSpan = Annotated[
    int,
    Field(
        ge=0,
        le=31_536_000,
        description="Seconds from the first to the last of these answers, at least.",
        examples=[3600],
    ),
    WHOLE,
]
SuspicionSpan = Annotated[
    int,
    Field(
        ge=0,
        le=31_536_000,
        description="Seconds for which answers must agree before a suspicious one is believed;"
        " 0: only a person decides.",
        examples=[86400],
    ),
    WHOLE,
]
Transparent = Literal["busy", "free"]
RuleBlocks = Literal["keep", "export"]


class Doubt(BaseModel):
    """A suspicious answer that waits: what it lacks is kept meanwhile."""

    kind: str = Field(examples=["removal"])
    since: datetime
    claims: int = Field(description="How many stays are held.")
    answer: str = Field(description="Which answer it is about; give it when deciding.")


class Feed(BaseModel):
    """One channel's calendar of one unit. Of its address only host and last letters are told."""

    id: str = Field(examples=["feed_01m87wre8d7v8173w4n4ph53mb"])
    unit_id: str
    unit: str
    feed: str = Field(description="Its key among the unit's feeds.", examples=["airbnb"])
    channel: str = Field(examples=["airbnb"])
    address: str = Field(examples=["www.airbnb.com/…abcd"])
    health: str = Field(
        description="ok, failing, stale, suspicious, gone, paused.", examples=["ok"]
    )
    last_outcome: str | None = Field(examples=["fresh"])
    last_reason: str | None
    last_good_at: datetime | None
    last_poll_at: datetime | None
    next_poll_at: datetime | None
    every_seconds: int
    managed_by: ManagedBy


class FeedDetail(Feed):
    """A feed, how it is read, and what is in doubt."""

    settings: dict[str, Any] = Field(description="Reading settings that differ from the usual.")
    doubt: Doubt | None


class FeedIn(Wish):
    """A feed to be. Its export, for the same channel to import, is made with it."""

    unit_id: UnitName
    channel: Channel = Field(examples=["airbnb"])
    url: FeedAddress
    key: Word | None = Field(default=None, description="Its name; the channel's unless said.")
    every_seconds: Interval | None = Field(
        default=None, description="Unless said, the config's `[polling] every` as it is then."
    )
    end_is_last_night: bool = False
    transparent: Transparent = "busy"
    timezone: TimeZone | None = None
    rule_blocks: RuleBlocks = "keep"
    absences: Absences | None = None
    absence_span_seconds: AbsenceSpan | None = None
    suspicion_span_seconds: SuspicionSpan | None = None


class FeedChange(Change):
    """What shall be different of a feed."""

    channel: Channel = Field(default_factory=left_out)
    url: FeedAddress = Field(default_factory=left_out)
    every_seconds: Interval = Field(default_factory=left_out)
    end_is_last_night: bool = Field(default_factory=left_out)
    transparent: Transparent = Field(default_factory=left_out)
    timezone: TimeZone | None = None
    rule_blocks: RuleBlocks = Field(default_factory=left_out)
    absences: Absences | None = None
    absence_span_seconds: AbsenceSpan | None = None
    suspicion_span_seconds: SuspicionSpan | None = None


class FeedQuery(Paged):
    unit_id: UnitFilter = None


class Decision(Wish):
    """A person's word on a suspicious answer."""

    answer: Id | None = Field(
        default=None, description="Decide only if the answer in doubt is still this one."
    )


class Poll(BaseModel):
    """One asking of a feed; unchanged ones after it are counted on it."""

    id: str
    started_at: datetime
    outcome: str = Field(examples=["fresh"])
    reason: str | None
    counts: dict[str, Any]
    millis: int
    repeats: int
    last_repeat_at: datetime | None


class PreviewIn(Wish):
    """An address to read once, without keeping anything."""

    url: FeedAddress
    channel: Channel | None = None
    timezone: TimeZone = "UTC"
    end_is_last_night: bool = False
    transparent: Transparent = "busy"


class PreviewClaim(BaseModel):
    uid: str
    kind: str
    reason: str | None
    arrival: str
    departure: str
    reservation_code: str | None
    rule: str


class PreviewSkipped(BaseModel):
    uid: str
    why: str


class Preview(BaseModel):
    """What the poller would understand of a calendar."""

    provider: str | None
    complete: bool
    outcome: str
    reason: str | None = None
    message: str | None = None
    claims: list[PreviewClaim]
    skipped: list[PreviewSkipped]
    warnings: list[str]


class Export(BaseModel):
    """One outbound calendar address of a unit. Who has the address reads the calendar."""

    id: str = Field(examples=["exp_01m87wre8d7v8173w4n4ph53mb"])
    unit_id: str
    unit: str
    key: str = Field(examples=["airbnb"])
    channel: str
    feed_id: str | None = Field(description="The feed that it is made for.")
    url: str = Field(description="Secret: give it to this channel only.")
    version: int = Field(description="Rises only with the content.")
    last_read_at: datetime | None
    old_url_until: datetime | None = Field(description="Until when the former address works.")
    managed_by: ManagedBy


class ExportIn(Wish):
    """An export to be: for a channel, or for everyone where none is said."""

    unit_id: UnitName
    channel: Channel | None = None
    key: Word | None = None


class ExportQuery(Paged):
    unit_id: UnitFilter = None


class Rotation(Wish):
    """How long the former address is served on."""

    overlap_hours: Annotated[int, Field(ge=0, le=168), WHOLE] = 24


class Reading(BaseModel):
    """One reader read one version of an export."""

    version: int
    reader: str = Field(description="The reader's User-Agent.")
    first_at: datetime
    last_at: datetime
    count: int
