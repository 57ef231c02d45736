"""Every live export in memory, at most one look behind any process's commit.

Of each there is what a conditional request is answered by, in a few hundred bytes; of the gzipped
bytes, as many as there is room for. The look is the daemon's to call, twice a second, in a worker
thread. Serving reads two dictionaries and never waits for it.
"""

from __future__ import annotations

import gzip
import struct
import threading
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from vacancy.publisher.bodies import Bodies
from vacancy.publisher.edition import Edition, pack, unpack
from vacancy.store import served
from vacancy.store.exports import token_digest
from vacancy.store.served import Pulse, ServedExport, StoreFailure
from vacancy.store.session import Session, Store

#: After this a new unit's exports open, whatever its feeds have answered.
OPENS_AFTER = timedelta(hours=24)
#: Bytes for gzipped exports: all of a house with some thousand feeds.
ROOM = 8 << 20
#: Bytes for plain ones: readers that take no gzip are few.
PLAIN_ROOM = 1 << 20

_UNITS_AT_ONCE = 500
#: Of a token's 256 bits of digest, as many as none of another's begins with, by any effort.
_TOLD_APART = 16
#: A unit's part of the memory: the store's totals of it, and then its tokens.
_TOTALS = struct.Struct("<Iq")
_NOTHING = _TOTALS.pack(0, 0)


class ExportCache:
    """Exports by token. Lookups may come from any thread; so may `look` and `refresh`."""

    def __init__(self, store: Store, room: int = ROOM) -> None:
        self._store = store
        self._pulse = Pulse(store)
        self._turn = threading.Lock()
        self._editions: dict[bytes, bytes] = {}
        self._shelves: dict[str, bytes] = {}
        self._zipped, self._plain = Bodies(room), Bodies(PLAIN_ROOM)
        self._waiting: set[str] = set()
        self._total = (0, 0)
        #: False until the store was read once: then an unknown token is not known to be unknown.
        self.ready = False

    def __len__(self) -> int:
        return len(self._editions)

    def find(self, token: str) -> Edition | None:
        """The export that the token names now."""
        packed = self._editions.get(token_digest(token)[:_TOLD_APART])
        return None if packed is None else unpack(packed)

    def kept(self, edition: Edition) -> bytes | None:
        """Its gzipped bytes, where they are in memory."""
        return self._zipped.get(edition.export_id, edition.version)

    def fetch(self, edition: Edition) -> tuple[Edition, bytes] | None:
        """The export as the store holds it now, with its gzipped bytes, which are kept from now on;
        None where it is no more. Raises a `StoreFailure`.
        """
        with self._store.read() as session:
            export = served.published(session, edition.export_id)
        if export is None or export.body is None:
            return None
        self._zipped.put(export.id, export.version, export.body)
        return unpack(pack(export, edition.opens_at, edition.ends_at)), export.body

    def plain(self, edition: Edition, zipped: bytes) -> bytes:
        """Its bytes for a reader that takes no gzip."""
        known = self._plain.get(edition.export_id, edition.version)
        if known is not None:
            return known
        plain = gzip.decompress(zipped)
        self._plain.put(edition.export_id, edition.version, plain)
        return plain

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

    def refresh(self, unit_ids: Collection[str], now: datetime) -> bool:
        """Catch up with this process's own commits about units. False: the next look will do it."""
        with self._turn:
            try:
                with self._store.read() as session:
                    self._put(session, sorted(unit_ids), now)
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
            stale |= self._moved(session)
        if stale:
            self._put(session, sorted(stale), now)

    def _moved(self, session: Session) -> set[str]:
        """The units of which the store's totals are not the memory's."""
        moved: set[str] = set()
        met = 0
        for unit_id, *totals in served.totals_by_unit(session):
            shelf = self._shelves.get(unit_id)
            met += shelf is not None
            if shelf is None or _TOTALS.unpack_from(shelf) != tuple(totals):
                moved.add(unit_id)
        if met < len(self._shelves):
            moved |= self._shelves.keys() - {one[0] for one in served.totals_by_unit(session)}
        return moved

    def _put(self, session: Session, unit_ids: Sequence[str], now: datetime) -> None:
        """Put units into memory as the store has them. What changes a unit was perhaps waited for,
        so its bytes are read too; when all of the house is read, only as many as find room.
        """
        few = len(unit_ids) <= _UNITS_AT_ONCE
        for at in range(0, len(unit_ids), _UNITS_AT_ONCE):
            some = unit_ids[at : at + _UNITS_AT_ONCE]
            found: dict[str, list[ServedExport]] = {unit_id: [] for unit_id in some}
            whole = few or not self._zipped.full
            for export in served.load(session, some, bodies=whole):
                found[export.unit_id].append(export)
            for unit_id, exports in found.items():
                self._shelve(unit_id, exports, now)

    def _shelve(self, unit_id: str, exports: Collection[ServedExport], now: datetime) -> None:
        """Put before taking away: a token that stays is never missed in between."""
        editions: dict[bytes, bytes] = {}
        waits = False
        for one in exports:
            opens_at = _opens_at(one, now)
            waits |= opens_at is not None
            editions[_token(one.token_hash)] = pack(one, opens_at, None)
            if one.old_token_hash is not None:
                editions[_token(one.old_token_hash)] = pack(one, opens_at, one.old_token_until)
            if one.body is not None:
                self._zipped.put(one.id, one.version, one.body)
        self._editions.update(editions)
        self._clear(unit_id, editions)
        totals = (len(exports), sum(one.revision for one in exports))
        if exports:
            self._shelves[unit_id] = _TOTALS.pack(*totals) + b"".join(editions)
        self._total = (self._total[0] + totals[0], self._total[1] + totals[1])
        if waits:
            self._waiting.add(unit_id)
        else:
            self._waiting.discard(unit_id)

    def _clear(self, unit_id: str, but: Iterable[bytes]) -> None:
        shelf = self._shelves.pop(unit_id, _NOTHING)
        for at in range(_TOTALS.size, len(shelf), _TOLD_APART):
            token = shelf[at : at + _TOLD_APART]
            if token not in but:
                del self._editions[token]
        count, total = _TOTALS.unpack_from(shelf)
        self._total = (self._total[0] - count, self._total[1] - total)


def _token(digest: str) -> bytes:
    return bytes.fromhex(digest)[:_TOLD_APART]


def _opens_at(export: ServedExport, now: datetime) -> datetime | None:
    """None once open: every feed answered, a person said publish, or the unit is no longer new."""
    opens_at = export.unit_created_at + OPENS_AFTER
    if export.unit_published_at or not export.unanswered or opens_at <= now:
        return None
    return opens_at
