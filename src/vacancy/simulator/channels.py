"""A pretend channel: one listing sells nights, is closed by its host, imports, and shows a feed."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar

from vacancy.domain.nights import Nights, night_set, runs
from vacancy.simulator.habits import Habits, Use

#: How long a channel that merges by turns lists back-to-back nights in one way.
_TURN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Sale:
    """A guest's reservation, as the channel that sold it knows it."""

    code: str
    guest: str
    nights: Nights
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class _Shown:
    """One event to be: `sale` is None for a closure."""

    nights: Nights
    sale: Sale | None


class NotForSale(ValueError):
    """The channel does not offer these nights."""


@dataclass(slots=True)
class Listing:
    """One unit's page on one channel.

    `room` names it there; `zone` is the place's. `sells_until`: so many days ahead (a rolling
    booking window), up to a fixed date, or as far as the channel's edge. `use` overrides what this
    kind of channel is thought to do with imported nights. Everything it does follows from `seed`
    and from what it is told.
    """

    habits: Habits
    room: str
    zone: ZoneInfo
    seed: int = 0
    sells_until: int | date | None = None
    use: Use | None = None
    sales: list[Sale] = field(default_factory=list[Sale])
    closures: list[Nights] = field(default_factory=list[Nights])
    imported: list[Nights] = field(default_factory=list[Nights])
    _chance: random.Random = field(init=False, repr=False)
    _scene: tuple[Hashable, tuple[_Shown, ...]] | None = field(default=None, init=False, repr=False)
    _turn: tuple[int, bool] = field(default=(-1, False), init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}|{self.habits.channel}|{self.room}")

    @property
    def does(self) -> Use:
        return self.use or self.habits.use

    def today(self, now: datetime) -> date:
        """The day on which its cuts and edges turn."""
        return now.astimezone(UTC if self.habits.utc_days else self.zone).date()

    # What people do

    def offers(self, nights: Nights, now: datetime) -> bool:
        """Whether a guest can book these nights here, by all that this channel knows."""
        last = self._first_unsold_day(now)
        taken = self._sold_nights() | night_set(self.closures) | night_set(self.imported)
        local = now.astimezone(self.zone).date()
        return local <= nights.arrival < last and taken.isdisjoint(nights)

    def sell(self, nights: Nights, guest: str, now: datetime) -> Sale:
        if not self.offers(nights, now):
            raise NotForSale(f"{self.habits.channel} does not offer {self.room} from {nights}")
        letters = "".join(self._chance.choices("ABCDEFHJKMNPQRSTWXYZ2345689", k=8))
        sale = Sale(f"HM{letters}", guest, nights, now)
        self.sales = sorted([*self.sales, sale], key=lambda each: each.nights)
        return sale

    def cancel(self, code: str) -> Sale:
        """Takes a reservation out: a channel lists it no more and says nothing about it."""
        gone = self._sale(code)
        self.sales.remove(gone)
        return gone

    def move(self, code: str, nights: Nights) -> Sale:
        """The guest's dates change and the reservation stays the same."""
        old = self._sale(code)
        moved = replace(old, nights=nights)
        self.sales = sorted(
            [moved if each is old else each for each in self.sales], key=lambda each: each.nights
        )
        return moved

    def find(self, code: str) -> Sale | None:
        """The reservation of this code, if it stands."""
        return next((sale for sale in self.sales if sale.code == code), None)

    def close(self, nights: Nights) -> None:
        """The host withholds these nights."""
        self.closures = runs(night_set([*self.closures, nights]))

    def open(self, nights: Nights) -> None:
        """The host offers these nights again."""
        self.closures = runs(night_set(self.closures) - night_set([nights]))

    def import_calendar(self, body: bytes) -> None:
        """Takes over another calendar's nights, whole: what it no longer holds is free again."""
        calendar = Calendar.from_ical(body)
        self.take_over(Nights(event.start, event.end) for event in calendar.events)

    def take_over(self, nights: Iterable[Nights]) -> None:
        """The same of a calendar that is read already."""
        self.imported = list(nights)

    # What its feed says

    def scene(self, now: datetime) -> Hashable:
        """All that its feed tells, DTSTAMP apart: equal scenes, equal feeds."""
        return self._showing(now)

    def _showing(self, now: datetime) -> tuple[_Shown, ...]:
        """Its events, put together anew only where its books or the day are others."""
        local = now.astimezone(self.zone).date()
        turn = self.habits.merges and self._merges_at(now)
        books = (tuple(self.sales), tuple(self.closures), tuple(self.imported))
        key = (self.today(now), local, turn, *books)
        if self._scene is None or self._scene[0] != key:
            self._scene = (key, tuple(self._shown(now)))
        return self._scene[1]

    def calendar(self, now: datetime) -> bytes:
        """The feed at this moment; every event's DTSTAMP is the moment."""
        habits = self.habits
        lines = ["BEGIN:VCALENDAR", *habits.calendar]
        for shown in self._showing(now):
            lines += ["BEGIN:VEVENT", *self._properties(shown, now), *habits.trailer, "END:VEVENT"]
        lines.append("END:VCALENDAR")
        return "".join(f"{_folded(line)}{habits.newline}" for line in lines).encode()

    def nothing(self) -> bytes:
        """A whole calendar without an event, as channels give on a bad day."""
        lines = ["BEGIN:VCALENDAR", *self.habits.calendar, "END:VCALENDAR", ""]
        return self.habits.newline.join(lines).encode()

    def _shown(self, now: datetime) -> list[_Shown]:
        today = self.today(now)
        sold = list(self._shown_sales(today))
        if self.habits.merges and self._merges_at(now):
            sold = [_Shown(nights, None) for nights in runs(night_set(s.nights for s in sold))]
        edge = today + timedelta(days=self.habits.edge)
        closed = runs(night for night in self._closed_nights(now) if night < edge)
        cut = _cut(self.habits.cuts_closed, today)
        return [
            *sold,
            *(_Shown(nights, None) for nights in _from(cut, closed) if self._lists(nights, today)),
        ]

    def _shown_sales(self, today: date) -> Iterator[_Shown]:
        cut = _cut(self.habits.cuts_sold, today)
        for sale in self.sales:
            if not self._lists(sale.nights, today):
                continue
            nights = set(sale.nights)
            if self.does is Use.SUBTRACTS:
                nights -= night_set(self.imported)
            whole = runs(nights)
            yield from (_Shown(piece, sale) for piece in _from(cut, whole))

    def _lists(self, nights: Nights, today: date) -> bool:
        gone = nights.departure + timedelta(days=self.habits.keeps) < today
        return not gone and nights.arrival < today + timedelta(days=self.habits.edge)

    def _closed_nights(self, now: datetime) -> frozenset[date]:
        closed = set(night_set(self.closures))
        if self.does is Use.SHOWS:
            closed |= night_set(self.imported)
        if self.does is Use.SUBTRACTS:
            closed -= night_set(self.imported)
        closed |= self._tail(now)
        return frozenset(closed - self._sold_nights())

    def _tail(self, now: datetime) -> frozenset[date]:
        """The nights not yet, or no more, for sale, up to the edge."""
        edge = self.today(now) + timedelta(days=self.habits.edge)
        start = self._first_unsold_day(now)
        return night_set([Nights(start, edge)] if start < edge else [])

    def _first_unsold_day(self, now: datetime) -> date:
        """A rolling window turns at the place's midnight, the edge at the channel's."""
        if isinstance(self.sells_until, date):
            return self.sells_until
        if self.sells_until is not None:
            return now.astimezone(self.zone).date() + timedelta(days=self.sells_until)
        return self.today(now) + timedelta(days=self.habits.edge)

    def _merges_at(self, now: datetime) -> bool:
        turn = int(now.timestamp() // _TURN.total_seconds())
        if self._turn[0] != turn:
            chance = random.Random(f"{self.seed}|{self.room}|{turn}")
            self._turn = (turn, chance.random() < 0.5)
        return self._turn[1]

    def _properties(self, shown: _Shown, now: datetime) -> Iterator[str]:
        habits, sale = self.habits, shown.sale
        code = sale.code if sale else ""
        named = {
            "guest": sale.guest if sale else "",
            "code": code,
            "digits": f"{sum(code.encode()) * 7919 % 10_000:04d}",
        }
        uid = habits.sold_uid if sale else habits.closed_uid
        summary = habits.reserved if sale else habits.blocked
        values = {
            "DTSTAMP": f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            "DTSTART": f"DTSTART;VALUE=DATE:{shown.nights.arrival:%Y%m%d}",
            "DTEND": f"DTEND;VALUE=DATE:{shown.nights.departure:%Y%m%d}",
            "SUMMARY": f"SUMMARY:{summary.format(**named)}",
            "UID": f"UID:{uid(self.room, code, shown.nights)}",
            "DESCRIPTION": f"DESCRIPTION:{habits.about.format(**named)}" if sale else "",
        }
        return (values[name] for name in habits.entry if values[name])

    def _sold_nights(self) -> frozenset[date]:
        return night_set(sale.nights for sale in self.sales)

    def _sale(self, code: str) -> Sale:
        return next(sale for sale in self.sales if sale.code == code)


def _cut(days: int | None, today: date) -> date:
    return date.min if days is None else today - timedelta(days=days)


def _from(cut: date, spans: Iterable[Nights]) -> Iterator[Nights]:
    """The spans without the nights before `cut`."""
    for nights in spans:
        if nights.departure > cut:
            yield Nights(max(nights.arrival, cut), nights.departure)


def _folded(line: str) -> str:
    """At 75 octets; all that a pretend channel writes is ASCII but for guests' names."""
    parts: list[str] = []
    rest = line
    while len(rest) > 75:
        parts.append(rest[:75])
        rest = f" {rest[75:]}"
    return "\r\n".join([*parts, rest])
