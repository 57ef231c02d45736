"""What each export holds (rules 8, first point): everything, and never back to its origin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.build_unit import (
    AIRBNB,
    BOOKING,
    DAY,
    HOUR,
    HUB,
    NOON,
    VRBO,
    Unit,
    block,
    claim,
    direct,
    nights,
)
from vacancy.domain.claims import ClaimStatus, Kind, KnownClaim, Reason
from vacancy.domain.unit import FeedFacts


def test_a_stay_goes_to_every_export_but_its_origins() -> None:
    """And to everyone."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), block("7-9 May", AIRBNB))
    all_of_it = [nights("1-5 May"), nights("7-9 May")]
    assert unit.exported_nights(AIRBNB) == []
    assert unit.exported_nights(BOOKING) == all_of_it
    assert unit.exported_nights(None) == all_of_it
    assert [held.kind for held in unit.exported(BOOKING)] == [Kind.RESERVATION, Kind.BLOCK]


def test_a_stay_that_two_feeds_list_goes_to_neither() -> None:
    """A hub that lists it has it already."""
    unit = Unit()
    unit.show(
        claim("1-5 May", AIRBNB, key="HM1"), claim("1-5 May", HUB, key="HM1", provider="airbnb")
    )
    assert unit.exported_nights(AIRBNB) == []
    assert unit.exported_nights(HUB) == []
    assert unit.exported_nights(VRBO) == [nights("1-5 May")]


def test_an_echo_does_not_count_as_listing() -> None:
    """Else the stay would leave the export, its echo would end, and it would come again."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    echo = block("1-5 May", BOOKING, echo_of="stay_direct", stay_id="stay_direct")
    unit.claims[echo.id] = echo
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]


def test_a_missing_stay_is_exported_but_not_back_to_its_channel() -> None:
    """A channel that subtracts what it imports could never show it again."""
    unit = Unit()
    own = claim("1-5 May", BOOKING)
    unit.show(own)
    unit.mark(own, status=ClaimStatus.MISSING)
    assert unit.exported_nights(BOOKING) == []
    assert unit.exported_nights(AIRBNB) == [nights("1-5 May")]


def test_both_sides_of_a_double_booking_are_exported() -> None:
    """Each to the other's channel, though only one holds the night."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), claim("3-8 May", BOOKING))
    assert unit.exported_nights(AIRBNB) == [nights("3-8 May")]
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]
    assert unit.exported_nights(VRBO) == [nights("1-5 May"), nights("3-8 May")]


def test_a_direct_stay_goes_to_all() -> None:
    """Under the UID that its stay's id makes."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    for feed in (AIRBNB, BOOKING, None):
        assert [held.stay_id for held in unit.exported(feed)] == ["stay_direct"]


def test_a_mirrored_block_is_not_exported_while_a_stay_holds_its_nights() -> None:
    """The stay itself is."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB)
    unit.show(own, block("1-5 May", BOOKING, first_seen=NOON + HOUR))
    assert [held.stay_id for held in unit.exported(VRBO)] == [unit.stay_of(own).id]


@pytest.mark.parametrize("reason", [Reason.RULE_WINDOW, Reason.RULE_NOTICE, Reason.RULE_CLOSED])
def test_a_rule_block_is_never_exported_unless_its_feed_says_so(reason: Reason) -> None:
    """A channel's settings are its own; `rule_blocks = "export"` sends them to the others."""
    unit = Unit()
    unit.show(block("1-30 May", AIRBNB, reason=reason))
    says_so = frozenset({"airbnb"})
    assert unit.exported(BOOKING) == unit.exported(None) == ()
    assert unit.exported_nights(BOOKING, rules_exported=says_so) == [nights("1-30 May")]
    assert unit.exported(AIRBNB, rules_exported=says_so) == ()


def test_a_preparation_night_goes_to_the_others() -> None:
    """The exception among rule blocks: someone must have time to clean."""
    unit = Unit()
    unit.show(block("5-6 May", AIRBNB, reason=Reason.RULE_PREPARATION))
    assert unit.exported_nights(BOOKING) == [nights("5-6 May")]
    assert unit.exported_nights(AIRBNB) == []


def test_a_canceled_stay_leaves() -> None:
    """At once where nobody else lists it."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB)
    unit.show(own)
    unit.release(own, ClaimStatus.CANCELED)
    assert unit.exported(None) == ()


def test_a_canceled_stay_that_another_feed_lists_stays_for_a_day() -> None:
    """For all but its channel, which knows better, and the feed that lists it."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    unit.show(own, claim("1-5 May", HUB, key="HM1", provider="airbnb"))
    unit.release(own, ClaimStatus.CANCELED)
    assert unit.exported_nights(VRBO) == [nights("1-5 May")]
    assert unit.exported(AIRBNB) == unit.exported(HUB) == ()
    unit.later(DAY)
    assert unit.exported(VRBO) == ()


def test_a_past_stay_leaves_thirty_days_after_departure() -> None:
    """Until then it is exported as it was, but still not to its origin."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB)
    unit.show(own)
    unit.later(10 * DAY)
    unit.release(own, ClaimStatus.AGED_OUT)
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]
    assert unit.exported(AIRBNB) == ()
    unit.now = unit.now.replace(month=6, day=3)
    unit.today = unit.now.date()
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]
    unit.later(DAY)
    assert unit.exported(BOOKING) == ()


def test_contents_are_in_the_order_of_arrival() -> None:
    """Whatever the order of the stays: the same content, the same bytes."""
    unit = Unit()
    unit.show(claim("7-9 May", AIRBNB), claim("1-5 May", AIRBNB))
    held = unit.exported(None)
    unit.stays = dict(reversed(unit.stays.items()))
    assert unit.exported(None) == held
    assert [one.nights for one in held] == [nights("1-5 May"), nights("7-9 May")]


def test_a_stay_that_changes_keeps_its_id_in_the_export() -> None:
    """So that the UID is the same for ever."""
    unit = Unit()
    own = claim("1-5 May", AIRBNB, key="HM1")
    unit.show(own)
    (before,) = unit.exported(None)
    unit.mark(own, said=replace(own.said, nights=nights("10-15 May")))
    (after,) = unit.exported(None)
    assert before.stay_id == after.stay_id
    assert after.nights == nights("10-15 May")


def outlived(when: str, feed: FeedFacts) -> KnownClaim:
    """What remained of an echo when its cause was gone."""
    return block(when, feed, rule=f"{feed.channel}.blocked.outlived_echo")


def test_what_outlived_an_echo_is_told_to_feeds_that_do_not_show_its_nights() -> None:
    """It closes nights as any block of the channel's own."""
    unit = Unit()
    unit.show(outlived("1-5 May", AIRBNB), block("5-7 May", VRBO))
    assert unit.exported_nights(BOOKING) == [nights("1-5 May"), nights("5-7 May")]
    assert unit.exported_nights(VRBO) == [nights("1-5 May")]


def test_two_feeds_that_outlive_one_cause_are_not_told_of_each_other() -> None:
    """They would keep each other closed for ever."""
    unit = Unit()
    unit.show(outlived("1-5 May", AIRBNB), outlived("3-8 May", BOOKING))
    assert unit.exported_nights(AIRBNB) == []
    assert unit.exported_nights(BOOKING) == []
    assert unit.exported_nights(VRBO) == [nights("1-5 May"), nights("3-8 May")]


def test_a_feed_that_showed_the_nights_within_48_hours_is_not_told_either() -> None:
    """In whatever role: as an echo of a stay that ended, say."""
    unit = Unit()
    gone = block(
        "1-5 May", BOOKING, echo_of="stay_old", status=ClaimStatus.WITHDRAWN, released_at=NOON
    )
    unit.claims[gone.id] = gone
    unit.show(outlived("1-5 May", AIRBNB))
    unit.now = NOON + 47 * HOUR
    assert unit.exported_nights(BOOKING) == []
    unit.now = NOON + 49 * HOUR
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]


def test_what_outlived_an_echo_stays_told_when_it_comes_back_itself() -> None:
    """Else it would leave the export because it was in it, and return without end."""
    unit = Unit()
    unit.show(outlived("1-5 May", AIRBNB))
    (stay_id,) = unit.stays
    back = block("1-5 May", BOOKING, echo_of=stay_id)
    unit.claims[back.id] = back
    assert unit.exported_nights(BOOKING) == [nights("1-5 May")]
