"""Who is who between two answers: each sentence of rules 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.planning import TODAY, Feed, block, changes, closed, nights, reservation
from vacancy.domain.claims import Claim, Identity, Kind, Reason

HOUR = timedelta(hours=1)
FAR = tuple(reservation(n, n + 2) for n in range(60, 90, 3))


def _feed(*claims: Claim) -> Feed:
    feed = Feed()
    feed.answers(*claims, *FAR)
    return feed


def test_new_dates_under_a_strong_key_are_one_move() -> None:
    """One update with the dates before, and the old nights are free at once."""
    feed = _feed(reservation(5, 8, "HM5"))
    moved = feed.answers(reservation(20, 24, "HM5"), *FAR)
    assert changes(moved) == ["updated"]
    assert (moved.changes[0].nights, moved.changes[0].previous) == (nights(20, 24), nights(5, 8))
    assert not set(nights(5, 8)) & feed.taken


def test_the_key_decides_where_the_uid_changed() -> None:
    """A code is worth more than the UID that carries it."""
    feed = _feed(reservation(5, 8, "HM5"))
    one = feed.standing[0].id
    feed.answers(reservation(6, 9, "HM5", uid="other@ota"), *FAR)
    assert feed.standing[0].id == one and feed.standing[0].nights == nights(6, 9)


def test_equal_nights_are_the_same_under_a_reissued_uid() -> None:
    """Where UIDs say nothing, the dates do."""
    feed = _feed(block(5, 8, "one", identity=Identity.NONE))
    again = feed.answers(block(5, 8, "two", identity=Identity.NONE), *FAR)
    assert changes(again) == [] and feed.standing[0].said.uid == "two"


def test_equal_nights_under_another_key_are_another_booking() -> None:
    """The old one is canceled at once, the new one created; the nights never open."""
    feed = _feed(reservation(5, 8, "HM5"))
    new = feed.answers(reservation(5, 8, "HM6"), *FAR)
    assert sorted(changes(new)) == ["canceled", "created"]
    assert set(nights(5, 8)) <= feed.taken


def test_a_new_key_over_several_claims_replaces_them() -> None:
    """Two stays whose nights one new reservation takes are canceled at once."""
    feed = _feed(reservation(5, 8), block(8, 10))
    new = feed.answers(reservation(5, 10, "HM9"), *FAR)
    assert sorted(changes(new)) == ["canceled", "canceled", "created"]


def test_a_new_key_on_some_of_the_nights_replaces_nothing() -> None:
    """The rest would open: the old claim goes missing as any other."""
    feed = _feed(reservation(5, 10))
    new = feed.answers(reservation(5, 8, "HM9"), *FAR)
    assert sorted(changes(new)) == ["created", "missing"]
    assert set(nights(5, 10)) <= feed.taken


def test_a_changed_kind_is_an_update() -> None:
    """A request that became a reservation on the same nights."""
    feed = _feed(block(5, 8, "x", reason=Reason.TENTATIVE))
    sure = feed.answers(reservation(5, 8, "x"), *FAR)
    assert changes(sure) == ["updated"] and feed.standing[0].said.kind is Kind.RESERVATION


def test_a_block_in_place_of_a_named_reservation_is_no_update() -> None:
    """A host's cancellation leaves the nights closed: it is told as one, in its time."""
    feed = _feed(reservation(5, 8, "HM5"))
    assert sorted(changes(feed.answers(block(5, 8), *FAR))) == ["created", "missing"]
    assert changes(feed.answers(block(5, 8), *FAR, after=HOUR)) == ["withdrawn"]
    assert set(nights(5, 8)) <= feed.taken


@pytest.mark.parametrize("make", [block, closed])
def test_a_running_claim_that_is_cut_keeps_its_arrival(make: type[Claim]) -> None:
    """The same departure, and an arrival not after today, under a new UID each day."""
    feed = _feed(make(-1, 5, "first"))
    one = feed.standing[0]
    feed.wait(timedelta(days=2))
    cut = feed.answers(make(1, 5, "second"), *FAR, after=timedelta())
    assert changes(cut) == []
    assert (feed.standing[0].id, feed.standing[0].nights) == (one.id, one.nights)


def test_nights_that_leave_a_claim_go_missing_on_their_own() -> None:
    """A block whose end moved: the rest stays, the lost nights wait, of the same stay."""
    feed = _feed(block(5, 10))
    shorter = feed.answers(block(5, 8), *FAR)
    assert [(c.change.value, c.nights) for c in shorter.changes] == [("missing", nights(8, 10))]
    assert set(nights(5, 10)) <= feed.taken
    kept, lost = feed.standing[:2]
    assert kept.said.uid == lost.said.uid and kept.stay_id == lost.stay_id
    assert changes(feed.answers(block(5, 8), *FAR, after=HOUR)) == ["withdrawn"]
    assert not set(nights(8, 10)) & feed.taken


def test_lost_nights_shown_again_are_the_same_nights() -> None:
    """The piece is back: nothing is new, and nothing is missing."""
    feed = _feed(block(5, 10))
    feed.answers(block(5, 8), *FAR)
    assert changes(feed.answers(block(5, 10), *FAR)) == ["updated"]
    assert changes(feed.answers(block(5, 10), *FAR, after=2 * HOUR)) == []
    assert len([k for k in feed.standing if k.said.kind is Kind.BLOCK]) == 2


def test_nights_that_another_entry_shows_are_not_missing() -> None:
    """The host opened a gap in a block: only the gap waits."""
    feed = _feed(block(5, 15))
    split = feed.answers(block(5, 8), block(11, 15), *FAR)
    assert sorted((c.change.value, c.nights) for c in split.changes if c.change != "updated") == [
        ("created", nights(11, 15)),
        ("missing", nights(8, 11)),
    ]


def test_a_running_stay_keeps_the_nights_already_slept() -> None:
    """New dates under its key free what is to come, never what was."""
    feed = _feed(reservation(-2, 5, "HM1"))
    feed.answers(reservation(0, 3, "HM1"), *FAR)
    assert feed.standing[0].nights == nights(-2, 3)


def test_a_running_stay_that_moves_away_leaves_its_past() -> None:
    """The nights slept stay a claim of their own until they age out."""
    feed = _feed(reservation(-2, 5, "HM1"))
    feed.answers(reservation(20, 25, "HM1"), *FAR)
    assert [k.nights for k in feed.standing[:2]] == [nights(-2, 0), nights(20, 25)]
    assert changes(feed.answers(reservation(20, 25, "HM1"), *FAR, after=HOUR)) == []


# --- channels known by nights --------------------------------------------------------------


def test_split_and_merged_is_no_change() -> None:
    """However the same nights are cut into entries, nothing changed."""
    feed = _feed(closed(5, 8), closed(8, 10))
    assert changes(feed.answers(closed(5, 10), *FAR)) == []
    assert changes(feed.answers(closed(5, 6), closed(6, 10), *FAR)) == []
    assert [k.nights for k in feed.standing[:2]] == [nights(5, 8), nights(8, 10)]


def test_new_nights_extend_the_claim_of_the_same_uid_first() -> None:
    """The entry grew: its claim grows, though another claim is beside."""
    feed = _feed(closed(5, 8, "a"), closed(10, 12, "b"))
    grown = feed.answers(closed(5, 10, "a"), closed(10, 12, "b"), *FAR)
    assert [(c.change.value, c.nights) for c in grown.changes] == [("updated", nights(5, 10))]


def test_then_the_one_before_then_the_one_after() -> None:
    """An entry under a new UID that holds known nights extends what it touches."""
    feed = _feed(closed(5, 8, "a"))
    feed.answers(closed(4, 8, "z"), *FAR)
    assert feed.standing[0].nights == nights(4, 8)


def test_an_entry_of_new_nights_beside_a_claim_is_its_own() -> None:
    """One night sold next to another stay is a stay, not an edge of it."""
    feed = _feed(closed(5, 8))
    beside = feed.answers(closed(5, 8), closed(8, 9), *FAR)
    assert [(c.change.value, c.nights) for c in beside.changes] == [("created", nights(8, 9))]


def test_a_lost_night_in_the_middle_splits_the_claim() -> None:
    """The first part keeps the id; the gap goes missing, of the same stay."""
    feed = _feed(closed(5, 10))
    feed.answers(closed(5, 7), closed(8, 10), *FAR)
    parts = [(k.nights, k.status.value) for k in feed.standing[:3]]
    assert parts == [
        (nights(5, 7), "live"),
        (nights(7, 8), "missing"),
        (nights(8, 10), "live"),
    ]


def test_the_kind_does_not_change_by_the_passing_of_days() -> None:
    """A long block that reads as a reservation once it is short stays a block."""
    feed = _feed(closed(-1, 31, kind=Kind.BLOCK, reason=Reason.OWNER))
    feed.wait(timedelta(days=5))
    feed.answers(closed(4, 31), *FAR, after=timedelta())
    assert feed.standing[0].said.kind is Kind.BLOCK


def test_overlapping_entries_of_one_feed_are_one_set_of_nights() -> None:
    """A closure and a night inside it are not sold twice."""
    feed = Feed()
    feed.answers(closed(5, 15), closed(8, 9))
    assert [k.nights for k in feed.standing] == [nights(5, 15)]


def test_a_wordless_stay_that_leaves_today_is_known() -> None:
    """It closes nothing, but its guest is in."""
    feed = Feed()
    feed.answers(closed(-3, 0))
    assert [k.nights for k in feed.standing] == [nights(-3, 0)]
    assert changes(feed.answers(closed(-1, 0))) == []


def test_a_new_feed_takes_over_the_stays_of_a_retired_one() -> None:
    """Equal keys or nights go on as the same stay; the old claims end without a word."""
    old = _feed(reservation(5, 8, "HM5"), block(10, 12))
    claims = tuple(
        replace(k, id=f"old_{k.id}", feed_id="feed_0", stay_id=f"stay_{k.id}")
        for k in old.standing[:2]
    )
    feed = Feed()
    feed.state = replace(feed.state, inherited=claims)
    taken = feed.answers(reservation(6, 9, "HM5"), block(10, 12))
    assert changes(taken) == ["created", "created"]
    assert [k.stay_id for k in feed.standing] == [k.stay_id for k in claims]
    ended = [k for k in taken.claims if k.feed_id == "feed_0"]
    assert [k.stands for k in ended] == [False, False]


# --- settings ------------------------------------------------------------------------------


def _tail(first: int, last: int, **facts: object) -> Claim:
    return block(first, last, reason=Reason.RULE_WINDOW, **facts)


def test_rule_blocks_are_replaced_whole_and_no_news() -> None:
    """A tail that moves each day changes nothing, and its end is no cancellation."""
    feed = _feed(_tail(180, 366))
    moved = feed.answers(_tail(181, 367), *FAR)
    assert changes(moved) == [] and len(moved.claims) == 1
    gone = feed.answers(*FAR)
    assert changes(gone) == []
    assert not [k for k in feed.state.known if k.stands and k.said.is_rule_block]


def test_a_setting_is_as_old_as_its_start() -> None:
    """So that a tail which stands still can be told from one that moves."""
    feed = _feed(_tail(180, 366))
    born = feed.now
    feed.answers(_tail(180, 367), *FAR)
    ages = [k.first_seen for k in feed.state.known if k.stands and k.said.is_rule_block]
    assert ages == [born]
    feed.answers(_tail(181, 367), *FAR)
    ages = [k.first_seen for k in feed.state.known if k.stands and k.said.is_rule_block]
    assert ages == [feed.now]


def test_a_block_once_the_owners_stays_the_owners() -> None:
    """A shape decides only what is new."""
    feed = _feed(block(181, 366))
    feed.wait(timedelta(days=1))
    assert changes(feed.answers(_tail(181, 366), *FAR, after=timedelta())) == []
    assert TODAY + timedelta(days=200) in feed.taken


def _season(first: int, last: int) -> Claim:
    return closed(first, last, "tail", kind=Kind.BLOCK, reason=Reason.RULE_WINDOW)


def test_a_stay_that_grows_into_the_tail_is_a_claim_of_its_own() -> None:
    """The added nights may be a stay: closed elsewhere, reason unknown."""
    feed = _feed(closed(40, 44, "a"), _season(44, 500))
    feed.answers(closed(40, 47, "a"), _season(47, 500), *FAR[:0], *FAR)
    grown = next(k for k in feed.standing if k.nights == nights(44, 47))
    assert grown.said.reason is Reason.UNKNOWN


def test_a_tail_that_starts_earlier_adds_a_claim() -> None:
    """What lies before its known start is no setting until somebody says so."""
    feed = _feed(_season(44, 500))
    earlier = feed.answers(_season(40, 501), *FAR)
    assert [(c.change.value, c.nights) for c in earlier.changes] == [("created", nights(40, 44))]
    assert changes(feed.answers(_season(40, 502), *FAR)) == []


@pytest.mark.parametrize("maker", [block, closed])
def test_what_now_departs_today_is_the_same_that_was_to_go_on(maker: Callable[..., Claim]) -> None:
    """Its nights to come go missing on their own; freed, they leave it as it is, and twice."""
    feed = _feed(maker(-2, 2, "slot"))
    feed.answers(maker(-2, 0, "slot"), *FAR)
    assert [k.status.value for k in feed.standing[:2]] == ["live", "missing"]
    assert set(nights(0, 2)) <= feed.taken
    feed.answers(maker(-2, 0, "slot"), *FAR, after=2 * HOUR)
    assert not feed.answers(maker(-2, 0, "slot"), *FAR, after=timedelta()).changes
    assert feed.standing[0].nights == nights(-2, 0)
    guest = maker is closed  # Who has arrived is withdrawn by no absence.
    assert (set(nights(0, 2)) <= feed.taken) is guest


def test_a_uid_on_what_departs_today_says_nothing_of_another_season() -> None:
    """The block far ahead goes missing, and what is over today is another; once, not twice."""
    feed = _feed(block(200, 203, "slot"))
    first = feed.answers(block(-2, 0, "slot"), *FAR)
    assert sorted(changes(first)) == ["created", "missing"]
    feed.answers(block(-2, 0, "slot"), *FAR, after=2 * HOUR)
    assert not feed.answers(block(-2, 0, "slot"), *FAR, after=timedelta()).changes
    assert not set(nights(200, 203)) & feed.taken


def test_a_reservation_in_the_place_of_a_block_has_its_slept_nights_from_the_first() -> None:
    """It departs as the block did, and began earlier: said at once, and not again."""
    feed = _feed(block(-1, 3))
    feed.answers(reservation(-2, 3, "HMNEW"), *FAR)
    assert feed.standing[0].nights == nights(-2, 3)
    assert not feed.answers(reservation(-2, 3, "HMNEW"), *FAR, after=timedelta()).changes
