"""Every table on one page. One row is: see the docstrings.

Ids are prefixed text (`stay_...`); nights are local dates, instants aware UTC (`UTCDateTime`).
Every row but the installation's belongs to an account.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.types import UTCDateTime

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_type=UTCDateTime, nullable=nullable, default=None if nullable else ...)


class Installation(SQLModel, table=True):
    """This installation: one row, drawn once. `domain` ends the UIDs of every export."""

    id: int = Field(primary_key=True, default=1)
    domain: str
    created_at: datetime = _instant()


class Account(SQLModel, table=True):
    """One operator's world. `sequence` numbers its events under the row's lock."""

    id: str = Field(primary_key=True)
    name: str
    sequence: int = 0
    config_digest: str | None = None
    created_at: datetime = _instant()


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
    created_at: datetime = _instant()


class Unit(SQLModel, table=True):
    """What one party occupies at a time: the key of availability.

    `revision` rises with every change of its stays. `published_at`: a person said that its exports
    may open before every feed has had a good answer. `again_at`: when time alone changes the plan.
    """

    __table_args__ = (UniqueConstraint("account_id", "slug"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    property_id: str = Field(foreign_key="property.id")
    slug: str
    name: str
    timezone: str
    revision: int = 0
    managed_by: str = "api"
    created_at: datetime = _instant()
    published_at: datetime | None = _instant(nullable=True)
    retired_at: datetime | None = _instant(nullable=True)
    again_at: datetime | None = Field(default=None, sa_type=UTCDateTime, nullable=True, index=True)


class Feed(SQLModel, table=True):
    """One channel's word on one unit, by iCal URL.

    `url` is encrypted; `url_digest` is keyed and tells an edited address; `host` and `url_tail` are
    what people may see. `settings_digest` covers the address, the reading settings and the profile
    catalogue: when it changes, validators and digest are dropped. `body` is the last good body and
    `entries` what was read of it, both compressed. `repeats` counts the unchanged polls since the
    one written as `last_poll_id`. `health` is ok, failing, stale, suspicious, gone,
    paused or retired; `failures` counts those in a row. `habits` is what was learned of it.
    """

    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        Index("ix_feed_due", "retired_at", "next_poll_at"),
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
    next_poll_at: datetime = _instant()
    leased_until: datetime | None = _instant(nullable=True)
    last_poll_at: datetime | None = _instant(nullable=True)
    first_good_at: datetime | None = _instant(nullable=True)
    last_good_at: datetime | None = _instant(nullable=True)
    last_full_at: datetime | None = _instant(nullable=True)
    last_outcome: str | None = None
    last_reason: str | None = None
    last_poll_id: str | None = None
    repeats: int = 0
    habits: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = _instant()
    retired_at: datetime | None = _instant(nullable=True)


class Poll(SQLModel, table=True):
    """One try that was not unchanged, or the first of a run of those, which are counted on it."""

    __table_args__ = (Index("ix_poll_feed_id_started_at", "feed_id", "started_at"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id")
    started_at: datetime = _instant()
    outcome: str
    reason: str | None = None
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    millis: int = 0
    repeats: int = 0
    last_repeat_at: datetime | None = _instant(nullable=True)


class Sighting(SQLModel, table=True):
    """Nights that one feed shows without a break, since `first_shown`."""

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id", index=True)
    arrival: date
    departure: date
    first_shown: datetime = _instant()
    good_before: datetime | None = _instant(nullable=True)
    last_shown: datetime = _instant()


class Doubt(SQLModel, table=True):
    """One suspicion of a feed; see `domain.doubt.Doubt`, whose other fields are in `state`.

    `settled_at`: nothing of it matters any more.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    feed_id: str = Field(foreign_key="feed.id", index=True)
    kind: str
    since: datetime = _instant()
    state: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    answer_digest: str = ""
    needs_person: bool = False
    alarmed_at: datetime | None = _instant(nullable=True)
    decision: str | None = None
    decided_at: datetime | None = _instant(nullable=True)
    settled_at: datetime | None = _instant(nullable=True)


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
    first_seen: datetime = _instant()
    last_seen: datetime = _instant()
    missing_since: datetime | None = _instant(nullable=True)
    absences: int = 0
    masked: bool = False
    released_at: datetime | None = _instant(nullable=True)
    stay_id: str | None = Field(default=None, index=True)
    echo_of: str | None = None
    proven: bool = True


class Stay(SQLModel, table=True):
    """What the house holds true: a guest's nights or a block; see `domain.stays.Stay`.

    `spans` lists [arrival, departure, since] of the nights it wants. `arrival` and `departure`
    repeat their ends for searching.
    """

    __table_args__ = (Index("ix_stay_unit_id_status_departure", "unit_id", "status", "departure"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id")
    feed_id: str | None = Field(default=None, foreign_key="feed.id")
    channel: str
    kind: str
    reason: str | None = None
    status: str
    arrival: date
    departure: date
    spans: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    reservation_code: str | None = None
    mirrored: bool = False
    opened_at: datetime = _instant()
    updated_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)


class Night(SQLModel, table=True):
    """One night of one unit, held by one stay: the primary key refuses a second holder."""

    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    night: date = Field(primary_key=True)
    stay_id: str = Field(foreign_key="stay.id", index=True)


class Conflict(SQLModel, table=True):
    """Two stays that want the same nights."""

    __table_args__ = (Index("ix_conflict_unit_id_status", "unit_id", "status"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id")
    kind: str
    status: str
    first_stay_id: str = Field(foreign_key="stay.id")
    second_stay_id: str = Field(foreign_key="stay.id")
    nights: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    opened_at: datetime = _instant()
    updated_at: datetime = _instant()
    acknowledged_at: datetime | None = _instant(nullable=True)
    snoozed_until: datetime | None = _instant(nullable=True)
    resolved_at: datetime | None = _instant(nullable=True)
    resolution: str | None = None


class Export(SQLModel, table=True):
    """One outbound iCal URL of a unit, made for one feed's key, a channel, or `everyone`.

    `token` is encrypted to show again, `token_hash` finds it. `content` is the digest of what is
    published; `version` rises only with it. `body`, gzipped, is kept to be served whatever else
    fails; `etag` is that of its plain bytes. `revision` rises with all that a server must learn of:
    content, token, revocation.
    """

    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        Index("ix_export_served", "revoked_at", "unit_id", "revision"),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    unit_id: str = Field(foreign_key="unit.id", index=True)
    feed_id: str | None = Field(default=None, foreign_key="feed.id")
    key: str
    channel: str
    managed_by: str = "api"
    token: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    token_hash: str = Field(unique=True)
    revision: int = 0
    version: int = 0
    content: str | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    etag: str | None = None
    last_modified: datetime | None = _instant(nullable=True)
    created_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class Publication(SQLModel, table=True):
    """One stay's nights in one export, from version to version (the first without them)."""

    __table_args__ = (Index("ix_publication_export_id_to_version", "export_id", "to_version"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    export_id: str = Field(foreign_key="export.id")
    stay_id: str = Field(foreign_key="stay.id", index=True)
    arrival: date
    departure: date
    kind: str
    sequence: int = 0
    from_version: int
    published_at: datetime = _instant()
    to_version: int | None = None
    withdrawn_at: datetime | None = _instant(nullable=True)


class ExportReading(SQLModel, table=True):
    """One reader read one version of an export: proof of propagation and of echoes."""

    __tablename__ = "reading"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("export_id", "version", "reader"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    export_id: str = Field(foreign_key="export.id")
    version: int
    reader: str
    first_at: datetime = _instant()
    last_at: datetime = _instant()
    count: int = 1


class Event(SQLModel, table=True):
    """One fact, past tense, numbered within its account: the journal."""

    __table_args__ = (UniqueConstraint("account_id", "sequence"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    sequence: int
    type: str
    occurred_at: datetime = _instant()
    property_id: str | None = None
    unit_id: str | None = None
    actor: str = "vacancy"
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
