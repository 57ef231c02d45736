"""Every live export in memory, gzipped, at most one look behind any process's commit.

The look is the daemon's to call, once a second, in a worker thread. Serving reads two dictionaries
and never waits for it.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from vacancy.store import served
from vacancy.store.exports import token_digest
from vacancy.store.served import Pulse, ServedExport, StoreFailure
from vacancy.store.session import Session, Store

#: After this a new unit's exports open, whatever its feeds have answered.
OPENS_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Edition:
    """One export as served now.

    `etag` (of the plain bytes) and `last_modified` are header values. `zipped` is None until
    something was published. `opens_at` is None for an open export; `ends_at` is when the token
    that found it finds nothing any more, None for the one in force.
    """

    export_id: str
    version: int
    etag: bytes
    last_modified: bytes
    zipped: bytes | None
    opens_at: datetime | None
    ends_at: datetime | None = None

    @property
    def zipped_etag(self) -> bytes:
        """The ETag of the gzipped bytes: other bytes, so another strong one."""
        return self.etag[:-1] + b'-gzip"'

    @property
    def plain(self) -> bytes:
        return _plain(self.zipped or b"")

    def has_ended(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now

    def is_open(self, now: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= now


@lru_cache(maxsize=128)
def _plain(zipped: bytes) -> bytes:
    """Readers that take no gzip are few: only the bytes last asked for are kept."""
    return gzip.decompress(zipped)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A unit's part of the memory: under which tokens, and what the store's totals say of it."""

    tokens: tuple[bytes, ...]
    total: tuple[int, int]


class ExportCache:
    """Exports by token. Lookups may come from any thread; so may `look` and `refresh`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pulse = Pulse(store)
        self._turn = threading.Lock()
        self._editions: dict[bytes, Edition] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._waiting: set[str] = set()
        self._total = (0, 0)
        #: False until the store was read once: then an unknown token is not known to be unknown.
        self.ready = False

    def __len__(self) -> int:
        return len(self._editions)

    def find(self, token: str) -> Edition | None:
        """The export that the token names now."""
        return self._editions.get(token_digest(token))

    def look(self, now: datetime) -> bool:
        """Catch up with every commit so far. False where the store failed: the memory stands."""
        with self._turn:
            try:
                if self._pulse.beat():
                    with self._store.read() as session:
                        self._catch_up(session, now)
            except StoreFailure:
                self._pulse.missed()
                return False
            self.ready = True
            return True

    def refresh(self, unit_id: str, now: datetime) -> bool:
        """Catch up with this process's own commit about a unit. False: the next look will do it."""
        with self._turn:
            try:
                with self._store.read() as session:
                    self._put(session, [unit_id], now)
            except StoreFailure:
                self._pulse.missed()
                return False
            return True

    def close(self) -> None:
        with self._turn:
            self._pulse.close()

    def _catch_up(self, session: Session, now: datetime) -> None:
        stale = self._waiting ^ served.waiting(session, now - OPENS_AFTER)
        if served.totals(session) != self._total:
            known = {unit_id: shelf.total for unit_id, shelf in self._shelves.items()}
            stored = served.totals_by_unit(session)
            stale |= {unit for unit, _ in known.items() ^ stored.items()}
        if stale:
            self._put(session, sorted(stale), now)

    def _put(self, session: Session, unit_ids: Sequence[str], now: datetime) -> None:
        for some in (unit_ids[at : at + 500] for at in range(0, len(unit_ids), 500)):
            found: dict[str, list[ServedExport]] = {unit_id: [] for unit_id in some}
            for export in served.load(session, some):
                found[export.unit_id].append(export)
            for unit_id, exports in found.items():
                self._shelve(unit_id, exports, now)

    def _shelve(self, unit_id: str, exports: Iterable[ServedExport], now: datetime) -> None:
        """Put before taking away: a token that stays is never missed in between."""
        fresh = list(exports)
        editions = {bytes.fromhex(one.token_hash): _edition(one, now) for one in fresh}
        for one in fresh:
            if one.old_token_hash is not None:
                old_one = replace(_edition(one, now), ends_at=one.old_token_until)
                editions[bytes.fromhex(one.old_token_hash)] = old_one
        self._editions.update(editions)
        old = self._shelves.pop(unit_id, _Shelf((), (0, 0)))
        for token in old.tokens:
            if token not in editions:
                del self._editions[token]
        new = _Shelf(tuple(editions), (len(fresh), sum(one.revision for one in fresh)))
        if fresh:
            self._shelves[unit_id] = new
        count, total = (self._total[at] + new.total[at] - old.total[at] for at in (0, 1))
        self._total = (count, total)
        if any(one.opens_at is not None for one in editions.values()):
            self._waiting.add(unit_id)
        else:
            self._waiting.discard(unit_id)


def _edition(export: ServedExport, now: datetime) -> Edition:
    modified = export.last_modified
    return Edition(
        export_id=export.id,
        version=export.version,
        etag=(export.etag or "").encode(),
        last_modified=format_datetime(modified, usegmt=True).encode() if modified else b"",
        zipped=export.body,
        opens_at=_opens_at(export, now),
    )


def _opens_at(export: ServedExport, now: datetime) -> datetime | None:
    """None once open: every feed answered, a person said publish, or the unit is no longer new."""
    opens_at = export.unit_created_at + OPENS_AFTER
    if export.unit_published_at or not export.unanswered or opens_at <= now:
        return None
    return opens_at
