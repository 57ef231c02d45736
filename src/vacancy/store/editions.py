"""What stands published in each export, and the stays in it from version to version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, func, select, update
from sqlmodel import Session

from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.store import tables
from vacancy.store.rows import Question, Rows, Statement

_EXPORT: Table = tables.metadata.tables["export"]
_PUBLICATION: Table = tables.metadata.tables["publication"]

# Looking a name up costs a tenth of calling the enum.
_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Published:
    """One stay's nights in one export from `from_version` on.

    `to_version` is the first version without them, None while they are in it. `sequence` and
    `published_at` are the SEQUENCE and LAST-MODIFIED that readers see.
    """

    id: str
    stay_id: str
    nights: Nights
    kind: Kind
    sequence: int
    from_version: int
    published_at: datetime
    to_version: int | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """A live export as it was last published: `version` 0 where it never was.

    `content` is the digest of what it holds.
    """

    id: str
    account_id: str
    unit_id: str
    key: str
    feed_id: str | None
    channel: str
    version: int
    content: str | None
    last_modified: datetime | None


_EDITIONS = Question(
    select(
        *(_EXPORT.c[name] for name in ("id", "account_id", "unit_id", "key", "feed_id", "channel")),
        *(_EXPORT.c[name] for name in ("version", "content", "last_modified")),
    )
    .where(_EXPORT.c.unit_id == bindparam("unit"), _EXPORT.c.revoked_at.is_(None))
    .order_by(_EXPORT.c.key)
)
_ISSUED = ("version", "content", "body", "etag", "last_modified")
_ISSUE = Statement(
    update(_EXPORT)
    .where(_EXPORT.c.id == bindparam("row_id"))
    .values(revision=_EXPORT.c.revision + 1, **{name: bindparam(name) for name in _ISSUED})
)


def of_unit(session: Session, unit_id: str) -> list[Edition]:
    """The unit's live exports as they stand published, by key."""
    return [Edition(*row) for row in _EDITIONS.rows(session, {"unit": unit_id})]


def issue(session: Session, export_id: str, issued: dict[str, Any]) -> None:
    """Put the next version in the place of the last: `issued` holds version, content, body, etag
    and last_modified.
    """
    _ISSUE.run(session, {"row_id": export_id, **issued})


_PUBLICATIONS = Question(
    select(
        *(_PUBLICATION.c[name] for name in ("id", "stay_id", "arrival", "departure", "kind")),
        *(_PUBLICATION.c[name] for name in ("sequence", "from_version", "published_at")),
    ).where(_PUBLICATION.c.export_id == bindparam("export"), _PUBLICATION.c.to_version.is_(None))
)
_LAST_SEQUENCES = (
    select(_PUBLICATION.c.stay_id, func.max(_PUBLICATION.c.sequence))
    .where(_PUBLICATION.c.export_id == bindparam("export"))
    .where(_PUBLICATION.c.stay_id.in_(bindparam("stays", expanding=True)))
    .group_by(_PUBLICATION.c.stay_id)
)
_CLOSE = Statement(
    update(_PUBLICATION)
    .where(_PUBLICATION.c.id == bindparam("row_id"))
    .values(to_version=bindparam("version"), withdrawn_at=bindparam("at"))
)
_OPEN = Rows(
    _PUBLICATION,
    (
        *("id", "account_id", "export_id", "stay_id", "arrival", "departure", "kind"),
        *("sequence", "from_version", "published_at"),
    ),
)


def publications(session: Session, export_id: str) -> list[Published]:
    """What the newest version of the export holds."""
    return [
        Published(id_, stay_id, Nights(arrival, departure), _KINDS[kind], *rest)
        for id_, stay_id, arrival, departure, kind, *rest in _PUBLICATIONS.rows(
            session, {"export": export_id}
        )
    ]


def last_sequences(session: Session, export_id: str, stay_ids: Iterable[str]) -> dict[str, int]:
    """The highest SEQUENCE under which the export ever held each stay; never held: left out."""
    asked = {"export": export_id, "stays": list(stay_ids)}
    return {stay_id: last for stay_id, last in session.execute(_LAST_SEQUENCES, asked)}


def close_publications(
    session: Session, gone: Sequence[Published], to_version: int, at: datetime
) -> None:
    """Say that `to_version` is the first without these."""
    rows = [{"row_id": one.id, "version": to_version, "at": at} for one in gone]
    _CLOSE.run_each(session, rows)


def open_publications(session: Session, edition: Edition, new: Sequence[Published]) -> None:
    """Write down what a version holds that the one before it did not."""
    whose = {"account_id": edition.account_id, "export_id": edition.id}
    rows = [
        {
            **whose,
            "id": published.id,
            "stay_id": published.stay_id,
            "arrival": published.nights.arrival,
            "departure": published.nights.departure,
            "kind": published.kind.value,
            "sequence": published.sequence,
            "from_version": published.from_version,
            "published_at": published.published_at,
        }
        for published in new
    ]
    _OPEN.write(session, rows)
