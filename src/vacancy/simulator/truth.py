"""The truth about one unit, and what the house made of it: the judge of a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from vacancy.domain.nights import Nights, night_set
from vacancy.domain.stays import Conflict, ConflictKind, ConflictStatus, Stay
from vacancy.domain.support import is_genuine
from vacancy.simulator.channels import Listing, Sale
from vacancy.simulator.habits import Use
from vacancy.simulator.paper import PaperUnit

#: What ended is still held for as long as its release takes, an outage of its channel included.
LATE = timedelta(hours=36)
#: A night closed for nothing longer than this is a ghost: a release, a reading by each channel,
#: and for a channel that subtracts the day after which its absence is believed.
GHOST_AFTER = timedelta(hours=60)


@dataclass(slots=True)
class Guest:
    """A sale, or a closure by the host, by its channel's own books.

    `shown`: its calendar showed all of it to the house; `known_at`: since when the house takes it
    for the channel's own.
    """

    key: str
    sale: Sale
    since: datetime
    closure: bool = False
    ended_at: datetime | None = None
    shown: bool = False
    known_at: datetime | None = None
    freed: bool = False
    lacked: int = 0

    def to_come(self, today: date) -> list[date]:
        return [night for night in self.sale.nights if night > today]


@dataclass(slots=True)
class Double:
    """Two channels that sold the same nights: since when, and when the house said so.

    `missed`: both sides had been shown, and no incident was open. `unseeable`: ended, or never
    shown by one side, so that nobody who reads calendars could know.
    """

    first: Guest
    second: Guest
    nights: frozenset[date]
    at: datetime
    found_at: datetime | None = None
    missed: bool = False
    over: bool = False

    @property
    def unseeable(self) -> bool:
        return self.found_at is None and not self.missed


@dataclass(slots=True)
class Closed:
    """A night that the house holds closed and nobody has."""

    since: datetime
    told: bool = False


@dataclass(slots=True)
class Judge:
    """Keeps the true books of one unit, and compares."""

    unit: PaperUnit
    listings: dict[str, Listing]
    guests: list[Guest] = field(default_factory=list[Guest])
    doubles: list[Double] = field(default_factory=list[Double])
    wrongly_freed: list[str] = field(default_factory=list[str])
    overlooked: list[str] = field(default_factory=list[str])
    false_conflicts: list[str] = field(default_factory=list[str])
    late_conflicts: int = 0
    ghosts: list[str] = field(default_factory=list[str])
    _closed: dict[date, Closed] = field(default_factory=dict[date, Closed])

    # What truly happens

    def sold(self, key: str, sale: Sale, now: datetime) -> None:
        """A sale, or a move to these nights."""
        guest = Guest(key, sale, now)
        for other in self._living(now):
            if other.closure or other.key == key:
                continue
            shared = night_set([sale.nights]) & night_set([other.sale.nights])
            if any(night > self.unit.today(now) for night in shared):
                self.doubles.append(Double(other, guest, shared, now))
        self.guests.append(guest)

    def ended(self, code: str, now: datetime) -> None:
        for guest in self.guests:
            if guest.sale.code == code and guest.ended_at is None:
                guest.ended_at = now
        for double in self.doubles:
            if not double.over and code in (double.first.sale.code, double.second.sale.code):
                double.over = True

    def closed(self, key: str, nights: Nights, now: datetime) -> None:
        """Nights that the host withholds on one channel."""
        self.guests.append(Guest(key, Sale("", "", nights, now), now, closure=True))

    def opened(self, key: str, nights: Nights, now: datetime) -> None:
        """They are offered again."""
        for guest in self.guests:
            if guest.closure and (guest.key, guest.sale.nights) == (key, nights):
                guest.ended_at = guest.ended_at or now

    def _living(self, now: datetime) -> Iterator[Guest]:
        """Guests to come; those long gone are forgotten."""
        today = self.unit.today(now)
        self.guests = [
            guest
            for guest in self.guests
            if guest.sale.nights.departure > today
            and (guest.ended_at is None or guest.ended_at > now - LATE)
        ]
        return (guest for guest in self.guests if guest.ended_at is None)

    # What the house made of it

    def after_answer(self, key: str, now: datetime) -> None:
        """A good answer of this feed was taken in: what it shows must be closed by now.

        A closure may be hidden once behind a stay that the channel had read lately.
        """
        listing, today = self.listings[key], self.unit.today(now)
        for guest in self._living(now):
            if guest.key != key or guest.known_at is not None:
                continue
            shown = set(guest.to_come(today))
            if listing.does is Use.SUBTRACTS:
                shown -= night_set(listing.imported)
            lacking = shown - self.unit.nights.keys()
            guest.lacked = guest.lacked + 1 if lacking else 0
            if guest.lacked > (1 if guest.closure else 0):
                self.overlooked.append(f"{now} {self.unit.slug} {key} {guest.sale.nights}")
            guest.shown = guest.shown or shown >= set(guest.to_come(today))
            if guest.shown and set(guest.to_come(today)) <= self._claimed(key):
                guest.known_at = now

    def _claimed(self, key: str) -> frozenset[date]:
        """The nights that the house takes for this channel's own."""
        claims = self.unit.feeds[key].claims.values()
        return night_set(claim.nights for claim in claims if is_genuine(claim))

    def after_plan(self, now: datetime) -> None:
        """The unit was planned: what was held must be held, what is sold twice an incident."""
        today = self.unit.today(now)
        for guest in self._living(now):
            if guest.known_at is None or guest.freed:
                continue
            if any(night not in self.unit.nights for night in guest.to_come(today)):
                guest.freed = True
                self.wrongly_freed.append(f"{now} {self.unit.slug} {guest.key} {guest.sale.nights}")
        for double in self.doubles:
            if not double.over and double.found_at is None:
                self._look_for(double, now)

    def _look_for(self, double: Double, now: datetime) -> None:
        nights = {night for night in double.nights if night > self.unit.today(now)}
        if not nights:
            double.over = True
            return
        keys = {double.first.key, double.second.key}
        for conflict in self.unit.conflicts.values():
            if conflict.status is ConflictStatus.RESOLVED or not nights <= set(conflict.nights):
                continue
            if {stay.feed_id for stay in self._sides(conflict)} == keys:
                double.found_at = now
                return
        if double.first.shown and double.second.shown:
            double.missed = True

    def stays_of(self, double: Double) -> list[str]:
        """The house's stays that are the later sale and nothing else, where the two clash."""
        return sorted(
            {
                stay.id
                for conflict in self.unit.conflicts.values()
                if conflict.status is not ConflictStatus.RESOLVED
                and double.nights & set(conflict.nights)
                for stay in self._sides(conflict)
                if stay.feed_id == double.second.key and stay.live
                if stay.nights == double.second.sale.nights
            }
        )

    def _sides(self, conflict: Conflict) -> tuple[Stay, Stay]:
        return self.unit.stays[conflict.first], self.unit.stays[conflict.second]

    def incident(self, conflict: Conflict, now: datetime) -> None:
        """An incident was opened: both sides must be, or just have been, true."""
        if conflict.kind is ConflictKind.LINKED_UNIT:
            return
        for night in conflict.nights:
            sides = [self._truth(stay.feed_id or "", night) for stay in self._sides(conflict)]
            if None in sides:
                nights = f"{conflict.nights[0]}..{conflict.nights[-1]}"
                self.false_conflicts.append(f"{now} {self.unit.slug} {conflict.kind} {nights}")
                return
            if False in sides:
                self.late_conflicts += 1
                return

    def _truth(self, key: str, night: date) -> bool | None:
        """Whether the channel truly has the night: True, False for not any more, None for never."""
        alive = [g.ended_at is None for g in self.guests if g.key == key and night in g.sale.nights]
        return any(alive) if alive else None

    def look_for_ghosts(self, now: datetime) -> None:
        """Nights that the house holds closed for nobody, again and again when looked at.

        A reservation that has begun is held until its departure on purpose.
        """
        today = self.unit.today(now)
        real = night_set(guest.sale.nights for guest in self._living(now))
        begun = {stay.id for stay in self.unit.stays.values() if stay.nights.arrival <= today}
        ghosts = {
            night
            for night, stay_id in self.unit.nights.items()
            if night > today and night not in real and stay_id not in begun
        }
        self._closed = {night: self._closed.get(night, Closed(now)) for night in ghosts}
        for night, closed in self._closed.items():
            if now - closed.since > GHOST_AFTER and not closed.told:
                closed.told = True
                self.ghosts.append(f"{now} {self.unit.slug} {night}")
