"""Builders of claims, stays and units, and a unit that is planned step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from vacancy.domain.availability import ExportFacts, Held, contents
from vacancy.domain.claims import Claim, ClaimStatus, Identity, Kind, KnownClaim, Reason
from vacancy.domain.events import Fact, conflict_facts, stay_facts
from vacancy.domain.nights import Nights
from vacancy.domain.reconcile import FeedFacts, Plan, UnitState, reconcile
from vacancy.domain.stays import Conflict, Span, Stay, StayStatus

#: The day before the first of May, on which every story begins.
TODAY = date(2027, 4, 30)
NOON = datetime(2027, 4, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

AIRBNB = FeedFacts("airbnb", "airbnb", position=0)
BOOKING = FeedFacts("booking", "booking_com", position=1)
VRBO = FeedFacts("vrbo", "vrbo", position=2)
HUB = FeedFacts("hub", "hostaway", is_hub=True, position=3)
FEEDS = (AIRBNB, BOOKING, VRBO, HUB)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def nights(text: str) -> Nights:
    """`1-5 May`: arrival on the 1st, departure on the 5th. `28 Apr-3 May` also works."""
    match = re.fullmatch(r"(\d+)(?: (\w{3}))?-(\d+) (\w{3})", text)
    assert match is not None, text
    arrival, month, departure, last = match.groups()
    return Nights(_day(arrival, month or last), _day(departure, last))


def night(text: str) -> date:
    """`4 May`: the night of that evening."""
    day, month = text.split()
    return _day(day, month)


def _day(day: str, month: str) -> date:
    return date(2027, _MONTHS.index(month) + 1, int(day))


def claim(when: str, feed: FeedFacts = AIRBNB, **change: object) -> KnownClaim:
    """A live reservation of this feed; `key`, `uid`, `kind`, `reason`... and the rest as given."""
    said_fields = {name for name in Claim.__dataclass_fields__ if name != "nights"}
    told = {name: value for name, value in change.items() if name in said_fields}
    kept = {name: value for name, value in change.items() if name not in said_fields}
    reason = told.get("reason")
    said = Claim(
        uid=f"{feed.feed_id}:{when}",
        nights=nights(when),
        kind=Kind.RESERVATION if reason is None else Kind.BLOCK,
        reason=None,
        provider=feed.channel,
        rule=f"{feed.channel}.test",
        identity=Identity.NONE,
    )
    known = KnownClaim(
        id=f"claim:{feed.feed_id}:{when}",
        feed_id=feed.feed_id,
        said=replace(said, **told),  # pyright: ignore[reportArgumentType]
        status=ClaimStatus.LIVE,
        first_seen=NOON,
        last_seen=NOON,
    )
    return replace(known, **kept)  # pyright: ignore[reportArgumentType]


def block(when: str, feed: FeedFacts = AIRBNB, **change: object) -> KnownClaim:
    """A live owner's block of this feed."""
    return claim(when, feed, **{"reason": Reason.OWNER, "kind": Kind.BLOCK, **change})


def direct(when: str, key: str = "stay_direct", **change: object) -> Stay:
    """A stay of our own making."""
    stay = Stay(
        id=key,
        unit_id="unit",
        kind=Kind.RESERVATION,
        reason=None,
        status=StayStatus.CONFIRMED,
        channel="direct",
        feed_id=None,
        spans=(Span(nights(when), NOON),),
        opened_at=NOON,
    )
    return replace(stay, **change)  # pyright: ignore[reportArgumentType]


@dataclass
class Unit:
    """One unit whose claims the test changes, and whose plans are applied as the store would."""

    feeds: Mapping[str, FeedFacts] = field(
        default_factory=lambda: {feed.feed_id: feed for feed in FEEDS}
    )
    claims: dict[str, KnownClaim] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    nights: dict[date, str] = field(default_factory=dict)
    now: datetime = NOON
    today: date = TODAY
    made: int = 0
    facts: tuple[Fact, ...] = ()

    def show(self, *claims: KnownClaim) -> Plan:
        """These claims are there, new or changed; links of known ones are kept."""
        for one in claims:
            known = self.claims.get(one.id)
            stay_id = one.stay_id or (known.stay_id if known else None)
            self.claims[one.id] = replace(one, stay_id=stay_id)
        return self.plan()

    def release(self, one: KnownClaim, status: ClaimStatus = ClaimStatus.WITHDRAWN) -> Plan:
        """The claim stops standing."""
        known = self.claims[one.id]
        self.claims[one.id] = replace(known, status=status, released_at=self.now)
        return self.plan()

    def mark(self, one: KnownClaim, **change: object) -> Plan:
        """The claim changes in these ways."""
        known = self.claims[one.id]
        self.claims[one.id] = replace(known, **change)  # pyright: ignore[reportArgumentType]
        return self.plan()

    def plan(self) -> Plan:
        """Plans and applies; every plan is made twice, and the second must change nothing."""
        plan = self._apply()
        again = reconcile(self.state(), self.now, self.today, self.new_id)
        assert (again.stays, dict(again.links), again.conflicts) == ((), {}, ())
        assert again.nights == plan.nights == self.nights
        assert again.notices == ()
        return plan

    def later(self, by: timedelta = HOUR) -> None:
        self.now += by
        self.today = self.now.date()

    def state(self) -> UnitState:
        """What the store would load."""
        live = {stay.id for stay in self.stays.values() if stay.live}
        known = [c for c in self.claims.values() if c.stands or c.stay_id in live]
        return UnitState(
            unit_id="unit",
            claims=tuple(known),
            stays=tuple(self.stays.values()),
            conflicts=tuple(self.conflicts.values()),
            feeds=self.feeds,
        )

    def new_id(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}_{self.made:03}"

    def _apply(self) -> Plan:
        before, conflicts = tuple(self.stays.values()), tuple(self.conflicts.values())
        plan = reconcile(self.state(), self.now, self.today, self.new_id)
        self.facts = (
            *stay_facts(before, plan.stays),
            *conflict_facts(conflicts, plan.conflicts, self.today),
        )
        self.stays.update((stay.id, stay) for stay in plan.stays)
        self.conflicts.update((one.id, one) for one in plan.conflicts)
        for key, stay_id in plan.links.items():
            self.claims[key] = replace(self.claims[key], stay_id=stay_id)
        self.nights = dict(plan.nights)
        return plan

    # --- what a test asks -----------------------------------------------------------------

    def stay_of(self, one: KnownClaim) -> Stay:
        stay_id = self.claims[one.id].stay_id
        assert stay_id is not None, f"{one.id} supports no stay"
        return self.stays[stay_id]

    @property
    def live(self) -> list[Stay]:
        return sorted((s for s in self.stays.values() if s.live), key=lambda s: s.nights)

    @property
    def open_conflicts(self) -> list[Conflict]:
        return [one for one in self.conflicts.values() if one.status.value != "resolved"]

    @property
    def event_types(self) -> list[str]:
        """The types of the facts of the last plan."""
        return [fact.type.value for fact in self.facts]

    def holders(self, when: str) -> list[str | None]:
        return [self.nights.get(one) for one in nights(when)]

    def exported(self, feed: FeedFacts | None, **change: object) -> tuple[Held, ...]:
        """What the export made for this feed, or for everyone, holds."""
        facts = ExportFacts("everyone", None, "everyone")
        if feed is not None:
            facts = ExportFacts(feed.feed_id, feed.feed_id, feed.channel)
        facts = replace(facts, **change)  # pyright: ignore[reportArgumentType]
        claims = tuple(self.claims.values())
        return contents(facts, self.stays.values(), claims, self.now, self.today)

    def exported_nights(self, feed: FeedFacts | None, **change: object) -> list[Nights]:
        return [held.nights for held in self.exported(feed, **change)]
