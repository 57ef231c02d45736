"""A rehearsal: units on pretend channels live on by a seed, with the house on paper among them.

Everything that happens has its instant in one queue; the same seed gives the same story to the
letter. What comes of it is judged by the channels' own books.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.events import EventType, Fact
from vacancy.domain.nights import Nights
from vacancy.domain.release import ReleaseRules
from vacancy.simulator.channels import Listing, NotForSale
from vacancy.simulator.habits import like
from vacancy.simulator.pages import Customs, Page, PlayedFeed
from vacancy.simulator.paper import PaperUnit
from vacancy.simulator.truth import Double, Judge

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_GUESTS = ("Ana", "Bruno", "Chiara", "Dora", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana")


class Rehearsal:
    """Lives from `now` on, as far as it is told to. `log` is all that happened, in words."""

    def __init__(
        self,
        pages: Iterable[Page],
        now: datetime,
        seed: int,
        *,
        customs: Customs | None = None,
        patience: ReleaseRules | None = None,
    ) -> None:
        self.now = now
        self._patience = patience
        self.customs = customs or Customs()
        self.log: list[str] = []
        self.sales = self.polls = self.judged = 0
        self._incidents: list[tuple[Judge, str]] = []
        self._chance = random.Random(f"rehearsal|{seed}")
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = 0
        self.judges: dict[str, Judge] = {}
        self.feeds: list[PlayedFeed] = []
        self._by_unit: dict[str, list[PlayedFeed]] = {}
        by_unit: dict[str, list[Page]] = {}
        for page in pages:
            by_unit.setdefault(page.unit, []).append(page)
        for slug, mine in by_unit.items():
            self._open(slug, mine, seed)

    def live(self, until: datetime) -> None:
        """Everything up to this instant happens, one thing after the other."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, happen = heapq.heappop(self._queue)
            happen()
        self.now = until

    # The beginning

    def _open(self, slug: str, pages: Sequence[Page], seed: int) -> None:
        zone = ZoneInfo(pages[0].zone)
        unit = PaperUnit(slug, zone, {page.key: page.channel for page in pages}, self._patience)
        listings = {
            page.key: Listing(
                like(page.channel),
                f"{slug}/{page.key}",
                zone,
                seed,
                sells_until=page.sells_until,
                use=page.use,
            )
            for page in pages
        }
        judge = Judge(unit, listings)
        self.judges[slug] = judge
        self._by_unit[slug] = []
        unit.tell = lambda fact: self._happened(judge, fact)
        for page in pages:
            feed = PlayedFeed(page, listings[page.key], unit, judge)
            self.feeds.append(feed)
            self._by_unit[slug].append(feed)
            self._soon(lambda feed=feed: self._poll_again(feed), timedelta(), 10 * _MINUTE)
            self._soon(lambda feed=feed: self._reads(feed), 20 * _MINUTE, 4 * _HOUR)
            self._after(self.customs.asks * _HOUR, lambda feed=feed: self._asks(feed))
            self._after(self.customs.fails * _DAY, lambda feed=feed: self._breaks(feed))
            self._after(self.customs.closes * _DAY, lambda feed=feed: self._closes(feed))
        self._soon(lambda: self._looks(judge), _HOUR, 6 * _HOUR)
        self._at(self._midnight(zone), lambda: self._turns(judge))

    def _at(self, when: datetime, happen: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._queue, (when, self._number, happen))

    def _soon(self, happen: Callable[[], None], least: timedelta, most: timedelta) -> None:
        """Some time between these spans from now, in whole seconds."""
        seconds = least.total_seconds() + (most - least).total_seconds() * self._chance.random()
        self._at(self.now + timedelta(seconds=int(seconds)), happen)

    def _after(self, mean: timedelta, happen: Callable[[], None]) -> None:
        """After a span as chance has it, so long on average."""
        seconds = self._chance.expovariate(1) * mean.total_seconds()
        self._at(self.now + timedelta(seconds=int(seconds)), happen)

    def _midnight(self, zone: ZoneInfo) -> datetime:
        tomorrow = self.now.astimezone(zone).date() + _DAY
        return datetime.combine(tomorrow, time(), zone).astimezone(UTC)

    def _note(self, text: str) -> None:
        self.log.append(f"{self.now:%Y-%m-%dT%H:%M:%S} {text}")

    # Guests and hosts

    def _asks(self, feed: PlayedFeed) -> None:
        """A guest wants some nights, and gets them if the channel offers them."""
        self._after(self.customs.asks * _HOUR, lambda: self._asks(feed))
        nights, guest = self._some_nights(feed), self._chance.choice(_GUESTS)
        fate, when = self._chance.random(), self._chance.random()
        try:
            sale = feed.listing.sell(nights, guest, self.now)
        except NotForSale:
            return
        self.sales += 1
        self._note(f"{feed.name} sold {_told(nights)} {sale.code}")
        feed.judge.sold(feed.page.key, sale, self.now)
        customs, start = self.customs, datetime.combine(nights.arrival, time(), UTC)
        ahead = max(start - self.now, timedelta())
        if fate < customs.soon:
            self._at(self.now + _DAY * when, lambda: self._cancels(feed, sale.code))
        elif fate < customs.soon + customs.later:
            self._at(self.now + ahead * when, lambda: self._cancels(feed, sale.code))
        elif fate < customs.soon + customs.later + customs.moved:
            self._at(self.now + ahead * when, lambda: self._moves(feed, sale.code))

    def _some_nights(self, feed: PlayedFeed) -> Nights:
        """Soon rather than late, short rather than long."""
        ahead = int(self.customs.ahead * self._chance.random() ** 2)
        length = 1 + int(self.customs.longest * self._chance.random() ** 2)
        arrival = self.now.astimezone(feed.listing.zone).date() + timedelta(days=ahead)
        return Nights(arrival, arrival + timedelta(days=length))

    def _cancels(self, feed: PlayedFeed, code: str) -> None:
        sale = feed.listing.find(code)
        if sale is None or sale.nights.arrival <= feed.unit.today(self.now):
            return
        feed.listing.cancel(code)
        self._note(f"{feed.name} canceled {_told(sale.nights)} {code}")
        feed.judge.ended(code, self.now)

    def _moves(self, feed: PlayedFeed, code: str) -> None:
        """Other dates for the same reservation, where all of the new nights were free."""
        sale = feed.listing.find(code)
        shift = timedelta(days=self._chance.choice((-9, -5, 5, 9, 20)))
        if sale is None or sale.nights.arrival <= feed.unit.today(self.now):
            return
        nights = Nights(sale.nights.arrival + shift, sale.nights.departure + shift)
        if nights.overlaps(sale.nights) or not feed.listing.offers(nights, self.now):
            return
        feed.judge.ended(code, self.now)
        moved = feed.listing.move(code, nights)
        self._note(f"{feed.name} moved {code} to {_told(nights)}")
        feed.judge.sold(feed.page.key, moved, self.now)

    def _closes(self, feed: PlayedFeed) -> None:
        """The host withholds free nights on one channel, and offers them again some day."""
        self._after(self.customs.closes * _DAY, lambda: self._closes(feed))
        nights = self._some_nights(feed)
        if not feed.listing.offers(nights, self.now):
            return
        feed.listing.close(nights)
        self._note(f"{feed.name} closed {_told(nights)}")
        feed.judge.closed(feed.page.key, nights, self.now)
        self._after(5 * _DAY, lambda: self._opens(feed, nights))

    def _opens(self, feed: PlayedFeed, nights: Nights) -> None:
        feed.listing.open(nights)
        self._note(f"{feed.name} opened {_told(nights)}")
        feed.judge.opened(feed.page.key, nights, self.now)

    def _breaks(self, feed: PlayedFeed) -> None:
        """A channel gives errors for some hours, or one empty calendar."""
        self._after(self.customs.fails * _DAY, lambda: self._breaks(feed))
        if self._chance.random() < 0.3:
            feed.empties = 1
        else:
            feed.down_until = self.now + 12 * _HOUR * self._chance.random()

    # Channels and the house

    def _reads(self, feed: PlayedFeed) -> None:
        """The channel reads its export, as it does every few hours."""
        self._soon(lambda: self._reads(feed), *feed.listing.habits.reads_every)
        nights = feed.unit.read_by(feed.page.key, self.now)
        version = feed.unit.feeds[feed.page.key].version
        if nights is None or version == feed.read_version:
            return
        feed.read_version = version
        feed.listing.take_over(nights)
        feed.exposures += [self.now - at for at, number in feed.published for _ in range(number)]
        feed.published.clear()

    def _poll_again(self, feed: PlayedFeed) -> None:
        self._soon(lambda: self._poll_again(feed), feed.page.every * 0.95, feed.page.every)
        self._poll(feed)

    def _poll(self, feed: PlayedFeed) -> None:
        """The house asks one feed, and then those whose export changed by it."""
        self.polls += 1
        key, unit = feed.page.key, feed.unit
        feed.asked_at = self.now
        unit.asked.discard(key)
        if feed.down_until is not None and self.now < feed.down_until:
            unit.fails(key)
            return
        if feed.empties:
            feed.empties -= 1
            feed.scene = None
            unit.answers(key, feed.listing.nothing(), self.now)
        else:
            self._hears(feed)
            feed.judge.after_answer(key, self.now)
        self._settled(feed.judge)

    def _hears(self, feed: PlayedFeed) -> None:
        scene = feed.listing.scene(self.now)
        if scene == feed.scene:
            feed.unit.answers_the_same(feed.page.key, self.now)
            return
        self.judged += 1
        feed.unit.answers(feed.page.key, feed.listing.calendar(self.now), self.now)
        feed.scene = scene

    def _settled(self, judge: Judge) -> None:
        """What follows from an answer: the judge looks, exports are noted, feeds are asked."""
        judge.after_plan(self.now)
        incidents, self._incidents = self._incidents, []
        for of, conflict_id in incidents:
            of.incident(of.unit.conflicts[conflict_id], self.now)
        for feed in self._of(judge):
            paper = judge.unit.feeds[feed.page.key]
            if paper.version != feed.version:
                opened = sum(one.from_version > feed.version for one in paper.publications)
                feed.published.append((self.now, opened))
                feed.version = paper.version
        for key in sorted(judge.unit.asked):
            judge.unit.asked.discard(key)
            feed = next(f for f in self._of(judge) if f.page.key == key)
            just = feed.asked_at is not None and self.now - feed.asked_at < _MINUTE
            self._at(self.now + (_MINUTE if just else timedelta()), lambda f=feed: self._poll(f))

    def _turns(self, judge: Judge) -> None:
        """Midnight at the property."""
        self._at(self._midnight(judge.unit.zone), lambda: self._turns(judge))
        judge.unit.pass_time(self.now)
        self._settled(judge)

    def _looks(self, judge: Judge) -> None:
        """The host looks at what waits for a person; the judge looks for ghosts.

        Of each incident he looks up both sides at their channels, and releases what is not there.
        """
        self._at(self.now + 6 * _HOUR, lambda: self._looks(judge))
        judge.unit.pass_time(self.now)
        judge.look_for_ghosts(self.now)
        for feed in self._of(judge):
            doubt = judge.unit.feeds[feed.page.key].doubt
            if doubt is not None and doubt.open and not feed.down:
                self._note(f"{feed.name} accepted")
                judge.unit.decides(feed.page.key, self.now, accept=True)
        for double in judge.doubles:
            waited = double.found_at is not None and self.now - double.found_at > 3 * _HOUR
            if waited and not double.over:
                self._resolves(judge, double)
        for stay_id in judge.gone(self.now - 3 * _HOUR, self.now):
            self._note(f"{judge.unit.slug} released {stay_id}")
            judge.unit.release(stay_id, self.now)
        self._settled(judge)

    def _resolves(self, judge: Judge, double: Double) -> None:
        """The host cancels the later sale at its channel, and says so here: it may go on showing
        the nights that it imported.
        """
        guest = double.second
        feed = next(f for f in self._of(judge) if f.page.key == guest.key)
        stays = judge.stays_of(double)
        self._cancels(feed, guest.sale.code)
        for stay_id in stays if double.over else ():
            judge.unit.release(stay_id, self.now)

    def _of(self, judge: Judge) -> list[PlayedFeed]:
        return self._by_unit[judge.unit.slug]

    def _happened(self, judge: Judge, fact: Fact) -> None:
        data: dict[str, Any] = dict(fact.data)
        nights = data.get("nights") or [data.get("arrival"), data.get("departure")]
        self._note(f"{fact.unit_id} {fact.type} {data['id']} {nights[0]}/{nights[-1]}")
        if fact.type == EventType.CONFLICT_OPENED:
            self._incidents.append((judge, data["id"]))


def _told(nights: Nights) -> str:
    return f"{nights.arrival}/{nights.departure}"
