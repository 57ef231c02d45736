"""Who shares nights, and what becomes of it until it is over (rules 7)."""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.build_unit import (
    AIRBNB,
    BOOKING,
    DAY,
    HUB,
    TODAY,
    VRBO,
    Unit,
    block,
    claim,
    direct,
    nights,
)
from vacancy.domain.claims import ClaimStatus, Reason
from vacancy.domain.conflicts import Severity, severity, suggestion, sweep
from vacancy.domain.stays import Conflict, ConflictKind, ConflictStatus, StayStatus

PROOF = bool(os.environ.get("VACANCY_PROOF"))

# --- the sweep ----------------------------------------------------------------------------

RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=25)


@settings(max_examples=10_000 if PROOF else 300, deadline=None)
@given(RANGES)
def test_the_sweep_finds_what_all_pairs_find(ranges: list[tuple[int, int]]) -> None:
    """Each pair once, whatever the nesting, and none where departure is the next arrival."""
    wants = [(start, start + length, str(key)) for key, (start, length) in enumerate(ranges)]
    found = sweep(wants)
    expected = {
        frozenset((one[2], other[2]))
        for one, other in itertools.combinations(wants, 2)
        if one[0] < other[1] and other[0] < one[1]
    }
    assert {frozenset(pair) for pair in found} == expected
    assert len(found) == len(expected)


def test_the_sweep_takes_dates_and_texts_as_well() -> None:
    """An audit hands over days as the store has them."""
    assert sweep([(date(2027, 5, 1), date(2027, 5, 5), "a")]) == []
    wants = [("2027-05-04", "2027-05-06", "b"), ("2027-05-01", "2027-05-05", "a")]
    assert sweep(wants) == [("a", "b")]


def _units(stays: int) -> list[list[tuple[int, int, str]]]:
    """100 stays a unit, of which one in 200 overlaps the one before."""
    chance = random.Random(1)
    units: list[list[tuple[int, int, str]]] = []
    for unit in range(stays // 100):
        day, rows = 20_000, []
        for place in range(100):
            start = day - (chance.random() < 0.005)
            length = chance.randint(2, 7)
            rows.append((start, day + length, f"{unit}-{place}"))
            day += length + chance.randint(0, 3)
        units.append(rows)
    return units


def _sweep_all(units: list[list[tuple[int, int, str]]]) -> int:
    return sum(len(sweep(rows)) for rows in units)


_JOIN = """
    SELECT count(*) FROM stay a JOIN stay b ON b.unit = a.unit AND b.start >= a.start
    AND b.start < a.finish AND a.id <> b.id AND (b.start > a.start OR b.id > a.id)
"""


def test_an_audit_of_many_stays_keeps_up_with_a_bounded_join_of_sqlite() -> None:
    """1,000,000 stays at the full count; the best CPU time of three on each side."""
    units = _units(1_000_000 if PROOF else 100_000)
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE stay (id TEXT, unit INT, start INT, finish INT)")
    rows = ((k, u, s, f) for u, unit in enumerate(units) for s, f, k in unit)
    base.executemany("INSERT INTO stay VALUES (?, ?, ?, ?)", rows)
    base.execute("CREATE INDEX by_start ON stay (unit, start, finish, id)")
    base.execute("ANALYZE")
    swept, joined, pairs, expected = [], [], -1, -2
    for _ in range(3):
        before = time.process_time()
        pairs = _sweep_all(units)
        swept.append(time.process_time() - before)
        before = time.process_time()
        expected = base.execute(_JOIN).fetchone()[0]
        joined.append(time.process_time() - before)
    base.close()
    assert pairs == expected > 0
    ratio = min(swept) / min(joined)
    print(f"sweep {min(swept):.3f} s, join {min(joined):.3f} s, ratio {ratio:.2f}")
    assert ratio < 1.5, f"{min(swept):.3f} s against {min(joined):.3f} s"


# --- which stays clash --------------------------------------------------------------------


def _kinds(unit: Unit) -> list[ConflictKind]:
    return [one.kind for one in unit.open_conflicts]


def test_reservation_with_reservation_is_a_double_booking() -> None:
    """The nights are those shared, and the first is the one that wanted them first."""
    unit = Unit()
    first, second = claim("3-8 May", AIRBNB), claim("1-5 May", BOOKING)
    unit.show(first)
    unit.later()
    unit.show(second)
    (conflict,) = unit.open_conflicts
    assert conflict.kind is ConflictKind.DOUBLE_BOOKING
    assert conflict.nights == tuple(nights("3-5 May"))
    assert (conflict.first, conflict.second) == (unit.stay_of(first).id, unit.stay_of(second).id)
    assert unit.event_types == ["booking.created", "conflict.opened"]


@pytest.mark.parametrize("reason", [Reason.OWNER, Reason.UNKNOWN, Reason.TENTATIVE])
def test_a_reservation_over_a_block_that_was_there_first_is_a_blocked_night_sold(
    reason: Reason,
) -> None:
    """Whoever made the block, the night was closed when it was sold."""
    unit = Unit()
    unit.show(block("1-9 May", AIRBNB, reason=reason))
    unit.later()
    unit.show(claim("3-5 May", BOOKING, first_seen=unit.now))
    assert _kinds(unit) == [ConflictKind.BLOCKED_NIGHT_SOLD]


def test_a_block_that_came_later_is_no_conflict() -> None:
    """The host closes around a guest, or a channel copies what it was told."""
    unit = Unit()
    unit.show(claim("3-5 May", BOOKING))
    unit.later()
    unit.show(block("1-9 May", AIRBNB, first_seen=unit.now))
    assert _kinds(unit) == []


@pytest.mark.parametrize("block_first", [True, False])
def test_a_reservation_on_a_preparation_night_of_another_feed_is_a_turnover(
    block_first: bool,
) -> None:
    """Nobody sleeps there twice, but nobody cleans either; the order does not matter."""
    unit = Unit()
    seen = [block("5-6 May", AIRBNB, reason=Reason.RULE_PREPARATION), claim("5-8 May", BOOKING)]
    for one in seen if block_first else reversed(seen):
        unit.later()
        unit.show(replace(one, first_seen=unit.now))
    assert _kinds(unit) == [ConflictKind.TURNOVER]


def test_block_with_block_is_no_conflict() -> None:
    """Nobody was promised anything."""
    unit = Unit()
    unit.show(block("1-9 May", AIRBNB), block("3-5 May", BOOKING), block("4-12 May", VRBO))
    assert _kinds(unit) == []


@pytest.mark.parametrize("reason", [Reason.RULE_WINDOW, Reason.RULE_NOTICE, Reason.RULE_CLOSED])
def test_a_rule_block_is_in_no_conflict(reason: Reason) -> None:
    """It is the channel's own setting."""
    unit = Unit()
    unit.show(block("1-30 May", AIRBNB, reason=reason))
    unit.later()
    unit.show(claim("3-5 May", BOOKING))
    assert _kinds(unit) == []


def test_an_echo_is_in_no_conflict() -> None:
    """It is the booking itself, come back."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    unit.show(block("1-5 May", BOOKING, echo_of="stay_direct"))
    assert _kinds(unit) == []


def test_entries_of_one_feed_are_in_no_conflict() -> None:
    """A channel lists a stay whole and cut, or one night within a closure."""
    unit = Unit()
    unit.show(claim("1-9 May", BOOKING), claim("3-9 May", BOOKING))
    assert _kinds(unit) == []


def test_a_turnover_day_is_no_conflict() -> None:
    """One guest leaves on the day the next arrives."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), claim("5-8 May", BOOKING))
    assert _kinds(unit) == []


def test_a_feed_over_our_own_stay_is_a_double_booking() -> None:
    """An imported stay is a fact: stored whatever it clashes with."""
    unit = Unit(stays={"stay_direct": direct("1-5 May")})
    unit.show(claim("3-8 May", AIRBNB))
    assert _kinds(unit) == [ConflictKind.DOUBLE_BOOKING]
    assert [stay.nights for stay in unit.live] == [nights("1-5 May"), nights("3-8 May")]


def test_three_that_share_a_night_are_three_conflicts() -> None:
    """One for each pair: each ends on its own."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), claim("2-6 May", BOOKING), claim("3-7 May", VRBO))
    assert len(unit.open_conflicts) == 3


# --- how a conflict goes on ---------------------------------------------------------------


def _double_booked() -> tuple[Unit, Conflict]:
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB))
    unit.later()
    unit.show(claim("3-8 May", BOOKING, key="B1"))
    return unit, unit.open_conflicts[0]


def _decide(unit: Unit, status: ConflictStatus, resolution: str | None = None) -> None:
    (key,) = unit.conflicts
    ended = unit.now if status is ConflictStatus.RESOLVED else None
    unit.conflicts[key] = replace(
        unit.conflicts[key], status=status, resolution=resolution, resolved_at=ended
    )


def test_a_conflict_ends_by_evidence() -> None:
    """One side is canceled, and nothing is shared any more."""
    unit, conflict = _double_booked()
    unit.release(claim("1-5 May", AIRBNB), ClaimStatus.CANCELED)
    ended = unit.conflicts[conflict.id]
    assert (ended.status, ended.resolved_at) == (ConflictStatus.RESOLVED, unit.now)
    assert unit.event_types == ["booking.canceled", "conflict.resolved"]


@pytest.mark.parametrize("masked", [True, False])
def test_a_missing_or_masked_side_keeps_it_open(masked: bool) -> None:
    """Doubt ends nothing."""
    unit, conflict = _double_booked()
    unit.mark(claim("1-5 May", AIRBNB), status=ClaimStatus.MISSING, masked=masked)
    assert unit.conflicts[conflict.id].status is ConflictStatus.OPEN


def test_a_conflict_that_comes_back_is_the_same_conflict() -> None:
    """The side that was withdrawn is seen again."""
    unit, conflict = _double_booked()
    own = claim("1-5 May", AIRBNB)
    unit.release(own)
    unit.mark(own, status=ClaimStatus.LIVE, released_at=None)
    assert [one.id for one in unit.open_conflicts] == [conflict.id]
    assert "conflict.opened" in unit.event_types


def test_what_a_person_resolved_stays_resolved() -> None:
    """Both are fine, says the host, and nothing changes."""
    unit, _ = _double_booked()
    _decide(unit, ConflictStatus.RESOLVED, "both_fine")
    unit.plan()
    assert unit.open_conflicts == []


def test_a_resolved_conflict_opens_again_when_its_nights_change() -> None:
    """The host decided about fewer nights."""
    unit, conflict = _double_booked()
    _decide(unit, ConflictStatus.RESOLVED, "both_fine")
    own = claim("1-5 May", AIRBNB)
    unit.mark(own, said=replace(own.said, nights=nights("1-6 May")))
    (again,) = unit.open_conflicts
    assert (again.id, again.resolution, again.resolved_at) == (conflict.id, None, None)


def test_a_resolved_conflict_opens_again_when_a_side_changes() -> None:
    """The shared nights are the same, but one stay is longer now."""
    unit, conflict = _double_booked()
    _decide(unit, ConflictStatus.RESOLVED, "both_fine")
    own = claim("3-8 May", BOOKING)
    unit.mark(own, said=replace(own.said, nights=nights("3-9 May")))
    assert [one.id for one in unit.open_conflicts] == [conflict.id]


def test_an_acknowledged_conflict_that_grows_is_open_again() -> None:
    """One that shrinks stays acknowledged."""
    unit, conflict = _double_booked()
    _decide(unit, ConflictStatus.ACKNOWLEDGED)
    own = claim("1-5 May", AIRBNB)
    unit.mark(own, said=replace(own.said, nights=nights("1-4 May")))
    assert unit.conflicts[conflict.id].status is ConflictStatus.ACKNOWLEDGED
    assert unit.event_types == ["booking.updated", "conflict.updated"]
    unit.mark(own, said=replace(own.said, nights=nights("1-7 May")))
    assert unit.conflicts[conflict.id].status is ConflictStatus.OPEN


def test_a_decision_waits_until_its_side_is_gone() -> None:
    """`keep_first` was decided and the booking marked to be canceled: it ends when it is gone."""
    unit, conflict = _double_booked()
    _decide(unit, ConflictStatus.ACKNOWLEDGED, "keep_first")
    unit.plan()
    assert unit.conflicts[conflict.id].status is ConflictStatus.ACKNOWLEDGED
    unit.release(claim("3-8 May", BOOKING), ClaimStatus.CANCELED)
    ended = unit.conflicts[conflict.id]
    assert (ended.status, ended.resolution) == (ConflictStatus.RESOLVED, "keep_first")


def test_passing_days_change_no_conflict() -> None:
    """The first shared night is slept; the conflict is as it was, until a side is over."""
    unit, conflict = _double_booked()
    unit.later(4 * DAY)
    unit.plan()
    assert unit.conflicts[conflict.id] == conflict
    unit.later(3 * DAY)
    unit.plan()
    assert unit.open_conflicts == []


def test_a_hub_that_supports_one_side_is_no_third_party() -> None:
    """The booking through the hub is the channel's own."""
    unit, _ = _double_booked()
    unit.show(claim("1-5 May", HUB, provider="airbnb"))
    assert len(unit.open_conflicts) == 1


# --- how urgent, and what to do -----------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        *((days, "critical") for days in (-3, 0, 2)),
        *((days, "high") for days in (3, 7)),
        *((days, "medium") for days in (8, 30)),
        (31, "low"),
    ],
)
def test_severity_goes_by_the_days_to_the_first_night_to_come(
    days: int, expected: Severity
) -> None:
    """A guest at the door is critical; a booking of next year can wait."""
    unit, conflict = _double_booked()
    assert unit
    first = TODAY + timedelta(days=days)
    assert severity(replace(conflict, nights=(first,)), TODAY) == expected


@pytest.mark.parametrize("kind", ConflictKind)
def test_each_kind_has_one_sentence_of_advice(kind: ConflictKind) -> None:
    """It names the channels where that says what to do."""
    unit, conflict = _double_booked()
    first, second = unit.stays[conflict.first], unit.stays[conflict.second]
    text = suggestion(replace(conflict, kind=kind), first, second)
    assert text.endswith(".")
    if kind is ConflictKind.DOUBLE_BOOKING:
        assert "airbnb" in text
        assert "booking_com" in text


def test_a_side_that_its_calendar_lists_no_more_is_to_be_looked_at_and_released() -> None:
    """It may be gone, or left out because the channel was told of the other."""
    unit, conflict = _double_booked()
    first, second = unit.stays[conflict.first], unit.stays[conflict.second]
    gone = replace(second, status=StayStatus.MISSING)
    text = suggestion(conflict, first, gone)
    assert f"vacancy release {second.id}" in text and first.id not in text
    both = suggestion(conflict, replace(first, status=StayStatus.MISSING), gone)
    assert first.id in both and second.id in both
