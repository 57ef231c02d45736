"""One export as served now, and how each is kept in memory: as few bytes, for there are many."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple

from vacancy.store.served import ServedExport

#: Version, last modified (seconds), opens and ends (microseconds; 0 for None), length of the ETag;
#: the ETag and the export's id follow.
_PACKED = struct.Struct("<IqqqB")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Edition(NamedTuple):
    """One export as served now.

    `etag` (of the plain bytes) and `last_modified` are header values, empty until something was
    published. `opens_at` is None for an open export; `ends_at` is when the token that found it
    finds nothing any more, None for the one in force.
    """

    export_id: str
    version: int
    etag: bytes
    last_modified: bytes
    opens_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def zipped_etag(self) -> bytes:
        """The ETag of the gzipped bytes: other bytes, so another strong one."""
        return self.etag[:-1] + b'-gzip"'

    def has_ended(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now

    def is_open(self, now: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= now


def pack(export: ServedExport, opens_at: datetime | None, ends_at: datetime | None) -> bytes:
    """What `unpack` makes an Edition of."""
    etag = (export.etag or "").encode()
    modified = _micros(export.last_modified) // 1_000_000
    numbers = (export.version, modified, _micros(opens_at), _micros(ends_at), len(etag))
    return _PACKED.pack(*numbers) + etag + export.id.encode()


def unpack(packed: bytes) -> Edition:
    version, modified, opens, ends, length = _PACKED.unpack_from(packed)
    etag_ends = _PACKED.size + length
    return Edition(
        packed[etag_ends:].decode(),
        version,
        packed[_PACKED.size : etag_ends],
        http_date(modified) if modified else b"",
        _instant(opens) if opens else None,
        _instant(ends) if ends else None,
    )


@lru_cache(maxsize=1024)
def http_date(second: int) -> bytes:
    """A second since 1970 as the headers of HTTP spell it."""
    return formatdate(second, usegmt=True).encode()


def _micros(instant: datetime | None) -> int:
    return 0 if instant is None else (instant - _BEGINNING) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _BEGINNING + micros * _MICROSECOND
