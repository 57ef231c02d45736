"""Nights: half-open ranges of local dates. A night is named by the date of its evening."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

ONE_NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Nights:
    """The nights from `arrival` up to, not including, `departure`.

    Both are local dates of the property. An empty or backward range cannot be built: ValueError.
    """

    arrival: date
    departure: date

    def __post_init__(self) -> None:
        if self.departure <= self.arrival:
            raise ValueError(f"no night between {self.arrival} and {self.departure}")

    def __len__(self) -> int:
        return (self.departure - self.arrival).days

    def __iter__(self) -> Iterator[date]:
        # Counted by C alone: nights are walked through more often than anything else.
        return map(date.fromordinal, range(self.arrival.toordinal(), self.departure.toordinal()))

    def __contains__(self, night: object) -> bool:
        return isinstance(night, date) and self.arrival <= night < self.departure

    def overlaps(self, other: Nights) -> bool:
        """Whether the two share a night; a departure on the other's arrival day is no overlap."""
        return self.arrival < other.departure and other.arrival < self.departure

    def touches(self, other: Nights) -> bool:
        """Whether the two overlap or follow each other without a free night between."""
        return self.arrival <= other.departure and other.arrival <= self.departure

    def covers(self, other: Nights) -> bool:
        return self.arrival <= other.arrival and other.departure <= self.departure


def runs(nights: Iterable[date]) -> list[Nights]:
    """The fewest unbroken ranges that hold exactly these nights, in order."""
    # As numbers of days: they are compared and counted on in a tenth of the time.
    ends: list[list[int]] = []
    for day in sorted(set(map(date.toordinal, nights))):
        if ends and ends[-1][1] == day:
            ends[-1][1] = day + 1
        else:
            ends.append([day, day + 1])
    named = date.fromordinal
    return [Nights(named(arrival), named(departure)) for arrival, departure in ends]


def joined(ranges: Iterable[Nights]) -> list[Nights]:
    """The fewest unbroken ranges that hold exactly the nights of these, in order."""
    found: list[Nights] = []
    for nights in sorted(ranges, key=_ends):
        if found and nights.arrival <= found[-1].departure:
            if nights.departure > found[-1].departure:
                found[-1] = Nights(found[-1].arrival, nights.departure)
        else:
            found.append(nights)
    return found


def _ends(nights: Nights) -> tuple[date, date]:
    return nights.arrival, nights.departure


def night_set(ranges: Iterable[Nights]) -> frozenset[date]:
    """Every night of any of the ranges."""
    return frozenset(chain.from_iterable(ranges))
