"""Feeds, their polls, and what is remembered of what they showed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Feed(SQLModel, table=True):
    """One channel's word on one unit, by iCal URL.

    `url` is encrypted; `url_digest` is keyed and tells an edited address; `host` and `url_tail` are
    what people may see. `settings_digest` covers the address, the reading settings and the profile
    catalogue: when it changes, validators and digest are dropped. `body` is the last good body and
    `entries` what was read of it, both compressed and sealed: guests may stand in them. `repeats`
    counts the unchanged polls since the one written as `last_poll_id`. `waiting`: something moves
    on with the next answer, even an unchanged one. `last_believed_at` leaves out good answers that
    were in doubt. `health` is ok, failing, stale, suspicious, gone, paused or retired; `failures`
    counts those in a row. `habits` is what was learned of it. A property of a booking system
    (`source_id`) has no address: it is read with its source, which calls it `remote_id`.
    """

    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        Index("ix_feed_due", "retired_at", "next_poll_at"),
        # What is asked of all feeds every few seconds, without a look at their rows and bodies.
        Index("ix_feed_good", "retired_at", "last_good_at", "unit_id", "health"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id", index=True)
    key: str
    channel: str
    url: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    url_digest: str
    host: str
    url_tail: str
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    settings_digest: str = ""
    managed_by: str = "api"
    source_id: str | None = Field(default=None, foreign_key="source.id", index=True)
    remote_id: str | None = None
    every: int = 900
    etag: str | None = None
    last_modified: str | None = None
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    entries: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    read_on: date | None = None
    rereads_daily: bool = False
    waiting: bool = False
    health: str = "ok"
    failures: int = 0
    next_poll_at: datetime = instant()
    leased_until: datetime | None = instant(nullable=True)
    last_poll_at: datetime | None = instant(nullable=True)
    first_good_at: datetime | None = instant(nullable=True)
    last_good_at: datetime | None = instant(nullable=True)
    last_believed_at: datetime | None = instant(nullable=True)
    last_full_at: datetime | None = instant(nullable=True)
    last_outcome: str | None = None
    last_reason: str | None = None
    last_poll_id: str | None = None
    repeats: int = 0
    habits: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = instant()
    retired_at: datetime | None = instant(nullable=True)


class Poll(SQLModel, table=True):
    """One try that was not unchanged, or the first of a run of those, which are counted on it."""

    __table_args__ = (Index("ix_poll_feed_id_started_at", "feed_id", "started_at"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id")
    started_at: datetime = instant()
    outcome: str
    reason: str | None = None
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    millis: int = 0
    repeats: int = 0
    last_repeat_at: datetime | None = instant(nullable=True)


class Sighting(SQLModel, table=True):
    """Nights that one feed shows without a break, since `first_shown`."""

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id", index=True)
    arrival: date
    departure: date
    first_shown: datetime = instant()
    good_before: datetime | None = instant(nullable=True)
    last_shown: datetime = instant()


class Doubt(SQLModel, table=True):
    """One suspicion of a feed; see `domain.doubt.Doubt`, whose other fields are in `state`.

    `settled_at`: nothing of it matters any more.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id", index=True)
    kind: str
    since: datetime = instant()
    state: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    answer_digest: str = ""
    needs_person: bool = False
    alarmed_at: datetime | None = instant(nullable=True)
    decision: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    settled_at: datetime | None = instant(nullable=True)


class Claim(SQLModel, table=True):
    """One thing a source says about some nights; see `domain.claims.KnownClaim`."""

    __table_args__ = (
        Index("ix_claim_feed_id_status", "feed_id", "status"),
        Index("ix_claim_unit_id_status", "unit_id", "status"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id")
    feed_id: str = Field(foreign_key="feed.id")
    uid: str
    arrival: date
    departure: date
    kind: str
    reason: str | None = None
    provider: str
    rule: str
    identity: str
    key: str | None = None
    reservation_code: str | None = None
    worded: bool = True
    status: str
    first_seen: datetime = instant()
    last_seen: datetime = instant()
    missing_since: datetime | None = instant(nullable=True)
    absences: int = 0
    masked: bool = False
    released_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    stay_id: str | None = Field(default=None, index=True)
    echo_of: str | None = None
    proven: bool = True
