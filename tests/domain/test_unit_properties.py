"""What holds of a unit whatever its feeds say, in whatever order."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.build_unit import (
    AIRBNB,
    BOOKING,
    DAY,
    FEEDS,
    HOUR,
    HUB,
    NOON,
    TODAY,
    VRBO,
    Unit,
    direct,
)
from vacancy.domain.availability import LINGER, free_nights
from vacancy.domain.buffers import BETWEEN
from vacancy.domain.claims import (
    Claim,
    ClaimStatus,
    Identity,
    Kind,
    KnownClaim,
    Reason,
)
from vacancy.domain.nights import Nights
from vacancy.domain.reconcile import FeedFacts
from vacancy.domain.stays import ConflictStatus, Stay, StayStatus
from vacancy.domain.support import owns_nights

EXAMPLES = 3_000 if os.environ.get("VACANCY_PROOF") else 250

#: Feed, arrival (days from today), length, reason of a block, strong key.
Entry = tuple[FeedFacts, int, int, Reason | None, str | None]

ENTRIES = st.tuples(
    st.sampled_from(FEEDS),
    st.integers(-3, 12),
    st.integers(1, 6),
    st.sampled_from([None, None, None, *Reason]),
    st.sampled_from([None, None, "K1", "K2"]),
)
ACTS = (
    *("show", "show", "show", "move", "cut", "miss", "see", "withdraw", "cancel", "echo"),
    *("retire", "hour", "day", "resolve"),
)
#: What happens next, and to which of the claims.
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 30), ENTRIES), min_size=1, max_size=14
)


def _range(today: date, start: int, length: int) -> Nights:
    arrival = today + timedelta(days=start)
    return Nights(arrival, arrival + timedelta(days=length))


def _claim(number: int, entry: Entry, unit: Unit) -> KnownClaim:
    feed, start, length, reason, key = entry
    said = Claim(
        uid=f"u{number}",
        nights=_range(unit.today, start, length),
        kind=Kind.RESERVATION if reason is None else Kind.BLOCK,
        reason=reason,
        provider="airbnb" if feed in (AIRBNB, HUB) else feed.channel,
        rule="test",
        identity=Identity.KEY if key else Identity.NONE,
        key=None if reason else key,
        reservation_code=None if reason else key,
    )
    key = f"claim_{number:02}"
    return KnownClaim(key, feed.feed_id, said, ClaimStatus.LIVE, unit.now, unit.now)


class Story:
    """Carries out the steps, and looks at the unit after each."""

    def __init__(self) -> None:
        own = direct("3-6 May")
        first_read = [replace(feed, first_read_at=NOON) for feed in (AIRBNB, BOOKING)]
        feeds = {feed.feed_id: feed for feed in (*first_read, VRBO, HUB)}
        self.unit = Unit(feeds=feeds, stays={own.id: own})

    def tell(self, steps: Iterable[tuple[str, int, Entry]]) -> None:
        for number, (act, which, entry) in enumerate(steps):
            self._do(act, number, which, entry)
            self.unit.plan()
            self.look()

    def _do(self, act: str, number: int, which: int, entry: Entry) -> None:
        unit = self.unit
        match act:
            case "hour":
                unit.later(HOUR)
            case "day":
                unit.later(DAY)
            case "show":
                claim = _claim(number, entry, unit)
                unit.claims[claim.id] = claim
            case "resolve":
                self._resolve_all()
            case "retire":
                old = replace(unit.feeds["airbnb"], retired=True)
                new = FeedFacts("airbnb_2", "airbnb", position=7)
                unit.feeds = {**unit.feeds, "airbnb": old, "airbnb_2": new}
            case _ if unit.claims:
                key = sorted(unit.claims)[which % len(unit.claims)]
                unit.claims[key] = self._changed(act, unit.claims[key], entry, number)
            case _:
                pass

    def _resolve_all(self) -> None:
        self.unit.conflicts = {
            key: replace(one, status=ConflictStatus.RESOLVED, resolution="both_fine")
            for key, one in self.unit.conflicts.items()
        }

    def _changed(self, act: str, claim: KnownClaim, entry: Entry, number: int) -> KnownClaim:
        now = self.unit.now
        match act:
            case "move":
                moved = _range(self.unit.today, entry[1], entry[2])
                return replace(claim, said=replace(claim.said, nights=moved))
            case "see":
                return replace(claim, status=ClaimStatus.LIVE, released_at=None, echo_of=None)
            case "cut" if len(claim.nights) > 2 and claim.stands:
                return self._cut(claim, number)
            case "miss" if claim.stands:
                return replace(claim, status=ClaimStatus.MISSING)
            case "withdraw" if claim.stands:
                return replace(claim, status=ClaimStatus.WITHDRAWN, released_at=now)
            case "cancel" if claim.stands:
                return replace(claim, status=ClaimStatus.CANCELED, released_at=now)
            case "echo" if claim.said.kind is Kind.BLOCK:
                return replace(claim, echo_of="stay_direct")
            case _:
                return claim

    def _cut(self, claim: KnownClaim, number: int) -> KnownClaim:
        """The middle leaves: what is behind it is a claim apart, of the same stay."""
        arrival, departure = claim.nights.arrival, claim.nights.departure
        front, back = Nights(arrival, arrival + DAY), Nights(departure - DAY, departure)
        rest = replace(claim, id=f"claim_{number:02}", said=replace(claim.said, nights=back))
        self.unit.claims[rest.id] = rest
        return replace(claim, said=replace(claim.said, nights=front))

    # --- what must hold -------------------------------------------------------------------

    def look(self) -> None:
        self._stays_are_whole()
        self._each_night_is_with_the_longest_wait()
        self._no_night_is_freed_that_a_source_still_claims()
        self._conflicts_are_what_all_pairs_show()
        for feed in self.unit.feeds.values():
            self._export_holds_all_but_its_own(feed)

    def _closing(self) -> list[Stay]:
        unit = self.unit
        listed = {c.stay_id for c in unit.claims.values() if c.stands and c.echo_of is None}
        recent = [
            stay
            for stay in unit.stays.values()
            if stay.status is StayStatus.CANCELED and stay.id in listed
            if stay.closed_at is not None and unit.now - stay.closed_at < LINGER
        ]
        return [*(stay for stay in unit.stays.values() if stay.live), *recent]

    def _stays_are_whole(self) -> None:
        for stay in self.unit.stays.values():
            for one, other in itertools.pairwise(stay.spans):
                assert one.nights.departure == other.nights.arrival
                assert one.since != other.since
            assert (stay.closed_at is None) is stay.live

    def _each_night_is_with_the_longest_wait(self) -> None:
        """Nights between two guests come behind everyone."""
        waiting: dict[date, list[tuple[bool, datetime, bool, str]]] = {}
        for stay in self._closing():
            if not owns_nights(stay.reason):
                continue
            for span in stay.spans:
                for night in span.nights:
                    between = stay.reason in BETWEEN
                    place = (between, span.since, stay.kind is Kind.BLOCK, stay.id)
                    waiting.setdefault(night, []).append(place)
        assert self.unit.nights == {night: min(who)[3] for night, who in waiting.items()}

    def _no_night_is_freed_that_a_source_still_claims(self) -> None:
        unit = self.unit
        for claim in unit.claims.values():
            if not claim.stands or claim.echo_of or claim.nights.departure <= unit.today:
                continue
            stay = unit.stays.get(claim.stay_id or "")
            assert stay is not None or unit.feeds[claim.feed_id].retired
            if stay is None or not owns_nights(claim.said.reason):
                continue
            if stay.live and stay.feed_id == claim.feed_id:
                assert free_nights(claim.nights, unit.nights) == []

    def _conflicts_are_what_all_pairs_show(self) -> None:
        live = [s for s in self.unit.stays.values() if s.live and owns_nights(s.reason)]
        must, may = set[frozenset[str]](), set[frozenset[str]]()
        for one, other in itertools.combinations([s for s in live if not s.mirrored], 2):
            same_feed = one.feed_id is not None and one.feed_id == other.feed_id
            guests = [s for s in (one, other) if s.kind is Kind.RESERVATION]
            if not one.nights.overlaps(other.nights) or same_feed or not guests:
                continue
            may.add(frozenset((one.id, other.id)))
            to_come = min(one.nights.departure, other.nights.departure) > self.unit.today
            if len(guests) == 2 and to_come:
                must.add(frozenset((one.id, other.id)))
        known = {frozenset((c.first, c.second)) for c in self.unit.conflicts.values()}
        opened = {frozenset((c.first, c.second)) for c in self.unit.open_conflicts}
        assert must <= known
        assert opened <= may

    def _export_holds_all_but_its_own(self, feed: FeedFacts) -> None:
        """A night exported as free is held by no stay, but those that the feed lists itself."""
        unit = self.unit
        genuine = [c for c in unit.claims.values() if c.stands and c.echo_of is None]
        own = {c.stay_id for c in genuine if c.feed_id == feed.feed_id}
        own |= {s.id for s in unit.stays.values() if s.feed_id == feed.feed_id}
        held = unit.exported(feed)
        sent = {one.stay_id for one in held}
        assert not own & sent
        assert all(owns_nights(unit.stays[key].reason) for key in sent)
        told = {night for one in held for night in one.nights}
        listed = {n for s in unit.stays.values() if s.id in own and s.live for n in s.nights}
        for night, holder in unit.nights.items():
            if holder not in own and night >= unit.today:
                assert night in told | listed


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS)
def test_a_unit_is_true_after_every_step(steps: list[tuple[str, int, Entry]]) -> None:
    """Each plan made twice changes nothing; nights, conflicts and exports are as they must be."""
    Story().tell(steps)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_claims_does_not_matter(entries: list[Entry], chance: Random) -> None:
    """The same claims, loaded in another order, make the same stays, nights and conflicts."""
    told: list[tuple[object, ...]] = []
    claims = [_claim(number, entry, Unit()) for number, entry in enumerate(entries)]
    for _ in range(2):
        unit = Unit()
        unit.show(*claims)
        told.append((unit.live, unit.nights, sorted(c.nights for c in unit.open_conflicts)))
        chance.shuffle(claims)
    assert told[0] == told[1]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(ENTRIES, min_size=2, max_size=8), st.integers(0, 7))
def test_when_a_holder_leaves_the_next_takes_the_night(entries: list[Entry], which: int) -> None:
    """And no night of anyone else changes hands."""
    unit = Unit()
    for number, entry in enumerate(entries):
        unit.later()
        unit.show(_claim(number, entry, unit))
    before = dict(unit.nights)
    leaving = unit.claims[sorted(unit.claims)[which % len(unit.claims)]]
    gone = leaving.stay_id
    unit.release(leaving)
    if any(c.stands and c.stay_id == gone for c in unit.claims.values()):
        return
    for night, holder in before.items():
        if holder != gone:
            assert unit.nights[night] == holder
            continue
        waiting = [
            (stay.reason in BETWEEN, span.since, stay.kind is Kind.BLOCK, stay.id)
            for stay in unit.live
            for span in stay.spans
            if night in span.nights and owns_nights(stay.reason)
        ]
        assert unit.nights.get(night) == min(waiting, default=(None, None, None, None))[3]


def test_the_story_starts_with_a_stay_of_our_own() -> None:
    """So that there is something to echo and to clash with."""
    story = Story()
    story.unit.plan()
    assert story.unit.holders("3-6 May") == ["stay_direct"] * 3
    assert story.unit.today == TODAY
