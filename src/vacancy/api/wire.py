"""The newest facts of one account as its streams are told them: each is read and written once,
however many listen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from vacancy.store import journal

#: How many facts one message of a stream holds at most, and how much a wire keeps.
AT_ONCE = 100
_MOST, _MOST_BYTES = 5000, 4 * 1024 * 1024
#: How many messages a wire remembers: one for each place and choice of types that was asked for.
_MOST_TOLD = 100

#: A fact's number and type, and the text of its event.
Frame = tuple[int, str, bytes]


def framed(row: Any) -> Frame:
    """A row of the journal as a server-sent event."""
    written = json.dumps(journal.told(row), separators=(",", ":"))
    text = f"id: {row.sequence}\nevent: {row.type}\ndata: {written}\n\n"
    return row.sequence, row.type, text.encode()


class Wire:
    """The facts from one on up to the account's last, without a gap; at first none after `last`."""

    def __init__(self, last: int) -> None:
        self._after = last
        self._frames: list[Frame] = []
        self._size = 0
        self._told: dict[tuple[int, frozenset[str]], tuple[int, bytes]] = {}

    @property
    def last(self) -> int:
        """The number of the last fact."""
        return self._after + len(self._frames)

    def add(self, frames: Iterable[Frame]) -> None:
        """Take in the facts that follow; what is too much is let go from the oldest on."""
        for frame in frames:
            if frame[0] != self.last + 1:
                self._let_go(len(self._frames))
                self._after = frame[0] - 1
            self._frames.append(frame)
            self._size += len(frame[2])
            self._told.clear()
        if len(self._frames) > _MOST or self._size > _MOST_BYTES:
            self._let_go(max(1, len(self._frames) // 2))

    def _let_go(self, count: int) -> None:
        self._size -= sum(len(text) for _, _, text in self._frames[:count])
        del self._frames[:count]
        self._after += count

    def reaches(self, cursor: int) -> bool:
        """Whether all that follows this number is here."""
        return self._after <= cursor

    def since(self, cursor: int, types: frozenset[str]) -> tuple[int, bytes]:
        """The next message for a stream that was told up to `cursor`, and up to where it tells.

        Empty only where nothing of these types (none: of any) follows. `cursor` must be reached.
        """
        asked = (cursor, types)
        if asked not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told[asked] = self._joined(cursor, types)
        return self._told[asked]

    def _joined(self, cursor: int, types: Collection[str]) -> tuple[int, bytes]:
        texts: list[bytes] = []
        for number, kind, text in self._frames[cursor - self._after :]:
            cursor = number
            if not types or kind in types:
                texts.append(text)
            if len(texts) == AT_ONCE:
                break
        return cursor, b"".join(texts)
