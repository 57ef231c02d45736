"""Feeds and unit together: good answers settled one by one, and the unit planned after each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.build_unit import AIRBNB, BOOKING, FEEDS, HUB, VRBO, Unit
from vacancy.domain.claims import Claim, Identity, Kind, Reason, Snapshot
from vacancy.domain.feed import FeedState
from vacancy.domain.nights import Nights, night_set
from vacancy.domain.reconcile import FeedFacts
from vacancy.domain.settle import settle

EXAMPLES = 2_000 if os.environ.get("VACANCY_PROOF") else 60

#: What the UIDs of each feed are worth.
WORTH = {AIRBNB: Identity.KEY, BOOKING: Identity.NIGHTS, VRBO: Identity.HINT, HUB: Identity.NONE}


class Channels:
    """Four channels of one unit whose hosts book, move, shorten and cancel at will."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.unit = Unit()
        self.states = {feed: FeedState(feed.feed_id) for feed in FEEDS}
        self.books: Mapping[FeedFacts, dict[int, Claim]] = {feed: {} for feed in FEEDS}
        self.number = 0

    def poll(self) -> tuple[FeedFacts, frozenset[date], frozenset[date]]:
        """One channel changes and is polled; gives it with the nights shown before and now."""
        feed = self.chance.choice(FEEDS)
        book = self.books[feed]
        before = self._shown(feed)
        for _ in range(self.chance.randint(0, 2)):
            self._change(feed, book)
        self.unit.later(timedelta(minutes=self.chance.choice([15, 45, 70, 600])))
        self._settle(feed)
        self.unit.plan()
        return feed, before, self._shown(feed)

    def supported(self, feed: FeedFacts) -> frozenset[date]:
        """Nights that the feed shows of stays for which a more direct source decides."""
        return night_set(
            claim.nights
            for claim in self.unit.claims.values()
            if claim.feed_id == feed.feed_id and claim.stay_id is not None
            if self.unit.stays[claim.stay_id].feed_id != feed.feed_id
        )

    def _shown(self, feed: FeedFacts) -> frozenset[date]:
        shown = night_set(claim.nights for claim in self.books[feed].values())
        return frozenset(night for night in shown if night >= self.unit.today)

    def _settle(self, feed: FeedFacts) -> None:
        unit = self.unit
        known = tuple(c for c in unit.claims.values() if c.feed_id == feed.feed_id)
        state = replace(self.states[feed], known=known)
        said = [c for c in self.books[feed].values() if c.nights.departure >= unit.today]
        done = settle(state, Snapshot(tuple(said)), unit.now, unit.today, unit.new_id)
        believed = done.outcome != "suspicious"
        self.states[feed] = replace(
            state,
            sightings=done.sightings,
            doubt=done.doubt,
            habits=done.habits,
            last_good_at=unit.now if believed else state.last_good_at,
        )
        unit.claims.update((claim.id, claim) for claim in done.claims)

    def _change(self, feed: FeedFacts, book: dict[int, Claim]) -> None:
        act = self.chance.choice(["book", "book", "cancel", "move", "shorten"])
        if act == "book":
            self.number += 1
            book[self.number] = self._booked(feed)
        elif book:
            key = self.chance.choice(sorted(book))
            claim = book[key]
            if act == "cancel":
                del book[key]
            elif act == "move":
                book[key] = replace(claim, nights=self._some_nights())
            elif len(claim.nights) > 1:
                shorter = Nights(claim.nights.arrival, claim.nights.departure - timedelta(days=1))
                book[key] = replace(claim, nights=shorter)

    def _booked(self, feed: FeedFacts) -> Claim:
        block = self.chance.random() < 0.25
        strong = WORTH[feed] is Identity.KEY and not block
        code = f"K{self.number}" if strong else None
        return Claim(
            uid=f"u{self.number}",
            nights=self._some_nights(),
            kind=Kind.BLOCK if block else Kind.RESERVATION,
            reason=Reason.OWNER if block else None,
            provider=self.chance.choice(["airbnb", "hostaway"]) if feed is HUB else feed.channel,
            rule="test.rule",
            identity=WORTH[feed] if strong or WORTH[feed] is not Identity.KEY else Identity.NONE,
            key=code,
            reservation_code=code,
            worded=feed is not BOOKING,
        )

    def _some_nights(self) -> Nights:
        arrival = self.unit.today + timedelta(days=self.chance.randint(0, 40))
        return Nights(arrival, arrival + timedelta(days=self.chance.randint(1, 6)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_night_that_a_feed_shows_is_held(seed: int) -> None:
    """And one that the last answer lacks for the first time, where no UID can tell of a move.

    Whatever the other feeds say: doubt closes nights, and no single answer opens them.
    """
    channels = Channels(Random(seed))
    for _ in range(25):
        feed, before, shown = channels.poll()
        held = channels.unit.nights.keys()
        assert shown - channels.supported(feed) <= held
        if WORTH[feed] is Identity.NIGHTS:
            assert {night for night in before if night >= channels.unit.today} <= held
