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

    `seen`: the nights that its calendar ever showed to the house, the first of them at `seen_at`.
    `known_at`: since when the house takes it for the channel's own.
    """

    key: str
    sale: Sale
    since: datetime
    closure: bool = False
    ended_at: datetime | None = None
    seen: frozenset[date] = frozenset()
    seen_at: datetime | None = None
    known_at: datetime | None = None
    freed: bool = False
    lacked: int = 0

    def to_come(self, today: date) -> list[date]:
        return [night for night in self.sale.nights if night > today]


@dataclass(slots=True)
class Double:
    """Two channels that sold the same nights: since when, and when the house said so.

    `missed`: both sides had shown a night of it, and no incident was open for that night then, even
    if there was one before or later. `alike`: for a while the later sale could as well have been an
    echo: its channel, without words, read of the other side before it showed its own. `unseeable`:
    ended, or never shown by one side, so that nobody who reads calendars could know.
    """

    first: Guest
    second: Guest
    nights: frozenset[date]
    at: datetime
    found_at: datetime | None = None
    missed: bool = False
    alike: bool = False
    over: bool = False

    @property
    def unseeable(self) -> bool:
        return self.found_at is None and not self.missed and not self.alike


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
            guest.seen |= shown
            guest.seen_at = guest.seen_at or (now if shown else None)
            if guest.seen >= set(guest.to_come(today)) and self._claims_all(guest, today):
                guest.known_at = now

    def _claims_all(self, guest: Guest, today: date) -> bool:
        """Whether the house takes every night to come of it for its channel's own."""
        claims = self.unit.feeds[guest.key].claims.values()
        own = night_set(claim.nights for claim in claims if is_genuine(claim))
        return own.issuperset(guest.to_come(today))

    def after_plan(self, now: datetime) -> None:
        """The unit was planned: what was held must be held, what is sold twice an incident."""
        today = self.unit.today(now)
        for guest in self._living(now):
            if guest.known_at is None or guest.freed:
                continue
            opened = [night for night in guest.to_come(today) if night not in self.unit.nights]
            guest.freed = bool(opened)
            self.wrongly_freed += [f"{now} {self.unit.slug} {guest.key} {n}" for n in opened]
        for double in self.doubles:
            if not double.over:
                self._look_for(double, now)

    def _look_for(self, double: Double, now: datetime) -> None:
        nights = {night for night in double.nights if night > self.unit.today(now)}
        if not nights:
            double.over = True
            return
        keys = {double.first.key, double.second.key}
        told = {
            night
            for conflict in self._open_conflicts()
            if {stay.feed_id for stay in self._sides(conflict)} == keys
            for night in conflict.nights
        }
        seen = nights & double.first.seen & double.second.seen
        if told >= (seen or nights):
            double.found_at = double.found_at or now
        elif all(self._may_be_echo(double.second, night) for night in seen - told):
            double.alike = double.alike or bool(seen)
        else:
            double.missed = True

    def _may_be_echo(self, guest: Guest, night: date) -> bool:
        """Whether the house doubts this night of a sale, and has reason to.

        The channel read its export between the sale and the first answer that showed it.
        """
        feed = self.unit.feeds[guest.key]
        doubted = any(
            claim.stands
            and claim.echo_of is not None
            and not claim.proven
            and night in claim.nights
            for claim in feed.claims.values()
        )
        shown_at = guest.seen_at or guest.since
        return doubted and any(guest.since <= r.first_at <= shown_at for r in feed.readings)

    def stays_of(self, double: Double) -> list[str]:
        """The house's stays that are the later sale and nothing else, where the two clash."""
        return sorted(
            {
                stay.id
                for conflict in self._open_conflicts()
                if double.nights & set(conflict.nights)
                for stay in self._sides(conflict)
                if stay.feed_id == double.second.key and stay.live
                if stay.nights == double.second.sale.nights
            }
        )

    def _open_conflicts(self) -> Iterator[Conflict]:
        conflicts = self.unit.conflicts.values()
        return (one for one in conflicts if one.status is not ConflictStatus.RESOLVED)

    def _sides(self, conflict: Conflict) -> tuple[Stay, Stay]:
        return self.unit.stays[conflict.first], self.unit.stays[conflict.second]

    def gone(self, opened_by: datetime, now: datetime) -> list[str]:
        """The stays to come in incidents so old of which their channels know nothing any more."""
        today = self.unit.today(now)
        held = {(g.key, night) for g in self._living(now) for night in g.sale.nights}
        return sorted(
            {
                stay.id
                for conflict in self._open_conflicts()
                if conflict.opened_at <= opened_by
                for stay in self._sides(conflict)
                if stay.live and stay.feed_id is not None and stay.nights.arrival > today
                if not any((stay.feed_id, night) in held for night in stay.nights)
            }
        )

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
