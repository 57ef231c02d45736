"""The house on paper: what it decides about one unit, with its books kept in memory.

Every decision is the product's own: reading, classifying, settling, reconciling, what exports hold.
Only the store, the network and the leases are left out, so that a year takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from vacancy.channels.catalog import profile_of
from vacancy.channels.classify import classify
from vacancy.domain.availability import ExportFacts, contents, refuse_taken
from vacancy.domain.claims import Kind, KnownClaim, Reason, Snapshot
from vacancy.domain.echoes import OurStay, named_stay
from vacancy.domain.events import Fact, conflict_facts, stay_facts
from vacancy.domain.feed import FeedState, Settlement
from vacancy.domain.nights import Nights
from vacancy.domain.reconcile import FeedFacts, UnitState, reconcile
from vacancy.domain.release import ReleaseRules, release_by_person
from vacancy.domain.settle import decide_doubt, settle, start_anew
from vacancy.domain.stays import Conflict, Span, Stay, StayStatus
from vacancy.ical.read import Reading, ReadSettings, read
from vacancy.ical.settings import horizon
from vacancy.poller.state import SHOWN_WITHIN
from vacancy.simulator.paper_feed import PaperFeed, rules_of

#: Ends the UIDs of our stays.
DOMAIN = "paper.invalid"
#: The export that holds everything.
EVERYONE = ExportFacts("everyone", None, "everyone")


class PaperUnit:
    """One unit: told of answers and readings, it decides, publishes, and says what happened.

    `channels` maps each feed's key to its channel. Facts go to `tell` as they come; `asked` are
    the feeds to be polled at once: their export changed, and a channel that subtracts might read
    it before a sale of its own was seen.
    """

    def __init__(
        self,
        slug: str,
        zone: ZoneInfo,
        channels: Mapping[str, str],
        patience: ReleaseRules | None = None,
    ) -> None:
        self.slug = slug
        self.zone = zone
        self.feeds = {
            key: PaperFeed(key, channel, rules_of(channel, patience))
            for key, channel in channels.items()
        }
        self.stays: dict[str, Stay] = {}
        self.conflicts: dict[str, Conflict] = {}
        self.nights: dict[date, str] = {}
        self.again_at: datetime | None = None
        self.planned_on: date | None = None
        self.asked: set[str] = set()
        self.tell: Callable[[Fact], None] = lambda _fact: None
        self._ids = count(1)

    def new_id(self, prefix: str) -> str:
        """In order of birth, as the real ones are."""
        return f"{prefix}_{self.slug}_{next(self._ids):06d}"

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    # What a channel answers

    def answers(self, key: str, body: bytes, now: datetime) -> Settlement:
        """A whole answer. Raises NotACalendar where it is none, and nothing has changed."""
        feed, today = self.feeds[key], self.today(now)
        settings = ReadSettings(self.zone, today, horizon(today))
        reading = read(body, settings, feed.blocks)
        feed.blocks = {block.digest: block for block in reading.blocks}
        feed.reading = reading
        return self._take(feed, reading, now)

    def answers_the_same(self, key: str, now: datetime) -> Settlement | None:
        """The last answer again; None where it says nothing and nothing waits for it."""
        feed = self.feeds[key]
        moves_on = feed.waiting or feed.failed or feed.doubt is not None
        rereads = feed.rereads_daily and feed.read_on != self.today(now)
        if feed.reading is None or moves_on or rereads:
            return self._take(feed, feed.reading or Reading((), ()), now)
        feed.believed_at = now
        return None

    def fails(self, key: str) -> None:
        """No good answer: nothing changes, and the next one is judged whatever it says."""
        self.feeds[key].failed = True

    def decides(self, key: str, now: datetime, *, accept: bool) -> None:
        """A person's word on a doubtful answer. Raises Refused where nothing is in doubt."""
        feed = self.feeds[key]
        settled = decide_doubt(self._state(feed, now), accept=accept, now=now)
        feed.claims |= {claim.id: claim for claim in settled.claims}
        feed.doubt, feed.waiting = settled.doubt, True
        self.plan(now)

    def release(self, stay_id: str, now: datetime) -> None:
        """A person knows that an imported stay is gone."""
        for feed in self.feeds.values():
            mine = [c for c in feed.claims.values() if c.stay_id == stay_id]
            gone, _ = release_by_person(mine, now)
            feed.claims |= {claim.id: claim for claim in gone}
            feed.waiting = feed.waiting or bool(gone)
        self.plan(now)

    def _take(self, feed: PaperFeed, reading: Reading, now: datetime) -> Settlement:
        today, known = self.today(now), tuple(feed.claims.values())
        snapshot = classify(
            reading.entries,
            reading.skipped,
            channel=feed.channel,
            host=None,
            today=today,
            known=known,
            closed_before=feed.closes_all,
            stamped=reading.stamped,
        )
        state = self._with_our_stays(self._state(feed, now), snapshot, now)
        settled = settle(state, snapshot, now, today, self.new_id)
        feed.claims |= {claim.id: claim for claim in settled.claims}
        feed.sightings, feed.doubt = settled.sightings, settled.doubt
        feed.habits, feed.waiting = settled.habits, settled.waiting
        feed.closes_all, feed.failed, feed.read_on = snapshot.closes_all, False, today
        feed.rereads_daily = reading.recurs or any(c.is_rule_block for c in snapshot.claims)
        if settled.outcome != "suspicious":
            feed.believed_at = now
        if settled.claims or settled.changes:
            self.plan(now)
        elif not feed.version:
            self._publish(now)
        feed.first_good_at = feed.first_good_at or now
        return settled

    def _state(self, feed: PaperFeed, now: datetime) -> FeedState:
        return FeedState(
            feed_id=feed.key,
            known=feed.known(now),
            sightings=feed.sightings,
            doubt=feed.doubt,
            last_good_at=feed.believed_at,
            rules=feed.rules,
            history=feed.history(now),
            own_domain=DOMAIN,
            habits=feed.habits,
        )

    def _with_our_stays(self, state: FeedState, snapshot: Snapshot, now: datetime) -> FeedState:
        wanted = {stay.id for stay in self._recent(now)}
        wanted |= {publication.stay_id for publication in state.history.publications}
        wanted |= {claim.echo_of for claim in state.known if claim.echo_of}
        wanted |= {named_stay(claim.uid, DOMAIN) or "" for claim in snapshot.claims}
        found = [self.stays[stay_id] for stay_id in wanted if stay_id in self.stays]
        return replace(
            state, our_stays={s.id: OurStay(s.id, True, s.nights, s.live) for s in found}
        )

    def _recent(self, now: datetime) -> list[Stay]:
        since = now - SHOWN_WITHIN
        return [s for s in self.stays.values() if s.closed_at is None or s.closed_at >= since]

    # What follows from it

    def plan(self, now: datetime) -> None:
        """Decide about the whole unit, and publish what its exports hold from now on."""
        today, claims = self.today(now), self._claims(now)
        stays = self._stays_for(claims, now)
        conflicts = tuple(c for c in self.conflicts.values() if _matters(c, now))
        state = UnitState(self.slug, claims, stays, conflicts, self._feed_facts())
        plan = reconcile(state, now, today, self.new_id)
        for fact in (
            *stay_facts(state.stays, plan.stays),
            *conflict_facts(state.conflicts, plan.conflicts, today),
        ):
            self.tell(fact)
        self.stays |= {stay.id: stay for stay in plan.stays}
        self.conflicts |= {conflict.id: conflict for conflict in plan.conflicts}
        self.nights, self.again_at, self.planned_on = dict(plan.nights), plan.again_at, today
        self._link(plan.links)
        self._wake({stay.id for stay in plan.stays})
        self._publish(now)

    def pass_time(self, now: datetime) -> None:
        """Plan anew where time alone changes something: at midnight, or when a span is over."""
        due = self.again_at is not None and now >= self.again_at
        if due or self.planned_on != self.today(now):
            self.plan(now)

    def clock_jumped(self, now: datetime) -> None:
        """Wall and monotonic clock parted: every span under way starts anew."""
        for feed in self.feeds.values():
            state = start_anew(self._state(feed, now), now)
            feed.claims = {claim.id: claim for claim in state.known}
            feed.doubt, feed.habits = state.doubt, state.habits

    def _claims(self, now: datetime) -> tuple[KnownClaim, ...]:
        since = now - SHOWN_WITHIN
        every = (c for feed in self.feeds.values() for c in feed.claims.values())
        recent = (c for c in every if c.released_at is None or c.released_at >= since)
        return tuple(sorted(recent, key=lambda claim: (claim.nights.arrival, claim.id)))

    def _stays_for(self, claims: Sequence[KnownClaim], now: datetime) -> tuple[Stay, ...]:
        found = {stay.id: stay for stay in self._recent(now)}
        linked = {claim.stay_id for claim in claims if claim.stands and claim.stay_id}
        return (*found.values(), *(self.stays[one] for one in sorted(linked - found.keys())))

    def _feed_facts(self) -> dict[str, FeedFacts]:
        return {
            feed.key: FeedFacts(
                feed.key,
                feed.channel,
                is_hub=profile_of(feed.channel).is_hub,
                position=place,
                first_read_at=feed.first_good_at,
            )
            for place, feed in enumerate(self.feeds.values())
        }

    def _link(self, links: Mapping[str, str | None]) -> None:
        for feed in self.feeds.values():
            for claim_id in links.keys() & feed.claims.keys():
                feed.claims[claim_id] = replace(feed.claims[claim_id], stay_id=links[claim_id])

    def _wake(self, stay_ids: set[str]) -> None:
        """Feeds that show these coming back are judged at their next answer."""
        for feed in self.feeds.values():
            if any(c.stands and c.echo_of in stay_ids for c in feed.claims.values()):
                feed.waiting = True

    # Exports

    def _publish(self, now: datetime) -> None:
        claims, stays, today = self._claims(now), self._recent(now), self.today(now)
        for feed in self.feeds.values():
            opened = feed.publish(contents(feed.facts, stays, claims, now, today))
            if opened and feed.may_subtract:
                self.asked.add(feed.key)

    def read_by(self, key: str, now: datetime) -> list[Nights] | None:
        """The channel reads its export: the nights in it. Noted, as every reading is.

        None until each feed has had a good answer: an export is not open before.
        """
        if any(feed.first_good_at is None for feed in self.feeds.values()):
            return None
        if not self.feeds[key].version:
            self._publish(now)
        self.feeds[key].is_read(now)
        return [one.nights for one in self.feeds[key].held]

    def everyone(self, now: datetime) -> frozenset[date]:
        """The nights that the export for everyone closes."""
        held = contents(EVERYONE, self._recent(now), self._claims(now), now, self.today(now))
        return frozenset(night for one in held for night in one.nights)

    # Our own

    def book(self, nights: Nights, now: datetime, *, block: bool = False) -> Stay:
        """Takes nights for a direct guest, or withholds them. Raises NightsTaken."""
        refuse_taken(nights, self.nights)
        stay = Stay(
            id=self.new_id("stay"),
            unit_id=self.slug,
            kind=Kind.BLOCK if block else Kind.RESERVATION,
            reason=Reason.OWNER if block else None,
            status=StayStatus.CONFIRMED,
            channel="direct",
            feed_id=None,
            spans=(Span(nights, now),),
            opened_at=now,
        )
        self.stays[stay.id] = stay
        self.plan(now)
        return stay

    def cancel(self, stay_id: str, now: datetime) -> None:
        """Ends a direct stay."""
        stay = replace(self.stays[stay_id], status=StayStatus.CANCELED, closed_at=now)
        self.stays[stay_id] = stay
        self._wake({stay_id})
        self.plan(now)


def _matters(conflict: Conflict, now: datetime) -> bool:
    return conflict.resolved_at is None or conflict.resolved_at >= now - SHOWN_WITHIN
