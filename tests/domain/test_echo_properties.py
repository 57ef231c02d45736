"""A channel that reads our export, sells, and shows what it likes: no sale is taken for an echo."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.planning import Feed, closed, nights, stay
from vacancy.domain.claims import Claim
from vacancy.domain.echoes import Publication
from vacancy.domain.nights import night_set, runs

EXAMPLES = 1500 if os.environ.get("VACANCY_PROOF") else 80
SOLD = nights(5, 8)

SHOWS, IGNORES, SUBTRACTS = "shows", "ignores", "subtracts"
POLL, READ, SELL, END = "poll", "read", "sell", "end"
events = st.lists(st.sampled_from([POLL, POLL, POLL, READ, SELL, END]), max_size=24)


@dataclass
class Channel:
    """A wordless channel with a habit; one stay of ours, sold elsewhere, may reach it."""

    habit: str
    feed: Feed = field(default_factory=Feed)
    own: bool = False
    shown_before_reading: bool = False
    version: int = 1
    read: int | None = None
    polled: int = 0

    def __post_init__(self) -> None:
        self.feed.sells(stay("stay_a", 5, 8))
        self.feed.publishes(Publication("stay_a", SOLD, 1))
        self.feed.answers(closed(50, 52))

    def entries(self) -> list[Claim]:
        imported = set(SOLD) if self.read == 1 else set[date]()
        own = set(SOLD) if self.own else set[date]()
        if self.habit == SHOWS:
            own |= imported
        elif self.habit == SUBTRACTS:
            own -= imported
        return [closed(50, 52), *(_entry(r.arrival, r.departure) for r in runs(own))]

    def happens(self, event: str) -> None:
        self.feed.wait(timedelta(minutes=30))
        if event == READ:
            self.feed.is_read(self.version)
            self.read = self.version
        elif event == SELL:
            self.own = self.own or self.read != 1
        elif event == END and self.version == 1:
            self.version = 2
            self.feed.sells(stay("stay_a", 5, 8, live=False))
            self.feed.publishes(Publication("stay_a", SOLD, 1, 2))
        elif event == POLL:
            self.feed.answers(*self.entries(), after=timedelta(minutes=30))
            self.shown_before_reading |= self.own and not self.feed.state.history.readings


def _entry(arrival: date, departure: date) -> Claim:
    first = (arrival - SOLD.arrival).days + 5
    return closed(first, first + (departure - arrival).days)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from([SHOWS, IGNORES, SUBTRACTS]), events)
def test_a_sale_that_was_shown_before_any_reading_stays_closed(
    habit: str, story: list[str]
) -> None:
    """Whatever the channel does with our export afterwards, and though the nights are equal."""
    channel = Channel(habit)
    for event in story:
        channel.happens(event)
        # A channel that subtracts is believed again a day after it read a version without.
        if channel.shown_before_reading:
            assert set(SOLD) <= channel.feed.taken


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from([SHOWS, IGNORES, SUBTRACTS]), events)
def test_without_a_sale_no_night_is_closed_for_long(habit: str, story: list[str]) -> None:
    """Nothing but our own stay coming back: an echo while it lives, gone with the next reading."""
    channel = Channel(habit)
    for event in story:
        if event == SELL:
            continue
        channel.happens(event)
        assert not set(SOLD) & channel.feed.taken
    for event in (END, READ, POLL):
        channel.happens(event)
    assert not channel.feed.echoes and not set(SOLD) & channel.feed.taken


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from([SHOWS, IGNORES]), events)
def test_a_sale_is_closed_once_our_stay_is_gone_for_the_channel(
    habit: str, story: list[str]
) -> None:
    """Hidden behind our stay at most until the channel has read that it ended."""
    channel = Channel(habit)
    for event in (*story, END, READ, SELL, POLL, POLL):
        channel.happens(event)
    assert set(SOLD) <= channel.feed.taken
    assert night_set(k.nights for k in channel.feed.echoes).isdisjoint(channel.feed.taken)
