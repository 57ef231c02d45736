"""Exports, what was published in them, and who read it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant


class Export(SQLModel, table=True):
    """One outbound iCal URL of a unit, made for one feed's key, a channel, or `everyone`.

    `token` is encrypted to show again, `token_hash` finds it; so does `old_token_hash`, until
    `old_token_until`. `content` is the digest of what is published; `version` rises only with it.
    `body`, gzipped, is kept to be served whatever else fails; `etag` is that of its plain bytes.
    `revision` rises with all that a server must learn of: content, token, revocation.
    """

    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        Index("ix_export_served", "revoked_at", "unit_id", "revision"),
        Index("ix_export_watch", "revoked_at", "watch_at", "id"),
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
    old_token_hash: str | None = None
    old_token_until: datetime | None = instant(nullable=True)
    revision: int = 0
    version: int = 0
    content: str | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    etag: str | None = None
    last_modified: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)
    unread_since: datetime | None = instant(nullable=True)
    watch_at: datetime | None = instant(nullable=True)


class Publication(SQLModel, table=True):
    """One stay's nights in one export, from version to version (the first without them).

    `stay_id` may also be the id of a derived closure; see `domain.linked.Closure`.
    """

    __table_args__ = (Index("ix_publication_export_id_to_version", "export_id", "to_version"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    export_id: str = Field(foreign_key="export.id")
    stay_id: str = Field(index=True)
    arrival: date
    departure: date
    kind: str
    sequence: int = 0
    from_version: int
    published_at: datetime = instant()
    to_version: int | None = None
    withdrawn_at: datetime | None = instant(nullable=True)


class ExportReading(SQLModel, table=True):
    """One reader read one version of an export: proof of propagation and of echoes.

    `visits` counts what `count` counts, but readings of one minute as one.
    """

    __tablename__ = "reading"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("export_id", "version", "reader"),)
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    export_id: str = Field(foreign_key="export.id")
    version: int
    reader: str
    first_at: datetime = instant()
    last_at: datetime = instant()
    count: int = 1
    visits: int = 1
