"""A unit on some channels, each with its own way with imported nights, and a house that reads them.

The house is the one on paper, or any other that answers to the same few words.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement
from typing import Protocol
from zoneinfo import ZoneInfo

from vacancy.domain.nights import Nights
from vacancy.domain.stays import ConflictStatus
from vacancy.simulator.channels import Listing
from vacancy.simulator.habits import AIRBNB, BOOKING_COM, VRBO, Habits, Use
from vacancy.simulator.paper import PaperUnit

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Rome")
SOLD = Nights(date(2027, 4, 10), date(2027, 4, 14))
ALSO = Nights(date(2027, 4, 12), date(2027, 4, 17))
QUARTER = timedelta(minutes=15)
#: What any channel here needs to free a night: three good answers over six hours.
RELEASE = timedelta(hours=6, minutes=30)

Kind = tuple[Habits, Use]
#: A channel's words tell reservations from blocks, by keys or without, or it has one word for all.
#: Its own sales under a key are never subtracted: no channel is known to, and their absence is
#: believed.
KINDS: tuple[Kind, ...] = (
    *((VRBO, use) for use in Use),
    *((BOOKING_COM, use) for use in Use),
    (AIRBNB, Use.SHOWS),
    (AIRBNB, Use.IGNORES),
)


class House(Protocol):
    """What the scenes ask of a house with one unit."""

    def hears(self, key: str, listing: Listing, now: datetime) -> None: ...
    def read_by(self, key: str, now: datetime) -> list[Nights] | None: ...
    def closed(self, now: datetime) -> frozenset[date]: ...
    def conflicts(self) -> list[tuple[str, tuple[date, ...]]]:
        """Kind and nights of those that are not resolved."""
        ...


class OnPaper:
    """The house on paper as a `House`."""

    def __init__(self, channels: dict[str, str]) -> None:
        self.unit = PaperUnit("sea-view", ZONE, channels)
        self.scenes: dict[str, Hashable] = {}

    def hears(self, key: str, listing: Listing, now: datetime) -> None:
        scene = listing.scene(now)
        if self.scenes.get(key) == scene:
            self.unit.answers_the_same(key, now)
            return
        self.unit.answers(key, listing.calendar(now), now)
        self.scenes[key] = scene

    def read_by(self, key: str, now: datetime) -> list[Nights] | None:
        return self.unit.read_by(key, now)

    def closed(self, now: datetime) -> frozenset[date]:
        return frozenset(self.unit.nights)

    def conflicts(self) -> list[tuple[str, tuple[date, ...]]]:
        return sorted(
            (one.kind.value, one.nights)
            for one in self.unit.conflicts.values()
            if one.status is not ConflictStatus.RESOLVED
        )


def channels_of(kinds: Sequence[Kind]) -> dict[str, tuple[str, Kind]]:
    """Key -> channel and kind: `airbnb`, `booking_com`, `airbnb_2`..."""
    found: dict[str, tuple[str, Kind]] = {}
    for kind in kinds:
        channel = kind[0].channel
        number = sum(each[0] == channel for each in found.values()) + 1
        found[channel if number == 1 else f"{channel}_{number}"] = (channel, kind)
    return found


@dataclass
class Scene:
    """The channels, the house, and a clock that every act moves on."""

    kinds: Sequence[Kind]
    house: House
    now: datetime = NOW
    listings: dict[str, Listing] = field(init=False)
    seen: list[tuple[str, tuple[date, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listings = {
            key: Listing(kind[0], key, ZONE, use=kind[1])
            for key, (_, kind) in channels_of(self.kinds).items()
        }
        self.poll()
        self.read()
        self.poll()

    def wait(self, span: timedelta) -> None:
        self.now += span

    def poll(self, after: timedelta = QUARTER) -> None:
        """Every feed is polled; the conflicts that are open then are kept in mind."""
        self.wait(after)
        for key, listing in self.listings.items():
            self.wait(timedelta(seconds=5))
            self.house.hears(key, listing, self.now)
        self.seen += self.house.conflicts()

    def read(self) -> None:
        """Every channel reads its export."""
        for key, listing in self.listings.items():
            self.wait(timedelta(minutes=1))
            nights = self.house.read_by(key, self.now)
            if nights is not None:
                listing.take_over(nights)

    def release(self) -> None:
        """Polls go on for as long as any channel's release takes."""
        end = self.now + RELEASE
        while self.now < end:
            self.poll(timedelta(hours=1))

    def for_sale(self, nights: Nights) -> dict[str, bool]:
        """Whether each channel offers these nights to guests."""
        return {key: listing.offers(nights, self.now) for key, listing in self.listings.items()}


def combinations(most: int = 5) -> Iterator[tuple[Kind, ...]]:
    """Every choice of 1 to `most` channels, whatever their order."""
    for number in range(1, most + 1):
        yield from combinations_with_replacement(KINDS, number)


def origins(kinds: Sequence[Kind]) -> list[int]:
    """One place for each kind: equal channels stand for one another."""
    return [place for place, kind in enumerate(kinds) if kind not in kinds[:place]]


def pairs(kinds: Sequence[Kind]) -> list[tuple[int, int]]:
    """Two places for each pair of kinds; of up to three channels in either order of sale."""
    found: dict[tuple[Kind, Kind], tuple[int, int]] = {}
    for one, first in enumerate(kinds):
        for other, second in enumerate(kinds):
            told_before = len(kinds) > 3 and (second, first) in found
            if one != other and not told_before:
                found.setdefault((first, second), (one, other))
    return [
        pair if len(kinds) <= 3 or turn % 2 else (pair[1], pair[0])
        for turn, pair in enumerate(found.values())
    ]
