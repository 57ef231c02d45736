"""From claims to stays: who supports whom, who holds a night, and when a stay ends (rules 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.build_unit import (
    AIRBNB,
    BOOKING,
    DAY,
    FEEDS,
    HOUR,
    HUB,
    NOON,
    VRBO,
    Unit,
    block,
    claim,
    direct,
    night,
    nights,
)
from vacancy.domain.answer import OUTLIVED
from vacancy.domain.availability import free_nights, refuse_taken
from vacancy.domain.claims import ClaimStatus, Identity, Kind, KnownClaim, Reason
from vacancy.domain.conflicts import suggestion
from vacancy.domain.errors import NightsTaken
from vacancy.domain.reconcile import FeedFacts
from vacancy.domain.stays import ConflictKind, StayStatus

# --- one stay per origin claim ------------------------------------------------------------


def test_each_claim_is_the_origin_of_one_stay() -> None:
    """Two bookings of one feed are two stays, back to back or not."""
    unit = Unit()
    unit.show(claim("1-5 May", key="HM1", reservation_code="HM1"), claim("5-8 May"))
    first, second = unit.live
    assert (first.nights, second.nights) == (nights("1-5 May"), nights("5-8 May"))
    assert (first.channel, first.feed_id, first.reservation_code) == ("airbnb", "airbnb", "HM1")
    assert (first.kind, first.status) == (Kind.RESERVATION, StayStatus.CONFIRMED)
    assert unit.event_types == ["booking.created", "booking.created"]


@pytest.mark.parametrize(
    "same",
    [
        {"key": "HM1"},
        {"reservation_code": "HM1", "provider": "hostaway"},
        {"uid": "one@airbnb.com", "identity": Identity.KEY},
        {"provider": "airbnb"},
    ],
    ids=["strong key", "code under the hub's own name", "uid", "provider and nights"],
)
def test_the_same_booking_through_a_hub_supports_the_stay(same: dict[str, object]) -> None:
    """Equal strong key or UID, or the same provider and nights where one of the two is a hub."""
    unit = Unit()
    own = {"key": "HM1", "uid": "one@airbnb.com", "identity": Identity.KEY}
    unit.show(claim("1-5 May", AIRBNB, **own))
    unit.show(claim("1-5 May", HUB, **{"provider": "airbnb", **same}))
    assert len(unit.live) == 1
    assert unit.conflicts == {}


def test_the_most_direct_source_wins_also_when_it_comes_later() -> None:
    """A hub's word was first; the channel's own takes over the stay, and its nights count."""
    unit = Unit()
    relayed = claim("1-5 May", HUB, provider="airbnb", key="HM1")
    unit.show(relayed)
    assert (unit.live[0].feed_id, unit.live[0].channel) == ("hub", "airbnb")
    unit.later()
    unit.show(claim("1-6 May", AIRBNB, key="HM1"))
    (stay,) = unit.live
    assert (stay.feed_id, stay.nights) == ("airbnb", nights("1-6 May"))
    assert stay.id == unit.stay_of(relayed).id
    assert unit.event_types == ["booking.updated"]


def test_a_hub_that_lagged_behind_supports_the_stay_once_it_agrees() -> None:
    """Two stays while the nights differed; then the hub's was the channel's own all along."""
    unit = Unit()
    relayed, own = claim("1-5 May", HUB, provider="airbnb"), claim("1-6 May", AIRBNB, key="HM1")
    unit.show(relayed)
    unit.show(own)
    assert len(unit.open_conflicts) == 1
    unit.mark(relayed, said=replace(relayed.said, nights=nights("1-6 May")))
    assert [stay.id for stay in unit.live] == [unit.stay_of(own).id]
    assert unit.open_conflicts == []


def test_a_hub_that_lists_a_booking_twice_supports_one_stay_twice() -> None:
    """Both entries are the channel's own booking, as soon as that is read."""
    unit = Unit()
    twice = {"provider": "airbnb", "uid": "second", "id": "claim:second"}
    unit.show(claim("1-5 May", HUB, provider="airbnb"), claim("1-5 May", HUB, **twice))
    unit.show(claim("1-5 May", AIRBNB))
    assert [stay.feed_id for stay in unit.live] == ["airbnb"]
    assert unit.open_conflicts == []


def test_a_hub_that_shows_nights_left_by_a_move_keeps_them_closed() -> None:
    """It lags, or it is another booking: joined by nights alone, it is on its own in doubt."""
    unit = Unit()
    moved, relayed = claim("1-5 May", AIRBNB, key="HM1"), claim("1-5 May", HUB, provider="airbnb")
    unit.show(moved, relayed)
    unit.mark(moved, said=replace(moved.said, nights=nights("10-15 May")))
    assert unit.holders("1-5 May") == [unit.stay_of(relayed).id] * 4
    unit.mark(relayed, said=replace(relayed.said, nights=nights("10-15 May")))
    assert [stay.nights for stay in unit.live] == [nights("10-15 May")]


def test_a_hub_that_shares_the_key_follows_the_move() -> None:
    """The most direct source wins: the old nights are free, whatever the hub still shows."""
    unit = Unit()
    moved = claim("1-5 May", AIRBNB, key="HM1")
    unit.show(moved, claim("1-5 May", HUB, provider="airbnb", key="HM1"))
    unit.mark(moved, said=replace(moved.said, nights=nights("10-15 May")))
    assert unit.holders("1-5 May") == [None] * 4


def test_a_new_booking_is_not_mistaken_for_one_that_moved_away() -> None:
    """The hub still shows the old nights of a booking that moved; those are sold again."""
    unit = Unit()
    moved = claim("1-5 May", AIRBNB, key="HM1")
    unit.show(moved, claim("1-5 May", HUB, provider="airbnb"))
    unit.mark(moved, said=replace(moved.said, nights=nights("5-9 May")))
    new = claim("1-5 May", AIRBNB, key="HM2", id="claim:new")
    unit.show(new)
    assert unit.stay_of(moved).nights == nights("5-9 May")
    assert unit.stay_of(new).nights == nights("1-5 May")


def test_equal_nights_of_two_channels_are_two_stays() -> None:
    """Without a hub between them the same nights from two channels are a double booking."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB))
    unit.show(claim("1-5 May", BOOKING))
    assert len(unit.live) == 2
    assert len(unit.open_conflicts) == 1


def test_different_strong_keys_are_never_one_booking() -> None:
    """The same provider and nights, but another code: the booking was canceled and sold again."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB, key="HM1"))
    unit.show(claim("1-5 May", HUB, provider="airbnb", key="HM2"))
    assert len(unit.live) == 2


def test_two_unrecognised_entries_are_not_the_same_provider() -> None:
    """Nobody knows who sold them, so nobody knows that they are one."""
    unit = Unit()
    unit.show(claim("1-5 May", VRBO, provider="other"), claim("1-5 May", HUB, provider="other"))
    assert len(unit.live) == 2


def test_the_same_block_uid_in_two_feeds_means_nothing_without_worth() -> None:
    """Airbnb names a block by its first night alone: equal in all listings of a host."""
    second = FeedFacts("airbnb_2", "airbnb", position=5)
    unit = Unit(feeds={feed.feed_id: feed for feed in (*FEEDS, second)})
    unit.show(
        block("1-5 May", uid="7f66@airbnb.com"), block("1-8 May", second, uid="7f66@airbnb.com")
    )
    assert len(unit.live) == 2


# --- how long a stay stands ---------------------------------------------------------------


def test_a_stay_stands_while_any_claim_stands() -> None:
    """The channel's own claim was withdrawn for absence; the hub still lists the booking."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    unit.show(own, claim("1-5 May", HUB, provider="airbnb", key="HM1"))
    unit.later()
    unit.release(own)
    (stay,) = unit.live
    assert (stay.status, stay.feed_id) == (StayStatus.CONFIRMED, "hub")
    assert unit.holders("1-5 May") == [stay.id] * 4


def test_a_missing_stay_keeps_its_nights() -> None:
    """In doubt the nights stay closed; the status tells it."""
    unit = Unit()
    own = claim("1-5 May")
    unit.show(own)
    unit.mark(own, status=ClaimStatus.MISSING, missing_since=NOON)
    assert unit.live[0].status is StayStatus.MISSING
    assert unit.holders("1-5 May") == [unit.live[0].id] * 4
    unit.mark(own, status=ClaimStatus.LIVE, missing_since=None)
    assert unit.live[0].status is StayStatus.CONFIRMED


def test_a_withdrawn_stay_frees_its_nights_and_is_reported_once() -> None:
    """Released for absence: one event, and the nights are open."""
    unit = Unit()
    own = claim("1-5 May")
    unit.show(own)
    unit.release(own)
    assert unit.stay_of(own).status is StayStatus.WITHDRAWN
    assert unit.nights == {}
    assert unit.event_types == ["booking.canceled"]
    unit.plan()
    assert unit.event_types == []


def test_a_cancellation_by_the_winner_counts_at_once_but_closes_while_others_list_it() -> None:
    """Canceled once; the nights stay closed while the hub still lists it, for 24 h at most."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    relayed = claim("1-5 May", HUB, provider="airbnb", key="HM1")
    unit.show(own, relayed)
    plan = unit.release(own, ClaimStatus.CANCELED)
    stay = unit.stay_of(own)
    assert (stay.status, unit.event_types) == (StayStatus.CANCELED, ["booking.canceled"])
    assert unit.holders("1-5 May") == [stay.id] * 4
    assert plan.again_at == NOON + 24 * HOUR
    unit.later(23 * HOUR)
    unit.plan()
    assert unit.holders("1-5 May") == [stay.id] * 4
    unit.later()
    unit.plan()
    assert unit.nights == {}
    assert unit.stay_of(own).status is StayStatus.CANCELED


def test_nights_of_a_canceled_stay_open_when_the_last_feed_drops_it() -> None:
    """Nobody lists it any more, so nothing waits for the 24 h."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    relayed = claim("1-5 May", HUB, provider="airbnb", key="HM1")
    unit.show(own, relayed)
    unit.release(own, ClaimStatus.CANCELED)
    unit.release(relayed)
    assert unit.nights == {}


def test_what_merely_still_stands_reinstates_nothing() -> None:
    """The hub goes on listing what the channel canceled; only the channel brings it back."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    relayed = claim("1-5 May", HUB, provider="airbnb", key="HM1")
    unit.show(own, relayed)
    unit.release(own, ClaimStatus.CANCELED)
    unit.later(2 * DAY - 20 * HOUR)
    unit.mark(relayed, last_seen=unit.now)
    assert unit.live == []
    unit.mark(own, status=ClaimStatus.LIVE, released_at=None)
    (stay,) = unit.live
    assert stay.status is StayStatus.CONFIRMED
    assert stay.id == unit.stay_of(own).id
    assert unit.event_types == ["booking.updated"]


def test_a_hub_that_learns_late_of_a_canceled_booking_reinstates_nothing() -> None:
    """Its claim names the canceled booking by its code, and is new: no new stay."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1", reservation_code="HM1")
    unit.show(own)
    unit.release(own, ClaimStatus.CANCELED)
    unit.show(claim("1-5 May", HUB, provider="airbnb", key="HM1", reservation_code="HM1"))
    assert unit.live == []


def test_a_new_key_on_the_same_nights_is_a_new_stay() -> None:
    """Canceled and sold again within one answer: the hub's word goes with the new booking."""
    unit = Unit()
    old = claim("1-5 May", AIRBNB, key="HM1")
    relayed = claim("1-5 May", HUB, provider="airbnb")
    unit.show(old, relayed)
    unit.claims[old.id] = replace(
        unit.claims[old.id], status=ClaimStatus.CANCELED, released_at=unit.now
    )
    new = claim("1-5 May", AIRBNB, key="HM2", id="claim:new")
    unit.show(new)
    assert unit.stay_of(old).status is StayStatus.CANCELED
    assert unit.stay_of(relayed) == unit.stay_of(new)
    assert sorted(unit.event_types) == ["booking.canceled", "booking.created"]
    assert unit.open_conflicts == []


def test_a_stay_seen_again_under_its_key_comes_back_as_itself() -> None:
    """A strong key reinstates it under the same identity."""
    unit = Unit()
    own = claim("1-5 May", key="HM1", reservation_code="HM1")
    unit.show(own)
    unit.release(own)
    unit.show(claim("1-5 May", key="HM1", reservation_code="HM1", id="claim:again"))
    (stay,) = unit.live
    assert stay.id == unit.stay_of(own).id


def test_a_departed_stay_is_completed_and_never_canceled() -> None:
    """The channel keeps listing it, or drops it: both are no news."""
    unit = Unit()
    kept, dropped = claim("1-3 May"), claim("3-5 May")
    unit.show(kept, dropped)
    unit.later(5 * DAY)
    unit.release(dropped, ClaimStatus.AGED_OUT)
    assert unit.stay_of(kept).status is StayStatus.COMPLETED
    assert unit.stay_of(dropped).status is StayStatus.COMPLETED
    assert unit.event_types == []
    assert unit.nights == {}


def test_on_the_day_of_departure_the_stay_still_stands() -> None:
    """It is over when its departure is before today."""
    unit = Unit()
    own = claim("1-3 May")
    unit.show(own)
    unit.later(3 * DAY)
    unit.plan()
    assert unit.stay_of(own).status is StayStatus.CONFIRMED


def test_a_late_extension_reopens_a_completed_stay() -> None:
    """The guest stays on: the same stay, with its place in the queue."""
    unit = Unit()
    own = claim("1-3 May", key="HM1")
    unit.show(own)
    unit.later(4 * DAY)
    unit.plan()
    unit.mark(own, said=replace(own.said, nights=nights("1-6 May")))
    assert unit.stay_of(own).live
    assert unit.stay_of(own).spans[0].since == NOON


def test_a_direct_stay_stands_by_itself_until_it_is_over() -> None:
    """No feed speaks of it: only the calendar ends it."""
    unit = Unit(stays={"stay_direct": direct("1-3 May")})
    unit.plan()
    assert unit.holders("1-3 May") == ["stay_direct"] * 2
    unit.later(4 * DAY)
    unit.plan()
    assert unit.stays["stay_direct"].status is StayStatus.COMPLETED


def test_an_echo_owns_no_night_and_makes_no_stay() -> None:
    """It is our own export coming back."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    unit.show(block("1-5 May", BOOKING, echo_of="stay_direct"))
    assert [stay.id for stay in unit.live] == ["stay_direct"]


def test_a_claim_found_to_be_an_echo_lets_its_stay_go() -> None:
    """What it closed was ours all along."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    own = block("1-5 May", BOOKING)
    unit.show(own)
    plan = unit.mark(own, echo_of="stay_direct")
    assert plan.links == {own.id: None}
    assert [stay.id for stay in unit.live] == ["stay_direct"]


# --- the nights of a stay -----------------------------------------------------------------


def test_the_longest_wait_holds_the_night_and_the_next_takes_it() -> None:
    """A true double booking: the second waits, and takes over when the first is canceled."""
    unit = Unit()
    first, second = claim("1-5 May", AIRBNB), claim("3-8 May", BOOKING)
    unit.show(first)
    unit.later()
    unit.show(second)
    one, other = unit.stay_of(first).id, unit.stay_of(second).id
    assert unit.holders("1-8 May") == [one] * 4 + [other] * 3
    unit.release(first, ClaimStatus.CANCELED)
    assert unit.holders("1-8 May") == [None] * 2 + [other] * 5


def test_a_stay_that_moves_joins_the_end_of_the_queue() -> None:
    """It was there before, but not on these nights."""
    unit = Unit()
    mover, other = claim("1-5 May", AIRBNB, key="HM1"), claim("5-8 May", BOOKING)
    unit.show(mover)
    unit.later()
    unit.show(other)
    unit.later()
    unit.mark(mover, said=replace(mover.said, nights=nights("3-7 May")))
    assert unit.holders("1-3 May") == [None] * 2
    assert unit.holders("3-5 May") == [unit.stay_of(mover).id] * 2
    assert unit.holders("5-8 May") == [unit.stay_of(other).id] * 3
    assert [span.since for span in unit.stay_of(mover).spans] == [NOON, unit.now]


def test_a_reservation_comes_before_a_block_seen_in_the_same_instant() -> None:
    """Ties: reservation before block, then the id."""
    unit = Unit()
    unit.show(block("1-5 May", AIRBNB), claim("1-5 May", BOOKING))
    assert unit.holders("1-2 May") == [unit.stay_of(claim("1-5 May", BOOKING)).id]


def test_a_running_stay_never_loses_nights_already_slept() -> None:
    """The feed cuts it to today, or a move leaves them behind."""
    unit = Unit()
    own = claim("1-9 May", key="HM1")
    unit.show(own)
    unit.later(5 * DAY)
    unit.mark(own, said=replace(own.said, nights=nights("5-9 May")))
    assert unit.stay_of(own).nights == nights("1-9 May")


def test_a_running_stay_moved_away_leaves_what_was_slept() -> None:
    """The slept nights end as a completed stay; the later ones are a stay of their own."""
    unit = Unit()
    own = claim("1-9 May", key="HM1")
    unit.show(own)
    old = unit.stay_of(own)
    unit.later(4 * DAY)
    unit.mark(own, said=replace(own.said, nights=nights("20-24 May")))
    assert unit.stays[old.id].status is StayStatus.COMPLETED
    assert unit.stays[old.id].nights == nights("1-4 May")
    assert unit.stay_of(own).nights == nights("20-24 May")


def test_nights_missing_on_their_own_stay_with_their_stay() -> None:
    """Two claims of one entry, one of them missing, are one unbroken stay."""
    unit = Unit()
    own = claim("1-9 May", uid="u")
    unit.show(own)
    stay = unit.stay_of(own)
    unit.claims[own.id] = replace(
        unit.claims[own.id], said=replace(own.said, nights=nights("1-5 May"))
    )
    lost = claim("5-9 May", uid="u", stay_id=stay.id, status=ClaimStatus.MISSING)
    unit.show(lost)
    assert [one.nights for one in unit.live] == [nights("1-9 May")]
    unit.release(lost)
    assert unit.stay_of(own).nights == nights("1-5 May")


def test_a_gap_makes_two_stays_of_one() -> None:
    """The middle was withdrawn: the first run keeps the stay, the later one is new, in one plan."""
    unit = Unit()
    own = claim("1-9 May", uid="u")
    unit.show(own)
    stay = unit.stay_of(own)
    unit.later()
    unit.claims[own.id] = replace(
        unit.claims[own.id], said=replace(own.said, nights=nights("1-4 May"))
    )
    rest = claim("6-9 May", uid="u", stay_id=stay.id)
    unit.show(rest)
    assert unit.stay_of(own).id == stay.id
    assert unit.stay_of(own).nights == nights("1-4 May")
    assert unit.stay_of(rest).nights == nights("6-9 May")
    assert unit.stay_of(rest).spans[0].since == NOON, "its place in the queue is kept"
    assert unit.holders("4-6 May") == [None] * 2


# --- rule blocks --------------------------------------------------------------------------

SETTINGS = [Reason.RULE_WINDOW, Reason.RULE_NOTICE, Reason.RULE_CLOSED]


@pytest.mark.parametrize("reason", SETTINGS)
def test_a_rule_block_is_shown_but_owns_no_night(reason: Reason) -> None:
    """It is a stay with its reason, in no night map and no news."""
    unit = Unit()
    unit.show(block("1-30 May", reason=reason))
    assert [stay.reason for stay in unit.live] == [reason]
    assert unit.nights == {}
    assert unit.event_types == []


def test_a_rule_block_replaced_whole_keeps_its_stay() -> None:
    """Its daily movement is no news, and leaves no row behind."""
    unit = Unit()
    old = block("10-30 May", reason=Reason.RULE_WINDOW)
    unit.show(old)
    unit.claims[old.id] = replace(unit.claims[old.id], status=ClaimStatus.WITHDRAWN)
    unit.show(block("11-31 May", reason=Reason.RULE_WINDOW))
    assert len(unit.stays) == 1
    assert unit.event_types == []


def test_a_preparation_night_owns_its_night() -> None:
    """The one rule block that does."""
    unit = Unit()
    unit.show(block("5-6 May", reason=Reason.RULE_PREPARATION))
    assert unit.holders("5-6 May") == [unit.live[0].id]


def test_a_rule_block_found_to_be_the_owners_starts_waiting_now() -> None:
    """It never waited for these nights before."""
    unit = Unit()
    own = block("10-30 May", reason=Reason.RULE_WINDOW)
    unit.show(own)
    unit.later()
    unit.mark(own, said=replace(own.said, reason=Reason.OWNER))
    assert unit.live[0].spans[0].since == unit.now
    assert unit.event_types == ["block.created"]


# --- a new feed takes over ----------------------------------------------------------------

OLD = FeedFacts("airbnb", "airbnb", retired=True)
NEW = FeedFacts("airbnb_new", "airbnb", position=9)


@pytest.mark.parametrize(
    ("before", "after"),
    [(("1-5 May", "HM1"), ("2-6 May", "HM1")), (("1-5 May", None), ("1-5 May", None))],
    ids=["keys are equal", "nights are equal"],
)
def test_a_new_feed_takes_over_the_stays_of_a_retired_one(
    before: tuple[str, str | None], after: tuple[str, str | None]
) -> None:
    """The stay keeps its identity, and the new feed alone speaks for it."""
    unit = Unit()
    old = claim(before[0], AIRBNB, key=before[1])
    unit.show(old)
    stay = unit.stay_of(old)
    unit.feeds = {feed.feed_id: feed for feed in (OLD, NEW)}
    new = claim(after[0], NEW, key=after[1])
    unit.show(new)
    assert [one.id for one in unit.live] == [stay.id]
    assert unit.stay_of(new).feed_id == "airbnb_new"
    unit.release(new)
    assert unit.live == [], "the retired feed's word counts no more"


def test_a_feed_added_before_the_old_one_was_retired_takes_over_too() -> None:
    """Until then they were two listings of one channel."""
    unit = Unit(feeds={feed.feed_id: feed for feed in (AIRBNB, NEW)})
    unit.show(claim("1-5 May", AIRBNB), claim("1-5 May", NEW))
    assert len(unit.open_conflicts) == 1
    unit.feeds = {feed.feed_id: feed for feed in (OLD, NEW)}
    unit.plan()
    assert [stay.feed_id for stay in unit.live] == ["airbnb_new"]
    assert unit.open_conflicts == []


def test_stays_of_a_retired_feed_are_kept() -> None:
    """Until the host says otherwise."""
    unit = Unit()
    unit.show(claim("1-5 May"))
    unit.feeds = {feed.feed_id: feed for feed in (OLD, NEW)}
    unit.show(claim("7-9 May", NEW))
    assert len(unit.live) == 2


# --- mirrored blocks ----------------------------------------------------------------------


def test_a_block_seen_later_on_nights_all_held_by_another_feed_is_mirrored() -> None:
    """The channels are linked directly: shown, no conflict, and the host is told."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB))
    copy = block("1-5 May", BOOKING, first_seen=NOON + HOUR)
    plan = unit.show(copy)
    assert unit.stay_of(copy).mirrored
    assert [notice.code for notice in plan.notices] == ["mirrored"]
    assert unit.open_conflicts == []


def test_a_block_is_no_mirror_where_one_night_is_not_held() -> None:
    """Nobody else explains that night."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB))
    copy = block("1-6 May", BOOKING, first_seen=NOON + HOUR)
    unit.show(copy)
    assert not unit.stay_of(copy).mirrored


def test_at_each_feeds_first_reading_the_order_is_unknown_and_the_block_a_mirror() -> None:
    """The block was polled five seconds before the reservation that it repeats."""
    feeds = (
        replace(AIRBNB, first_read_at=NOON + timedelta(seconds=5)),
        replace(BOOKING, first_read_at=NOON),
    )
    unit = Unit(feeds={feed.feed_id: feed for feed in feeds})
    copy = block("1-5 May", BOOKING)
    unit.show(copy)
    unit.later(timedelta(seconds=5))
    unit.show(claim("1-5 May", AIRBNB, first_seen=unit.now))
    assert unit.stay_of(copy).mirrored
    assert unit.open_conflicts == []


def test_a_block_is_no_mirror_any_more_when_its_stay_leaves() -> None:
    """From then on it closes its nights on its own account."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB)
    copy = block("1-5 May", BOOKING, first_seen=NOON + HOUR)
    unit.show(own, copy)
    unit.release(own)
    assert not unit.stay_of(copy).mirrored
    assert unit.exported_nights(VRBO) == [nights("1-5 May")]


def test_two_blocks_are_never_each_others_mirror() -> None:
    """Else both would be left out of every export."""
    feeds = tuple(replace(feed, first_read_at=NOON) for feed in (AIRBNB, BOOKING, VRBO))
    unit = Unit(feeds={feed.feed_id: feed for feed in feeds})
    unit.show(block("1-5 May", AIRBNB), block("1-5 May", BOOKING))
    assert [stay.mirrored for stay in unit.live].count(True) == 1
    assert unit.exported_nights(VRBO) == [nights("1-5 May")]


def _busy(when: str, **change: object) -> KnownClaim:
    """What a channel without words closes: nobody knows whether for a guest."""
    facts = {"reason": Reason.UNKNOWN, "worded": False, "first_seen": NOON + HOUR}
    return block(when, VRBO, **{**facts, **change})


@pytest.mark.parametrize("when", ["1-5 May", "2-4 May", "1-8 May"])
def test_what_a_channel_without_words_closes_later_may_be_a_guest(when: str) -> None:
    """It was not there when the feed was first read: a double booking until somebody looks."""
    unit = Unit(feeds={feed.feed_id: replace(feed, first_read_at=NOON) for feed in FEEDS})
    sold, busy = claim("1-5 May", AIRBNB), _busy(when)
    plan = unit.show(sold)
    plan = unit.show(busy)
    assert not unit.stay_of(busy).mirrored and plan.notices == ()
    (conflict,) = unit.open_conflicts
    assert conflict.kind is ConflictKind.DOUBLE_BOOKING
    assert (conflict.first, conflict.second) == (unit.stay_of(sold).id, unit.stay_of(busy).id)
    advice = suggestion(conflict, unit.stay_of(sold), unit.stay_of(busy))
    assert "does not say why" in advice
    unit.release(busy)
    assert unit.open_conflicts == []


def test_what_was_there_at_a_feeds_first_reading_is_a_repetition_for_all_anybody_knows() -> None:
    """And so is what the same feed shows later in the same shape; in another it may be a guest."""
    unit = Unit(feeds={feed.feed_id: replace(feed, first_read_at=NOON) for feed in FEEDS})
    there = _busy("1-5 May", first_seen=NOON)
    plan = unit.show(claim("1-5 May", AIRBNB), there)
    (notice,) = plan.notices
    assert unit.stay_of(there).mirrored and "look whether a guest booked there" in notice.text
    unit.later()
    unit.show(claim("10-14 May", AIRBNB, first_seen=unit.now))
    again = _busy("10-14 May", first_seen=unit.now)
    unit.show(again)
    assert unit.stay_of(again).mirrored and unit.open_conflicts == []
    guest = _busy("11-14 May", id=again.id, first_seen=unit.now)
    unit.show(guest)
    assert [one.kind for one in unit.open_conflicts] == [ConflictKind.DOUBLE_BOOKING]


def test_a_season_closed_over_what_is_sold_is_no_guest() -> None:
    """Nobody stays so long: the owner closed it."""
    unit = Unit()
    unit.show(claim("3-5 May", AIRBNB))
    unit.show(_busy("1 May-20 Jun"))
    assert unit.open_conflicts == []


def test_what_outlived_an_echo_of_ours_is_no_guest() -> None:
    """It is closed, and a host is told of it a day later: nothing says that it was sold."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB))
    unit.show(_busy("1-5 May", rule="other.unknown" + OUTLIVED))
    assert unit.open_conflicts == []


# --- what is free -------------------------------------------------------------------------


def test_free_nights_are_those_that_nobody_holds() -> None:
    """As unbroken runs within the range asked for."""
    unit = Unit()
    unit.show(claim("3-5 May"))
    free = free_nights(nights("1-8 May"), unit.nights)
    assert free == [nights("1-3 May"), nights("5-8 May")]


def test_our_own_booking_is_refused_where_a_night_is_taken() -> None:
    """The refusal names the nights; a turnover is fine."""
    unit = Unit()
    unit.show(claim("3-5 May"))
    refuse_taken(nights("5-8 May"), unit.nights)
    with pytest.raises(NightsTaken) as refused:
        refuse_taken(nights("4-8 May"), unit.nights)
    assert refused.value.nights == (night("4 May"),)
