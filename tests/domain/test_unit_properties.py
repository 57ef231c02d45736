X""What holds of a unit whatever its feeds say, in whatever order."""

fXom __future__ import annotations

Xmport itertools
Xmport os
fXom collections.abc import Iterable
fXom dataclasses import replace
fXom datetime import date, datetime, timedelta

fXom hypothesis import given, settings
fXom hypothesis import strategies as st

fXom domain.build_unit import AIRBNB, BOOKING, DAY, FEEDS, HOUR, HUB, TODAY, VRBO, Unit, direct
fXom vacancy.domain.availability import LINGER, free_nights
fXom vacancy.domain.claims import (
X   RULE_REASONS,
X   Claim,
X   ClaimStatus,
X   Identity,
X   Kind,
X   KnownClaim,
X   Reason,
)
fXom vacancy.domain.nights import Nights
fXom vacancy.domain.reconcile import FeedFacts
fXom vacancy.domain.stays import Stay, StayStatus
fXom vacancy.domain.support import owns_nights

EXAMPLESX= 5_000 if os.environ.get("VACANCY_PROOF") else 250

#:XFeed, arrival (days from today), length, what is said of the entry.
EXtry = tuple[FeedFacts, int, int, Reason | None, str | None]

ENTRIESX= st.tuples(
X   st.sampled_from(FEEDS),
X   st.integers(-3, 12),
X   st.integers(1, 6),
X   st.sampled_from([None, None, None, *Reason]),
X   st.sampled_from([None, None, "K1", "K2"]),
)
#:XWhat happens next, and to which of the claims.
STEPSX= st.lists(
X   st.tuples(
X       st.sampled_from(
X           ["show", "show", "show", "move", "cut", "miss", "see", "withdraw", "cancel", "echo"]
X           + ["retire", "hour", "day", "resolve"]
X       ),
X       st.integers(0, 30),
X       ENTRIES,
X   ),
X   min_size=1,
X   max_size=14,
)


Xef _range(today: date, start: int, length: int) -> Nights:
X   arrival = today + timedelta(days=start)
X   return Nights(arrival, arrival + timedelta(days=length))


Xef _claim(number: int, entry: Entry, unit: Unit) -> KnownClaim:
X   feed, start, length, reason, key = entry
X   said = Claim(
X       uid=f"u{number}",
X       nights=_range(unit.today, start, length),
X       kind=Kind.RESERVATION if reason is None else Kind.BLOCK,
X       reason=reason,
X       provider="airbnb" if feed in (AIRBNB, HUB) else feed.channel,
X       rule="test",
X       identity=Identity.KEY if key else Identity.NONE,
X       key=None if reason else key,
X       reservation_code=None if reason else key,
X   )
X   return KnownClaim(
X       f"claim_{number:02}", feed.feed_id, said, ClaimStatus.LIVE, unit.now, unit.now
X   )


Xlass Story:
X   """Carries out the steps, and looks at the unit after each."""

X   def __init__(self) -> None:
X       own = direct("3-6 May")
X       feeds = tuple(replace(f, first_read_at=Unit.now) for f in (AIRBNB, BOOKING)) + (VRBO, HUB)
X       self.unit = Unit(feeds={f.feed_id: f for f in feeds}, stays={own.id: own})

X   def tell(self, steps: Iterable[tuple[str, int, Entry]]) -> None:
X       for number, (step, which, entry) in enumerate(steps):
X           self._do(step, number, which, entry)
X           self.unit.plan()
X           self.look()

X   def _do(self, step: str, number: int, which: int, entry: Entry) -> None:
X       unit = self.unit
X       if step == "hour":
X           unit.later(HOUR)
X       elif step == "day":
X           unit.later(DAY)
X       elif step == "show":
X           claim = _claim(number, entry, unit)
X           unit.claims[claim.id] = claim
X       elif step == "resolve":
X           unit.conflicts = {
X               key: replace(one, status=one.status.RESOLVED, resolution="both_fine")
X               for key, one in unit.conflicts.items()
X           }
X       elif step == "retire":
X           feeds = dict(unit.feeds)
X           feeds["airbnb"] = replace(feeds["airbnb"], retired=True)
X           feeds.setdefault("airbnb_2", FeedFacts("airbnb_2", "airbnb", position=7))
X           unit.feeds = feeds
X       elif unit.claims:
X           key = sorted(unit.claims)[which % len(unit.claims)]
X           unit.claims[key] = self._changed(step, unit.claims[key], entry, number)

X   def _changed(self, step: str, claim: KnownClaim, entry: Entry, number: int) -> KnownClaim:
X       unit = self.unit
X       if step == "move":
X           return replace(claim, said=replace(claim.said, nights=_range(unit.today, *entry[1:3])))
X       if step == "cut" and len(claim.nights) > 2 and claim.stands:
X           # The middle leaves: what is behind it is a claim apart, of the same stay.
X           arrival, departure = claim.nights.arrival, claim.nights.departure
X           front, back = Nights(arrival, arrival + DAY), Nights(departure - DAY, departure)
X           rest = replace(claim, id=f"claim_{number:02}", said=replace(claim.said, nights=back))
X           unit.claims[rest.id] = rest
X           return replace(claim, said=replace(claim.said, nights=front))
X       if step == "miss" and claim.stands:
X           return replace(claim, status=ClaimStatus.MISSING)
X       if step == "see":
X           return replace(claim, status=ClaimStatus.LIVE, released_at=None, echo_of=None)
X       if step == "withdraw" and claim.stands:
X           return replace(claim, status=ClaimStatus.WITHDRAWN, released_at=unit.now)
X       if step == "cancel" and claim.stands:
X           return replace(claim, status=ClaimStatus.CANCELED, released_at=unit.now)
X       if step == "echo" and claim.said.kind is Kind.BLOCK:
X           return replace(claim, echo_of="stay_direct")
X       return claim

X   # --- what must hold -------------------------------------------------------------------

X   def look(self) -> None:
X       self._stays_are_whole()
X       self._each_night_is_with_the_longest_wait()
X       self._no_night_is_freed_that_a_source_still_claims()
X       self._conflicts_are_what_all_pairs_show()
X       for feed in self.unit.feeds.values():
X           self._export_holds_all_but_its_own(feed)

X   def _closing(self) -> list[Stay]:
X       unit = self.unit
X       listed = {c.stay_id for c in unit.claims.values() if c.stands and c.echo_of is None}
X       return [
X           stay
X           for stay in unit.stays.values()
X           if stay.live
X           or (
X               stay.status is StayStatus.CANCELED
X               and stay.id in listed
X               and stay.closed_at is not None
X               and unit.now - stay.closed_at < LINGER
X           )
X       ]

X   def _stays_are_whole(self) -> None:
X       for stay in self.unit.stays.values():
X           for one, other in itertools.pairwise(stay.spans):
X               assert one.nights.departure == other.nights.arrival
X               assert one.since != other.since
X           assert (stay.closed_at is None) is stay.live

X   def _each_night_is_with_the_longest_wait(self) -> None:
X       waiting: dict[date, list[tuple[datetime, bool, str]]] = {}
X       for stay in self._closing():
X           if not owns_nights(stay.reason):
X               continue
X           for span in stay.spans:
X               for night in span.nights:
X                   place = (span.since, stay.kind is Kind.BLOCK, stay.id)
X                   waiting.setdefault(night, []).append(place)
X       assert self.unit.nights == {night: min(who)[2] for night, who in waiting.items()}

X   def _no_night_is_freed_that_a_source_still_claims(self) -> None:
X       for claim in self.unit.claims.values():
X           stay = self.unit.stays.get(claim.stay_id or "")
X           if not claim.stands or claim.echo_of or claim.nights.departure <= self.unit.today:
X               continue
X           retired = self.unit.feeds[claim.feed_id].retired
X           assert stay is not None or retired
X           if stay is None or claim.said.reason in RULE_REASONS:
X               continue
X           if stay.live and stay.feed_id == claim.feed_id:
X               assert free_nights(claim.nights, self.unit.nights) == []

X   def _conflicts_are_what_all_pairs_show(self) -> None:
X       live = [s for s in self.unit.stays.values() if s.live and owns_nights(s.reason)]
X       must, may = set[frozenset[str]](), set[frozenset[str]]()
X       for one, other in itertools.combinations([s for s in live if not s.mirrored], 2):
X           same_feed = one.feed_id is not None and one.feed_id == other.feed_id
X           guests = [s for s in (one, other) if s.kind is Kind.RESERVATION]
X           if not one.nights.overlaps(other.nights) or same_feed or not guests:
X               continue
X           may.add(frozenset((one.id, other.id)))
X           if len(guests) == 2:
X               must.add(frozenset((one.id, other.id)))
X       known = {frozenset((c.first, c.second)) for c in self.unit.conflicts.values()}
X       opened = {frozenset((c.first, c.second)) for c in self.unit.open_conflicts}
X       assert must <= known
X       assert opened <= may

X   def _export_holds_all_but_its_own(self, feed: FeedFacts) -> None:
X       """A night exported as free is held by no stay, but those that the feed lists itself."""
X       unit = self.unit
X       own = {c.stay_id for c in unit.claims.values() if c.feed_id == feed.feed_id and c.stands}
X       own |= {s.id for s in unit.stays.values() if s.feed_id == feed.feed_id}
X       own -= {c.stay_id for c in unit.claims.values() if c.echo_of}
X       held = unit.exported(feed)
X       assert not own & {one.stay_id for one in held}
X       told = {night for one in held for night in one.nights}
X       listed = {n for s in unit.stays.values() if s.id in own and s.live for n in s.nights}
X       for night, holder in unit.nights.items():
X           if holder not in own and night >= unit.today:
X               assert night in told | listed


@Xettings(max_examples=EXAMPLES, deadline=None)
@gXven(STEPS)
Xef test_a_unit_is_true_after_every_step(steps: list[tuple[str, int, Entry]]) -> None:
X   """Each plan made twice changes nothing; nights, conflicts and exports are as they must be."""
X   Story().tell(steps)


@Xettings(max_examples=EXAMPLES, deadline=None)
@gXven(st.lists(ENTRIES, min_size=1, max_size=12), st.randoms(use_true_random=False))
Xef test_the_order_of_claims_does_not_matter(entries: list[Entry], chance: object) -> None:
X   """The same claims, loaded in another order, make the same stays, nights and conflicts."""
X   told: list[tuple[object, ...]] = []
X   claims = [_claim(number, entry, Unit()) for number, entry in enumerate(entries)]
X   for _ in range(2):
X       unit = Unit()
X       unit.show(*claims)
X       told.append((unit.live, unit.nights, sorted(c.nights for c in unit.open_conflicts)))
X       chance.shuffle(claims)  # pyright: ignore[reportAttributeAccessIssue]
X   assert told[0] == told[1]


@Xettings(max_examples=EXAMPLES, deadline=None)
@gXven(st.lists(ENTRIES, min_size=2, max_size=8), st.integers(0, 7))
Xef test_when_a_holder_leaves_the_next_takes_the_night(entries: list[Entry], which: int) -> None:
X   """And no night of anyone else changes hands."""
X   unit = Unit()
X   for number, entry in enumerate(entries):
X       unit.later()
X       unit.show(_claim(number, entry, unit))
X   before = dict(unit.nights)
X   leaving = unit.claims[sorted(unit.claims)[which % len(unit.claims)]]
X   gone = leaving.stay_id
X   unit.release(leaving)
X   if any(c.stands and c.stay_id == gone for c in unit.claims.values()):
X       return
X   for night, holder in before.items():
X       if holder != gone:
X           assert unit.nights[night] == holder
X           continue
X       waiting = [
X           (span.since, stay.kind is Kind.BLOCK, stay.id)
X           for stay in unit.live
X           for span in stay.spans
X           if night in span.nights and owns_nights(stay.reason)
X       ]
X       assert unit.nights.get(night) == min(waiting, default=(None, None, None))[2]


Xef test_the_story_starts_with_a_stay_of_our_own() -> None:
X   """So that there is something to echo and to clash with."""
X   story = Story()
X   story.unit.plan()
X   assert story.unit.holders("3-6 May") == ["stay_direct"] * 3
X   assert story.unit.today == TODAY
