"""Who read which version: gathered as exports are served, written down soon.

A reading proves that a channel knew our nights, so a browser's must never count: a host who looks
at an export would make the channel's own sales look like echoes. What is wrongly not counted only
keeps nights closed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from vacancy.ids import Chance
from vacancy.store.exports import Reading, record_readings
from vacancy.store.session import Store

#: How long repeated readings are gathered before they are written.
GATHERED_FOR = timedelta(minutes=1)

#: Readers told apart per export; the rest are one.
MOST_READERS = 16

OWN_AGENT = "Vacancy/"
UNNAMED = "unnamed"
OTHERS = "others"

_NAME_LENGTH = 60
_ENGINE = re.compile(r"^(?:Mozilla|Opera)/.*(?:Gecko|AppleWebKit|Trident|MSIE|Presto)", re.S)
#: What a program that borrows a browser's words says of itself. "compatible; MSIE" is a browser.
_PROGRAM = re.compile(
    r"compatible;(?! MSIE)|bot\b|crawler|spider|import|calendar|outlook|thunderbird", re.I
)
_DECLARED = re.compile(r"compatible;\s*([^;/)]+)")
_COMMENT = re.compile(r"\([^()]*\)")
_VERSION = re.compile(r"/\S*|(?<!\S)v?\d[\w.]*(?!\S)")
_ODD = re.compile(r"[^\x21-\x7e]+")


def is_browser(agent: str) -> bool:
    """Whether a person looks: the words of a browser's engine, and none of a program's."""
    return bool(_ENGINE.search(agent)) and not _PROGRAM.search(agent)


@lru_cache(maxsize=1024)
def reader_of(agent: str, own_agent: str = OWN_AGENT) -> str | None:
    """The reader that a User-Agent names, without versions, at most 60 characters.

    None for what never counts as a reader: a browser, and Vacancy itself.
    """
    if is_browser(agent) or agent.startswith(own_agent):
        return None
    declared = _DECLARED.search(agent)
    name = declared[1] if declared else _VERSION.sub(" ", _COMMENT.sub(" ", agent))
    return _ODD.sub(" ", name).strip()[:_NAME_LENGTH].strip() or UNNAMED


@dataclass(slots=True)
class _Gathered:
    first_at: datetime
    last_at: datetime
    count: int = 1


#: An export, a version, a reader.
_Key = tuple[str, int, str]


class Readings:
    """Gathers readings from any thread and writes them down when told.

    The first reading of a version by a reader waits only for the next `flush`; repeats are gathered
    for a minute.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._gathered: dict[_Key, _Gathered] = {}
        #: By export and reader: the version last written down, 0 for none yet.
        self._written: dict[str, dict[str, int]] = {}
        self._repeats_at: datetime | None = None

    def note(self, export_id: str, version: int, reader: str, at: datetime) -> None:
        """One whole answer was given. Costs no input or output."""
        with self._guard:
            known = self._written.setdefault(export_id, {})
            if reader not in known:
                reader = reader if len(known) < MOST_READERS else OTHERS
                known.setdefault(reader, 0)
            gathered = self._gathered.get((export_id, version, reader))
            if gathered is None:
                self._gathered[export_id, version, reader] = _Gathered(at, at)
            else:
                gathered.last_at = at
                gathered.count += 1

    def flush(self, store: Store, now: datetime, *, repeats: bool = False) -> int:
        """Write down what is due, in a transaction of its own; how many rows.

        To be called every second, before anything is judged by readings, and, with `repeats`, at a
        graceful stop. When the store fails its error comes through and nothing gathered is lost.
        """
        with self._turn:
            taken = self._take(now, repeats=repeats)
            if not taken:
                return 0
            rows = [
                Reading(*key, gathered.first_at, gathered.last_at, gathered.count)
                for key, gathered in taken.items()
            ]
            try:
                with store.write() as session:
                    record_readings(session, rows, self._chance)
            except BaseException:
                self._give_back(taken)
                raise
            self._mark(taken)
            return len(rows)

    def _take(self, now: datetime, *, repeats: bool) -> dict[_Key, _Gathered]:
        with self._guard:
            if repeats or self._repeats_are_due(now):
                self._repeats_at = now
                taken, self._gathered = self._gathered, {}
                return taken
            first = [key for key in self._gathered if self._written[key[0]][key[2]] != key[1]]
            return {key: self._gathered.pop(key) for key in first}

    def _repeats_are_due(self, now: datetime) -> bool:
        """Also when the clock was put back: else repeats would wait until it caught up."""
        if self._repeats_at is None:
            self._repeats_at = now
        return not timedelta() <= now - self._repeats_at < GATHERED_FOR

    def _give_back(self, taken: dict[_Key, _Gathered]) -> None:
        with self._guard:
            for key, gathered in taken.items():
                later = self._gathered.get(key)
                if later is not None:
                    gathered.last_at = later.last_at
                    gathered.count += later.count
                self._gathered[key] = gathered

    def _mark(self, written: Iterable[_Key]) -> None:
        with self._guard:
            for export_id, version, reader in written:
                self._written[export_id][reader] = version
