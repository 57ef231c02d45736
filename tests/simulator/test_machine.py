"""Anything at all happens to a unit, in any order: what must never be true never is."""

from __future__ import annotations

import copy
import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vacancy.domain.claims import RULE_REASONS
from vacancy.domain.errors import NightsTaken
from vacancy.domain.nights import Nights, night_set
from vacancy.domain.support import is_genuine
from vacancy.ical.read import NotACalendar
from vacancy.simulator.channels import Listing, NotForSale
from vacancy.simulator.habits import AIRBNB, BOOKING_COM, VRBO, Use
from vacancy.simulator.paper import PaperUnit
from vacancy.simulator.truth import Judge

PROOF = bool(os.environ.get("VACANCY_PROOF"))
NOW = datetime(2027, 3, 20, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
KEYS = ("airbnb", "booking_com", "vrbo")
keys = st.sampled_from(KEYS)
spans = st.tuples(st.integers(0, 30), st.integers(1, 6))
#: What comes of a fetch that is no good answer.
BAD = (b"", b"<html>later</html>", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b'{"error": 500}')


class Anything(RuleBasedStateMachine):
    """One unit on paper with three channels, and everybody who can do something to it."""

    @initialize(booking=st.sampled_from(list(Use)), until=st.sampled_from([None, 90]))
    def begin(self, booking: Use, until: int | None) -> None:
        self.now = NOW
        self.unit = PaperUnit("sea-view", ZONE, {key: key for key in KEYS})
        self.listings = {
            "airbnb": Listing(AIRBNB, "a", ZONE, sells_until=until, use=Use.SHOWS),
            "booking_com": Listing(BOOKING_COM, "b", ZONE, use=booking),
            "vrbo": Listing(VRBO, "v", ZONE, use=Use.IGNORES),
        }
        self.judge = Judge(self.unit, self.listings)
        self.direct: set[str] = set()
        for key in KEYS:
            self.unit.answers(key, self.listings[key].calendar(self.now), self.now)

    def nights(self, span: tuple[int, int]) -> Nights:
        first = self.unit.today(self.now) + timedelta(days=span[0])
        return Nights(first, first + timedelta(days=span[1]))

    def to_come(self) -> frozenset[date]:
        today = self.unit.today(self.now)
        return frozenset(night for night in self.unit.nights if night >= today)

    # What people do

    @rule(key=keys, span=spans)
    def guest_books(self, key: str, span: tuple[int, int]) -> None:
        try:
            sale = self.listings[key].sell(self.nights(span), "Ana", self.now)
        except NotForSale:
            return
        self.judge.sold(key, sale, self.now)

    @rule(key=keys, number=st.integers(0, 20))
    def guest_cancels(self, key: str, number: int) -> None:
        sales = self.listings[key].sales
        if sales:
            sale = self.listings[key].cancel(sales[number % len(sales)].code)
            self.judge.ended(sale.code, self.now)

    @rule(key=keys, number=st.integers(0, 20), span=spans)
    def guest_moves(self, key: str, number: int, span: tuple[int, int]) -> None:
        sales, nights = self.listings[key].sales, self.nights(span)
        if sales and self.listings[key].offers(nights, self.now):
            code = sales[number % len(sales)].code
            self.judge.ended(code, self.now)
            self.judge.sold(key, self.listings[key].move(code, nights), self.now)

    @rule(key=keys, span=spans)
    def host_closes(self, key: str, span: tuple[int, int]) -> None:
        if self.listings[key].offers(self.nights(span), self.now):
            self.listings[key].close(self.nights(span))

    @rule(key=keys, name=st.sampled_from("pqr"))
    def channel_names_all_anew(self, key: str, name: str) -> None:
        """Every UID that follows the room is another one."""
        self.listings[key].room = name

    @rule(span=spans, block=st.booleans())
    def we_book(self, span: tuple[int, int], block: bool) -> None:
        """Refused exactly where a night is taken."""
        nights, taken = self.nights(span), set(self.unit.nights)
        try:
            stay = self.unit.book(nights, self.now, block=block)
        except NightsTaken:
            assert taken & set(nights)
            return
        assert not taken & set(nights)
        self.direct.add(stay.id)

    @rule(number=st.integers(0, 20))
    def we_cancel(self, number: int) -> None:
        live = sorted(one for one in self.direct if self.unit.stays[one].live)
        if live:
            self.unit.cancel(live[number % len(live)], self.now)

    # What machines do

    @rule(key=keys)
    def fetch_is_good(self, key: str) -> None:
        listing = self.listings[key]
        settled = self.unit.answers(key, listing.calendar(self.now), self.now)
        self.judge.after_answer(key, self.now)
        assert self.judge.overlooked == []
        if settled.outcome == "unchanged":
            assert not settled.changes

    @rule(key=keys)
    def fetch_is_not_modified(self, key: str) -> None:
        self.unit.answers_the_same(key, self.now)

    @rule(key=keys, body=st.sampled_from(BAD), cut=st.floats(0.05, 0.99))
    def fetch_fails(self, key: str, body: bytes, cut: float) -> None:
        """An error, or a calendar cut anywhere: nothing changes at all."""
        before = self.books()
        whole = self.listings[key].calendar(self.now)
        for answer in (body, whole[: int(len(whole) * cut)]):
            if b"END:VCALENDAR" in answer:
                continue
            with pytest.raises(NotACalendar):
                self.unit.answers(key, answer, self.now)
            self.unit.fails(key)
        assert self.books() == before

    @rule(key=keys)
    def fetch_is_empty(self, key: str) -> None:
        """One empty calendar frees nothing; only a third over six hours may."""
        before, feed = self.to_come(), self.unit.feeds[key]
        stays, again = self.live_to_come(), feed.habits.get("empty", False)
        settled = self.unit.answers(key, self.listings[key].nothing(), self.now)
        if settled.outcome == "suspicious" or not again:
            assert before <= self.to_come()
        if settled.outcome == "suspicious":
            assert stays.items() <= self.live_to_come().items()

    def live_to_come(self) -> dict[str, Nights]:
        """The stays that no guest has begun, with their nights."""
        today = self.unit.today(self.now)
        stays = self.unit.stays.values()
        return {s.id: s.nights for s in stays if s.live and s.nights.arrival > today}

    @rule(key=keys)
    def channel_reads(self, key: str) -> None:
        nights = self.unit.read_by(key, self.now)
        if nights is not None:
            self.listings[key].take_over(nights)

    @rule(key=keys, accept=st.booleans())
    def host_decides(self, key: str, accept: bool) -> None:
        doubt = self.unit.feeds[key].doubt
        if doubt is not None and doubt.open:
            self.unit.decides(key, self.now, accept=accept)

    @rule()
    def house_restarts(self) -> None:
        """What is kept is all there is."""
        self.unit.tell = lambda _fact: None
        self.unit = copy.deepcopy(self.unit)
        self.judge.unit = self.unit

    @rule(minutes=st.sampled_from([1, 15, 61, 240, 1500, 4000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.unit.pass_time(self.now)

    @rule(hours=st.sampled_from([2, 30]))
    def clock_is_set(self, hours: int) -> None:
        """No night is freed by it, nor by the first answer after it."""
        self.now += timedelta(hours=hours)
        self.unit.clock_jumped(self.now)
        before = self.to_come()
        self.unit.pass_time(self.now)
        assert before - self.to_come() <= self.lapsed()

    def lapsed(self) -> frozenset[date]:
        """Nights that a canceled stay held for another feed's sake, for a day at most."""
        return night_set(s.nights for s in self.unit.stays.values() if s.status == "canceled")

    def books(self) -> object:
        return [
            (feed.claims.copy(), feed.sightings, feed.doubt, feed.habits, feed.version)
            for feed in self.unit.feeds.values()
        ], dict(self.unit.stays)

    # What must never be true

    @invariant()
    def every_held_night_is_a_live_stays(self) -> None:
        today = self.unit.today(self.now)
        wanted = night_set(s.nights for s in self.unit.stays.values() if s.live)
        lost = {n for n in wanted if n >= today} - set(self.unit.nights) - self.ruled()
        assert lost == set()

    def ruled(self) -> frozenset[date]:
        """Nights of the channels' own settings."""
        return night_set(
            s.nights for s in self.unit.stays.values() if s.reason in RULE_REASONS and s.live
        )

    @invariant()
    def our_own_stays_share_no_night(self) -> None:
        seen: set[date] = set()
        for stay_id in sorted(self.direct):
            stay = self.unit.stays[stay_id]
            if stay.live:
                assert seen.isdisjoint(stay.nights)
                seen |= set(stay.nights)

    @invariant()
    def no_held_night_is_exported_as_free(self) -> None:
        assert self.to_come() <= self.unit.everyone(self.now)

    @invariant()
    def nothing_is_sent_back_to_where_it_came_from(self) -> None:
        for feed in self.unit.feeds.values():
            own = {c.stay_id for c in feed.claims.values() if is_genuine(c)}
            assert own.isdisjoint({held.stay_id for held in feed.held})

    @invariant()
    def no_echo_and_no_setting_is_exported(self) -> None:
        claims = [c for feed in self.unit.feeds.values() for c in feed.claims.values()]
        upheld = {c.stay_id for c in claims if is_genuine(c)} | self.direct
        for feed in self.unit.feeds.values():
            for held in feed.held:
                stay = self.unit.stays[held.stay_id]
                assert stay.reason not in RULE_REASONS or stay.reason == "rule_preparation"
                assert not stay.live or held.stay_id in upheld

    @invariant()
    def the_same_again_is_no_news(self) -> None:
        self.unit.plan(self.now)
        versions = [feed.version for feed in self.unit.feeds.values()]
        facts: list[object] = []
        self.unit.tell = facts.append
        self.unit.plan(self.now)
        self.unit.tell = lambda _fact: None
        assert facts == []
        assert versions == [feed.version for feed in self.unit.feeds.values()]


Anything.TestCase.settings = settings(
    max_examples=200 if PROOF else 15,
    stateful_step_count=50 if PROOF else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnything = pytest.mark.timeout(300)(Anything.TestCase)
