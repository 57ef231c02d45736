"""The world around the house: guests who book and cancel, hosts who block, channels that read.

A world is a clock, some listings and a seed. It is moved on from outside, never by itself, and
writes down the truth, so that what the house holds can be judged by it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from vacancy.domain.nights import Nights
from vacancy.simulator.channels import Listing, NotForSale, Sale

#: A listing's place in the world: (channel, room).
Place = tuple[str, str]

_GUESTS = ("Ana", "Bruno", "Chiara", "Dora", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana")
_HOUR = timedelta(hours=1)


class What(StrEnum):
    SOLD = "sold"
    CANCELED = "canceled"
    CLOSED = "closed"
    OPENED = "opened"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that truly happened; `code` is "" where no reservation is meant."""

    at: datetime
    what: What
    place: Place
    nights: Nights | None = None
    code: str = ""

    def __str__(self) -> str:
        nights = f" {self.nights.arrival}/{self.nights.departure}" if self.nights else ""
        code = f" {self.code}" if self.code else ""
        return f"{self.at.isoformat()} {'/'.join(self.place)} {self.what}{nights}{code}"


@dataclass(frozen=True, slots=True)
class Temper:
    """How lively a world is: chances of one listing in one hour, and how far ahead guests book."""

    books: float = 0.02
    cancels: float = 0.003
    closes: float = 0.003
    opens: float = 0.003
    ahead: int = 120
    longest: int = 9


#: Reads one export as a channel does: (address, user agent) -> the body, or None where none came.
Reader = Callable[[str, str], "bytes | None"]


@dataclass(slots=True)
class World:
    """Listings by place, the truth so far, and when each channel reads its export next.

    `exports` gives the address that a listing imports; one without an address reads nothing.
    """

    now: datetime
    listings: dict[Place, Listing]
    seed: int = 0
    temper: Temper = field(default_factory=Temper)
    exports: dict[Place, str] = field(default_factory=dict[Place, str])
    history: list[Fact] = field(default_factory=list[Fact])
    _next_reading: dict[Place, datetime] = field(default_factory=dict[Place, datetime])
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"world|{self.seed}")

    @classmethod
    def of(cls, listings: Iterable[Listing], now: datetime, *, seed: int = 0) -> World:
        return cls(now, {(each.habits.channel, each.room): each for each in listings}, seed)

    # What a story asks for

    def sell(self, place: Place, nights: Nights, guest: str = "Ana") -> Sale:
        sale = self.listings[place].sell(nights, guest, self.now)
        self._note(What.SOLD, place, nights, sale.code)
        return sale

    def cancel(self, place: Place, code: str) -> Sale:
        sale = self.listings[place].cancel(code)
        self._note(What.CANCELED, place, sale.nights, code)
        return sale

    def close(self, place: Place, nights: Nights) -> None:
        self.listings[place].close(nights)
        self._note(What.CLOSED, place, nights)

    def open(self, place: Place, nights: Nights) -> None:
        self.listings[place].open(nights)
        self._note(What.OPENED, place, nights)

    def read(self, place: Place, reader: Reader) -> bool:
        """Lets a channel read its export now; it keeps what it had where none comes."""
        listing = self.listings[place]
        body = reader(self.exports[place], listing.habits.agent)
        if body is None:
            return False
        listing.import_calendar(body)
        self._note(What.READ, place)
        return True

    # What happens by itself

    def pass_time(self, until: datetime, reader: Reader | None = None) -> None:
        """Lives on to `until`, an hour at a time, channels reading their exports as they do."""
        while self.now < until:
            step = min(_HOUR, until - self.now)
            self.now += step
            for place in sorted(self.listings):
                self._live(place, step / _HOUR)
                if reader is not None and place in self.exports and self._reads_now(place):
                    self.read(place, reader)

    def double_sold(self) -> dict[tuple[str, date], list[Place]]:
        """The truth about double bookings: each night of a room that more than one channel sold."""
        sold: dict[tuple[str, date], list[Place]] = {}
        for place, listing in sorted(self.listings.items()):
            for sale in listing.sales:
                for night in sale.nights:
                    sold.setdefault((place[1], night), []).append(place)
        return {night: places for night, places in sold.items() if len(places) > 1}

    def _live(self, place: Place, hours: float) -> None:
        """One listing's hour; every draw is made in order, so that a seed repeats them."""
        draw = self._chance.random
        books, cancels, closes, opens = (draw() for _ in range(4))
        listing, temper = self.listings[place], self.temper
        if books < temper.books * hours:
            self._try_to_sell(place)
        if cancels < temper.cancels * hours and (sales := self._to_come(listing)):
            self.cancel(place, self._chance.choice(sales).code)
        if closes < temper.closes * hours:
            self.close(place, self._some_nights(listing))
        if opens < temper.opens * hours and listing.closures:
            self.open(place, self._chance.choice(listing.closures))

    def _try_to_sell(self, place: Place) -> None:
        nights = self._some_nights(self.listings[place])
        guest = self._chance.choice(_GUESTS)
        try:
            self.sell(place, nights, guest)
        except NotForSale:
            return

    def _some_nights(self, listing: Listing) -> Nights:
        """Soon rather than late, short rather than long."""
        ahead = int(self.temper.ahead * self._chance.random() ** 2)
        length = 1 + int(self.temper.longest * self._chance.random() ** 2)
        arrival = self.now.astimezone(listing.zone).date() + timedelta(days=ahead)
        return Nights(arrival, arrival + timedelta(days=length))

    def _to_come(self, listing: Listing) -> list[Sale]:
        today = self.now.astimezone(listing.zone).date()
        return [sale for sale in listing.sales if sale.nights.arrival > today]

    def _reads_now(self, place: Place) -> bool:
        due = self._next_reading.get(place, self.now)
        if due > self.now:
            return False
        shortest, longest = self.listings[place].habits.reads_every
        pause = shortest + (longest - shortest) * self._chance.random()
        self._next_reading[place] = self.now + pause
        return True

    def _note(self, what: What, place: Place, nights: Nights | None = None, code: str = "") -> None:
        self.history.append(Fact(self.now, what, place, nights, code))
