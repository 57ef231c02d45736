"""Bytes of exports kept in memory as far as there is room: those asked for last."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: What keeping one takes beside its bytes.
_EACH = 250


class Bodies:
    """At most `room` bytes, of one version of each export. Any thread may ask."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._weight = 0
        self._guard = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        #: Whether something had to go for want of room: then filling up further drives out others.
        self.full = False

    @property
    def weight(self) -> int:
        """About how many bytes are taken."""
        return self._weight

    def get(self, export_id: str, version: int) -> bytes | None:
        """The bytes of that version; None where they are not kept, or another's are."""
        with self._guard:
            kept = self._kept.get(export_id)
            if kept is None or kept[0] != version:
                return None
            self._kept.move_to_end(export_id)
            return kept[1]

    def put(self, export_id: str, version: int, body: bytes) -> None:
        """Keep these in the place of another version; what was not asked for longest makes room.

        Bytes that want more than half of the room are not kept: they would drive out all others.
        """
        with self._guard:
            self._drop(export_id)
            if len(body) + _EACH > self._room // 2:
                return
            self._kept[export_id] = (version, body)
            self._weight += len(body) + _EACH
            while self._weight > self._room:
                self.full = True
                self._drop(next(iter(self._kept)))

    def _drop(self, export_id: str) -> None:
        kept = self._kept.pop(export_id, None)
        if kept is not None:
            self._weight -= len(kept[1]) + _EACH
