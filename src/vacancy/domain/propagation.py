"""How what we publish reaches a channel: its habit of reading, and how long a stay was unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from vacancy.domain.nights import Nights

#: A reader has a habit from so many visits on; before that it may have been a person trying.
VISITS_OF_A_HABIT = 3
#: A reader is silent after so many of its usual intervals, but never before `SILENT_AFTER`.
SILENT_INTERVALS = 4
SILENT_AFTER = timedelta(hours=12)
#: The share of its intervals that were no longer than the usual one.
_USUAL_SHARE = 0.75
#: Only recent readings tell which reader is the channel: importers change their names.
_READER_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Visits:
    """A reader's visits to one version of an export, the first and last at these instants.

    `number` counts readings of one minute as one visit.
    """

    version: int
    first_at: datetime
    last_at: datetime
    number: int = 1


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a reader comes. Half of its intervals are at most `median`, three in four at most
    `usual`; both None until it came often enough to tell.
    """

    last_at: datetime
    visits: int
    median: timedelta | None = None
    usual: timedelta | None = None

    @property
    def silent_from(self) -> datetime | None:
        """When its silence becomes an alarm if it does not come until then."""
        if self.usual is None:
            return None
        return self.last_at + max(SILENT_AFTER, self.usual * SILENT_INTERVALS)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One stay in one export: since when it stood there, and when its reader first read it.

    `ended_at`: read, or withdrawn before anyone read it; None while it is not known there.
    """

    stay_id: str
    nights: Nights
    published_at: datetime
    read_at: datetime | None
    ended_at: datetime | None

    def minutes(self, now: datetime) -> int:
        """Minutes, rounded, in which the channel could still sell these nights."""
        span = max(timedelta(), (self.ended_at or now) - self.published_at)
        return round(span / timedelta(minutes=1))


def habit(visits: Sequence[Visits]) -> Habit | None:
    """What the visits of one reader, by version, say of it; None when there are none."""
    if not visits:
        return None
    ordered = sorted(visits, key=lambda one: one.first_at)
    last = max(one.last_at for one in ordered)
    number = sum(one.number for one in ordered)
    if number < VISITS_OF_A_HABIT:
        return Habit(last, number)
    gaps = _gaps(ordered)
    return Habit(last, number, _share(gaps, 0.5), _share(gaps, _USUAL_SHARE))


def _gaps(ordered: Sequence[Visits]) -> list[tuple[timedelta, int]]:
    """The intervals between visits, each with how many there were of it."""
    gaps = [
        ((one.last_at - one.first_at) / (one.number - 1), one.number - 1)
        for one in ordered
        if one.number > 1
    ]
    pairs = pairwise(ordered)
    gaps += [(max(after.first_at - before.last_at, timedelta()), 1) for before, after in pairs]
    return sorted(gaps)


def _share(gaps: Sequence[tuple[timedelta, int]], share: float) -> timedelta:
    """The interval that this share of all is at most."""
    wanted = share * sum(weight for _, weight in gaps)
    for gap, weight in gaps:
        wanted -= weight
        if wanted <= 0:
            return gap
    return gaps[-1][0]


class ReadBy(Protocol):
    """What is told of readings of one version by one reader."""

    @property
    def reader(self) -> str: ...
    @property
    def first_at(self) -> datetime: ...
    @property
    def last_at(self) -> datetime: ...
    @property
    def count(self) -> int: ...


def main_reader(readings: Sequence[ReadBy]) -> str | None:
    """The reader that is the channel: the one that read the export most, None when nobody did.

    Most: in the 30 days before the export's last reading; of equals, the one that read last.
    """
    if not readings:
        return None
    recent = max(reading.last_at for reading in readings) - _READER_SPAN
    standing: dict[str, tuple[int, datetime, str]] = {}
    for reading in readings:
        if reading.last_at >= recent:
            count, last, _ = standing.get(reading.reader, (0, reading.last_at, ""))
            last = max(last, reading.last_at)
            standing[reading.reader] = (count + reading.count, last, reading.reader)
    *_, reader = max(standing.values())
    return reader


def readers_of_channel(readings: Sequence[ReadBy]) -> frozenset[str]:
    """The main reader, and those who came only after its last visit: it may have a new name."""
    main = main_reader(readings)
    if main is None:
        return frozenset()
    left = max(one.last_at for one in readings if one.reader == main)
    first: dict[str, datetime] = {}
    for one in readings:
        first[one.reader] = min(one.first_at, first.get(one.reader, one.first_at))
    return frozenset({main, *(reader for reader, came in first.items() if came > left)})
