"""The stage of the demo: a world, its channels on loopback, the house under them, one clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from vacancy.clock import SystemClock
from vacancy.domain.nights import Nights, night_set
from vacancy.simulator.channels import Listing, Sale
from vacancy.simulator.habits import AIRBNB, BOOKING_COM, VRBO, Use
from vacancy.simulator.server import ChannelServer, ExportReader
from vacancy.simulator.telling import Teller
from vacancy.simulator.world import Place, World

#: The units of the demo: slug, name, time zone.
UNITS = (("sea-view", "Sea View", "Europe/Lisbon"), ("old-mill", "Old Mill", "Europe/Berlin"))
NAMES = {"airbnb": "Airbnb", "booking_com": "Booking.com", "vrbo": "Vrbo"} | {
    slug: name for slug, name, _ in UNITS
}


@dataclass(frozen=True, slots=True)
class Booked:
    """A stay as the house tells it."""

    unit: str
    channel: str
    kind: str
    reason: str | None
    status: str
    nights: Nights


@dataclass(frozen=True, slots=True)
class Clash:
    """A conflict as the house tells it."""

    unit: str
    kind: str
    status: str
    nights: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export as the house tells it; `feed` is the feed's key, or `everyone`."""

    unit: str
    feed: str
    url: str
    version: int
    last_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """What one poll of one feed came to."""

    outcome: str
    changes: tuple[tuple[str, Nights], ...]

    def says(self, change: str, nights: Nights) -> bool:
        return (change, nights) in self.changes


class House(Protocol):
    """The product, as the story asks it."""

    def poll(self) -> dict[Place, Told]:
        """Does everything that is due; the polls of it by (channel, unit)."""
        ...

    def bookings(self, unit: str) -> Sequence[Booked]: ...

    def conflicts(self) -> Sequence[Clash]: ...

    def exports(self) -> Sequence[Exported]: ...


class StoryClock:
    """Stands still but where the story moves it; `run_on` lets it go like any clock."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0
        self._running: tuple[SystemClock, float] | None = None

    def now(self) -> datetime:
        return self._now + self._since()

    def monotonic(self) -> float:
        return self._monotonic + self._since().total_seconds()

    def move(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()

    def run_on(self) -> None:
        system = SystemClock()
        self._running = (system, system.monotonic())

    def _since(self) -> timedelta:
        if self._running is None:
            return timedelta()
        system, began = self._running
        return timedelta(seconds=system.monotonic() - began)


def a_world(now: datetime, seed: int) -> World:
    """Each unit on three channels: one shows what it imports, one subtracts it, one ignores it."""
    pages = [
        page
        for slug, _, zone in UNITS
        for page in (
            Listing(AIRBNB, slug, ZoneInfo(zone), seed, sells_until=180, use=Use.SHOWS),
            Listing(BOOKING_COM, slug, ZoneInfo(zone), seed, use=Use.SUBTRACTS),
            Listing(VRBO, slug, ZoneInfo(zone), seed, use=Use.IGNORES),
        )
    ]
    return World.of(pages, now, seed=seed)


@dataclass(slots=True)
class Stage:
    """All that a chapter needs; it also knows how to wait, to read, and to look."""

    world: World
    server: ChannelServer
    house: House
    clock: StoryClock
    teller: Teller
    reader: ExportReader = field(default_factory=ExportReader)
    first_day: date = field(init=False)

    def __post_init__(self) -> None:
        self.first_day = self.clock.now().date()

    def nights(self, first: int, last: int) -> Nights:
        """From so many to so many days after the story's first."""
        return Nights(self.first_day + timedelta(days=first), self.first_day + timedelta(days=last))

    def sell(self, place: Place, nights: Nights, guest: str) -> Sale:
        with self.server.lock:
            return self.world.sell(place, nights, guest)

    def cancel(self, place: Place, sale: Sale) -> None:
        with self.server.lock:
            self.world.cancel(place, sale.code)

    def wait(self, minutes: int) -> dict[Place, Told]:
        """So much time passes; then the house does what is due."""
        self.clock.move(timedelta(minutes=minutes))
        with self.server.lock:
            self.world.now = self.clock.now()
        return self.house.poll()

    def channels_read(self) -> int:
        """Every channel reads its export; how many got one."""
        return sum(self.world.read(place, self.reader) for place in sorted(self.world.exports))

    def stay(self, unit: str, channel: str, nights: Nights) -> Booked | None:
        """The house's live or missing stay of a channel with exactly these nights."""
        for booked in self.house.bookings(unit):
            live = booked.status in ("confirmed", "missing")
            if live and (booked.channel, booked.nights) == (channel, nights):
                return booked
        return None

    def for_sale(self, unit: str, nights: Nights, but: Iterable[str] = ()) -> list[str]:
        """The channels that offer any of the nights of a unit to guests."""
        return [
            channel
            for (channel, room), listing in sorted(self.world.listings.items())
            if room == unit and channel not in but
            if any(
                listing.offers(Nights(night, night + timedelta(days=1)), self.clock.now())
                for night in nights
            )
        ]

    def sold_and_for_sale(self) -> list[str]:
        """Every sold night, by the world's own books, that some channel still offers."""
        found: list[str] = []
        for (_, unit), listing in sorted(self.world.listings.items()):
            for sale in listing.sales:
                found += [f"{unit} {sale.nights} {c}" for c in self.for_sale(unit, sale.nights)]
        return found

    def truly_taken(self, unit: str) -> frozenset[date]:
        """Every night that a channel sold or a host closed, by the world's own books."""
        pages = [page for (_, room), page in self.world.listings.items() if room == unit]
        sold = [sale.nights for page in pages for sale in page.sales]
        return night_set([*sold, *(nights for page in pages for nights in page.closures)])
