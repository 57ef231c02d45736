"""Rule blocks: a channel's own settings, known by their shape. Source: rules 2."""

from __future__ import annotations

import json
import time
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from channels.telling import TODAY, day, entry, only, remembered, snapshot
from vacancy.channels.classify import classify
from vacancy.domain.claims import Kind, Reason
from vacancy.ical.read import ReadSettings, read

NO = "Airbnb (Not available)"
CLOSED = "CLOSED - Not available"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"


@pytest.mark.parametrize("start", [89, 90, 91, 179, 180, 181, 244, 270, 365])
@pytest.mark.parametrize("end", [366, 367])
def test_a_tail_at_a_settings_distance_is_the_booking_window(start: int, end: int) -> None:
    """The distances that the channel offers, one day either way."""
    assert only(entry(start, end, NO)).reason is Reason.RULE_WINDOW


@pytest.mark.parametrize(
    ("start", "end"), [(92, 366), (150, 366), (180, 364), (180, 368), (40, 366)]
)
def test_any_other_tail_is_the_owners(start: int, end: int) -> None:
    """A host who closes next summer must not be sold out elsewhere."""
    assert only(entry(start, end, NO)).reason is Reason.OWNER


@pytest.mark.parametrize(
    ("stay", "reason"),
    [
        ((175, 185), Reason.RULE_WINDOW),
        ((178, 182), Reason.RULE_WINDOW),
        ((185, 190), Reason.OWNER),
        ((140, 150), Reason.OWNER),
    ],
)
def test_a_tail_may_begin_where_a_stay_across_the_distance_ends(
    stay: tuple[int, int], reason: Reason
) -> None:
    """The window's first night is then the stay's."""
    shown = snapshot(entry(*stay), entry(stay[1], 366, NO))
    assert shown.claims[1].reason is reason


def test_a_tail_rolls_day_by_day_without_becoming_the_owners() -> None:
    """Its start and end move each day."""
    known = remembered(snapshot(entry(180, 366, NO)), TODAY)
    for place in range(1, 10):
        today = day(place)
        shown = snapshot(entry(180, 366, NO, today=today), today=today, known=known)
        assert [one.reason for one in shown.claims] == [Reason.RULE_WINDOW]
        known = remembered(shown, today, known)


def test_a_tail_that_stands_still_becomes_the_owners_after_two_days() -> None:
    """As in seq_real_airbnb_horizon_grows: the end rolls, the start does not."""
    known = remembered(snapshot(entry(365, 366, NO)), TODAY)
    reasons: list[Reason | None] = []
    for place in range(1, 4):
        today = day(place)
        grown = entry(365 - place, 366, NO, uid=known[0].said.uid, today=today)
        shown = snapshot(grown, today=today, known=known)
        reasons.extend(one.reason for one in shown.claims)
        known = remembered(shown, today, known)
    assert reasons == [Reason.RULE_WINDOW, Reason.OWNER, Reason.OWNER]


def test_a_tail_in_an_old_copy_of_the_feed_stays_what_it_was() -> None:
    """Where the DTSTAMPs stand still too, it is the copy that stands, not the tail."""
    known = remembered(snapshot(entry(180, 366, NO)), TODAY)
    today = day(4)
    same = entry(176, 362, NO, uid=known[0].said.uid, today=today)
    assert only(same, today=today, known=known, stamped=TODAY).reason is Reason.RULE_WINDOW
    assert only(same, today=today, known=known, stamped=today).reason is Reason.OWNER


def test_a_tail_behind_a_long_stay_may_stand_still() -> None:
    """For as long as the stay covers the distance."""
    known = remembered(snapshot(entry(175, 190), entry(190, 366, NO)), TODAY)
    for place in range(1, 9):
        today = day(place)
        shown = snapshot(
            entry(175 - place, 190 - place, uid="stay", today=today),
            entry(190 - place, 366, NO, uid=known[1].said.uid, today=today),
            today=today,
            known=known,
        )
        assert shown.claims[1].reason is Reason.RULE_WINDOW
        known = remembered(shown, today, known)


def test_nights_before_a_known_tail_are_a_claim_of_their_own() -> None:
    """A tail that starts earlier than before: the owner closed more, and that is told on."""
    known = remembered(snapshot(entry(180, 366, NO)), TODAY)
    today = day(1)
    added, tail = snapshot(entry(100, 366, NO, today=today), today=today, known=known).claims
    assert (added.nights.arrival, added.reason) == (day(101), Reason.UNKNOWN)
    assert (tail.nights.arrival, tail.reason) == (day(180), Reason.RULE_WINDOW)
    assert (added.nights.departure, tail.uid) == (day(180), known[0].said.uid)
    assert len({added.uid, tail.uid}) == 2


def test_an_owners_block_that_grows_into_the_tail_stays_the_owners() -> None:
    """The tail behind it stays the channel's."""
    first = snapshot(entry(100, 110, NO, uid="mine"), entry(180, 366, NO, uid="tail"))
    known = remembered(first, TODAY)
    added, tail = snapshot(entry(100, 366, NO, uid="mine"), known=known).claims
    assert (added.uid, added.reason) == ("mine", Reason.OWNER)
    assert (tail.uid, tail.reason) == ("tail", Reason.RULE_WINDOW)


def test_tonight_alone_is_the_advance_notice_only_if_it_is_new() -> None:
    """A block known before tonight is the owner's, also when it is cut to tonight."""
    assert only(entry(0, 1, NO)).reason is Reason.RULE_NOTICE
    yesterday = remembered(snapshot(entry(1, 2, NO, uid="a"), today=TODAY), day(-1))
    assert only(entry(1, 2, NO, uid="b", today=day(0)), known=yesterday).reason is Reason.OWNER
    known = remembered(snapshot(entry(1, 2, NO)), TODAY)
    tonight = entry(0, 1, NO, today=day(1))
    assert only(tonight, today=day(1), known=known).reason is Reason.OWNER


def test_a_notice_of_last_night_keeps_its_reason() -> None:
    """Days alone change no reason."""
    known = remembered(snapshot(entry(0, 1, NO)), TODAY)
    assert only(entry(-1, 0, NO, today=day(1)), today=day(1), known=known).reason is (
        Reason.RULE_NOTICE
    )


@pytest.mark.parametrize(("arrival", "departure"), [(9, 10), (14, 15)])
def test_one_night_beside_a_stay_is_for_preparation(arrival: int, departure: int) -> None:
    """It owns its night and is exported; two nights, or one apart, are the owner's."""
    shown = snapshot(entry(10, 14), entry(arrival, departure, NO))
    assert shown.claims[1].reason is Reason.RULE_PREPARATION
    assert snapshot(entry(10, 14), entry(14, 16, NO)).claims[1].reason is Reason.OWNER
    assert snapshot(entry(10, 14), entry(15, 16, NO)).claims[1].reason is Reason.OWNER


def test_a_preparation_that_grows_is_none_any_more() -> None:
    """What is longer than a night was closed by somebody."""
    known = remembered(snapshot(entry(10, 14), entry(14, 15, NO)), TODAY)
    grown = snapshot(entry(10, 14), entry(14, 18, NO), known=known)
    assert grown.claims[1].reason is Reason.OWNER


def test_a_block_once_read_as_the_owners_stays_the_owners() -> None:
    """Also when a stay comes to lie beside it, or its days come to fit a shape."""
    known = remembered(snapshot(entry(14, 15, NO)), TODAY)
    assert snapshot(entry(10, 14), entry(14, 15, NO), known=known).claims[1].reason is Reason.OWNER
    known = remembered(snapshot(entry(185, 366, NO, uid="a")), TODAY)
    later = entry(180, 361, NO, uid="a", today=day(5))
    longer = entry(180, 366, NO, uid="a", today=day(5))
    for one in (later, longer):
        assert only(one, today=day(5), known=known).reason is Reason.OWNER


def test_a_closed_year_is_believed_when_a_second_answer_agrees() -> None:
    """Until then the blocks are unknown, and the snapshot says that it closes all."""
    flood = (entry(0, 10, NO), entry(10, 14), entry(14, 366, NO))
    first = snapshot(*flood)
    assert first.closes_all
    assert {one.reason for one in first.claims if one.kind is Kind.BLOCK} == {Reason.UNKNOWN}
    known = remembered(first, TODAY)
    second = snapshot(*flood, known=known, closed_before=True)
    assert {one.reason for one in second.claims if one.kind is Kind.BLOCK} == {Reason.RULE_CLOSED}
    third = snapshot(*flood, known=remembered(second, TODAY))
    assert {one.reason for one in third.claims if one.kind is Kind.BLOCK} == {Reason.RULE_CLOSED}
    opened = snapshot(entry(0, 10, NO), entry(20, 366, NO), known=remembered(second, TODAY))
    assert not opened.closes_all
    assert Reason.RULE_CLOSED not in {one.reason for one in opened.claims}


def test_what_the_owner_closed_before_is_no_part_of_a_flood() -> None:
    """His blocks stay his; a year that he closed by himself, bit by bit, is no closed listing."""
    known = remembered(snapshot(entry(30, 100, NO)), TODAY)
    flood = snapshot(
        entry(0, 30, NO), entry(30, 100, NO), entry(100, 366, NO), known=known, closed_before=True
    )
    assert [one.reason for one in flood.claims] == [
        Reason.RULE_CLOSED,
        Reason.OWNER,
        Reason.RULE_CLOSED,
    ]
    assert not snapshot(entry(1, 90), entry(90, 366, NO)).closes_all


def test_booking_coms_tail_keeps_its_start_and_rolls_at_its_end() -> None:
    """Eighteen months ahead (feeds 3); reached by today it stays what it was."""
    known = remembered(snapshot(entry(200, 548, CLOSED, uid="t"), channel="booking_com"), TODAY)
    assert known[0].said.reason is Reason.RULE_WINDOW
    for place in (1, 30, 199, 200, 201):
        today = day(place)
        first = max(200 - place, 0)
        uid = "t" if place <= 200 else f"t{place}"
        rolled = entry(first, 548, CLOSED, uid=uid, today=today)
        shown = snapshot(rolled, channel="booking_com", today=today, known=known)
        assert [one.reason for one in shown.claims] == [Reason.RULE_WINDOW]
        known = remembered(shown, today, known)


def test_a_closed_booking_com_room_is_a_closed_listing() -> None:
    """One block from today to the end of the export; both ends and the UID move nightly."""
    first = snapshot(entry(0, 549, CLOSED), channel="booking_com")
    assert (first.closes_all, first.claims[0].reason) == (True, Reason.UNKNOWN)
    tomorrow = entry(0, 549, CLOSED, today=day(1))
    second = snapshot(
        tomorrow,
        channel="booking_com",
        today=day(1),
        known=remembered(first, TODAY),
        closed_before=True,
    )
    assert second.claims[0].reason is Reason.RULE_CLOSED


@pytest.mark.parametrize(
    ("shown", "later"),
    [
        (((478, 485),), ((478, 485),)),
        (((0, 40),), ((20, 40),)),
        (((10, 25), (25, 45)), ((10, 45),)),
    ],
)
def test_days_merges_and_cuts_change_no_kind_at_booking_com(
    shown: tuple[tuple[int, int], ...], later: tuple[tuple[int, int], ...]
) -> None:
    """The convention is for what is new; known nights keep the kind that they had."""
    first = snapshot(*(entry(*one, CLOSED) for one in shown), channel="booking_com")
    (kind,) = {one.kind for one in first.claims}
    today = day(20 if later[0][0] == 20 else 6)
    moved = (
        entry(arrival - (today - TODAY).days, end - (today - TODAY).days, CLOSED, today=today)
        for arrival, end in later
    )
    second = snapshot(*moved, channel="booking_com", today=today, known=remembered(first, TODAY))
    assert {one.kind for one in second.claims} == {kind}
    alone = snapshot(
        *(
            entry(arrival - (today - TODAY).days, end - (today - TODAY).days, CLOSED, today=today)
            for arrival, end in later
        ),
        channel="booking_com",
        today=today,
    )
    assert {one.kind for one in alone.claims} != {kind}


def test_a_stay_sold_inside_a_closure_is_a_new_reservation() -> None:
    """The host opened the season and a guest took part of it."""
    known = remembered(snapshot(entry(20, 80, CLOSED), channel="booking_com"), TODAY)
    assert only(entry(30, 35, CLOSED), channel="booking_com", known=known).kind is Kind.RESERVATION


@pytest.mark.skipif(
    not SHARED.exists(), reason="the feed corpus (../shared/feeds) does not lie beside the project"
)
def test_kinds_and_reasons_hold_through_every_real_sequence() -> None:
    """Nights shown with one kind keep it, from fetch to fetch of thirteen real successions."""
    for name, sequence in json.loads((SHARED / "SEQUENCES.json").read_text()).items():
        zone = ZoneInfo(sequence["property_timezone"])
        known = []
        for fetch in sequence["fetches"]:
            today = datetime.fromisoformat(fetch["fetched_at"]).astimezone(zone).date()
            reading = read(
                (SHARED / name / fetch["file"]).read_bytes(),
                ReadSettings(zone, today, date(today.year + 3, 1, 1)),
            )
            shown = classify(
                reading.entries,
                (),
                channel=sequence["provider"].replace(".", "_"),
                host=None,
                today=today,
                known=known,
                stamped=reading.stamped,
            )
            before = {(one.said.uid, one.nights): one.said for one in known}
            for claim in shown.claims:
                was = before.get((claim.uid, claim.nights))
                assert was is None or was.kind is claim.kind
            known = remembered(shown, today, known)


def test_shapes_cost_little_over_many_claims() -> None:
    """A feed at the bound of its size is judged in a few seconds."""
    many = [
        *(entry(place % 900, place % 900 + 3, uid=f"s{place}") for place in range(10_000)),
        *(entry(place % 900, place % 900 + 1, NO, uid=f"b{place}") for place in range(10_000)),
        *(entry(180 + place % 2, 366, NO, uid=f"t{place}") for place in range(5_000)),
    ]
    started = time.process_time()
    shown = snapshot(*many)
    snapshot(*many, known=remembered(shown, TODAY), closed_before=True)
    assert time.process_time() - started < 8
