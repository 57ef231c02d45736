"""What a stay closes in units that it is not in, and around itself: trees and buffers."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.build_unit import NOON, TODAY, direct, nights
from vacancy.domain.availability import night_map
from vacancy.domain.buffers import Buffers
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.conflicts import clashes, settle_conflicts, turnovers
from vacancy.domain.echoes import named_stay
from vacancy.domain.errors import NightsTaken
from vacancy.domain.linked import (
    Closure,
    Member,
    closed_by,
    derive,
    refuse_closed,
    split_id,
    tree_clashes,
)
from vacancy.domain.nights import Nights
from vacancy.domain.reconcile import UnitState, reconcile
from vacancy.domain.stays import ConflictKind, Span, Stay, StayStatus
from vacancy.domain.unit import Moment

PROOF = bool(os.environ.get("VACANCY_PROOF"))


def stay(key: str, when: str, unit: str = "house", **change: object) -> Stay:
    """A guest's stay of ours in a unit; `hours` says how long after noon it was sold."""
    hours = change.pop("hours", 0)
    assert isinstance(hours, int)
    spans = (Span(nights(when), NOON + timedelta(hours=hours)),)
    return direct(when, key, unit_id=unit, spans=spans, **change)


def owners(key: str, when: str, unit: str = "house", **change: object) -> Stay:
    """An owner's block that a channel shows."""
    return stay(
        key, when, unit, **{"kind": Kind.BLOCK, "reason": Reason.OWNER, "feed_id": "f", **change}
    )


def tree(*stays: Stay, capacity: int | None = None, rooms: str = "ab") -> tuple[Member, ...]:
    """A house and its rooms, each with those of the stays that are in it."""
    return tuple(
        Member(
            unit_id=unit,
            parent_id=None if unit == "house" else "house",
            capacity=capacity if unit == "house" else None,
            closing=tuple(one for one in stays if one.unit_id == unit),
        )
        for unit in ("house", *rooms)
    )


def closed(unit: str, members: tuple[Member, ...]) -> list[tuple[str, Nights]]:
    return [(one.stay_id, one.nights) for one in derive(unit, members, TODAY)]


# --- a house sold whole -------------------------------------------------------------------


def test_a_booking_of_the_house_closes_each_of_its_rooms() -> None:
    """On its own nights."""
    members = tree(stay("s", "1-5 May"))
    assert closed("a", members) == closed("b", members) == [("s", nights("1-5 May"))]
    assert closed("house", members) == []


def test_a_booking_of_a_room_closes_the_house_alone() -> None:
    """The other rooms go on being sold."""
    members = tree(stay("s", "1-5 May", "a"))
    assert closed("house", members) == [("s", nights("1-5 May"))]
    assert closed("a", members) == closed("b", members) == []


def test_an_owners_block_closes_the_relatives_too() -> None:
    """The owner sleeps in the house: no room is free."""
    assert closed("a", tree(owners("s", "1-5 May"))) == [("s", nights("1-5 May"))]


def test_a_block_that_repeats_a_relatives_booking_closes_nobody_else() -> None:
    """A channel that links the calendars of house and rooms itself must not close every room."""
    members = tree(stay("s", "1-5 May", "a"), owners("mirror", "1-5 May", hours=1))
    assert closed("b", members) == []
    earlier = tree(stay("s", "1-5 May", "a", hours=1), owners("first", "1-5 May"))
    assert closed("b", earlier) == [("first", nights("1-5 May"))]
    ours = tree(stay("s", "1-5 May", "a"), owners("own", "1-5 May", hours=1, feed_id=None))
    assert closed("b", ours) == [("own", nights("1-5 May"))]


@pytest.mark.parametrize("reason", [Reason.RULE_WINDOW, Reason.RULE_NOTICE, Reason.RULE_CLOSED])
def test_a_channels_own_settings_close_no_relative(reason: Reason) -> None:
    """They own no night where they are either."""
    assert closed("a", tree(owners("s", "1-5 May", reason=reason))) == []


def test_a_closure_is_named_by_its_stay_its_unit_and_its_kind() -> None:
    """The same for ever, and no stay has such a name."""
    (closure,) = derive("a", tree(stay("stay_1", "1-5 May")), TODAY)
    assert closure.id == "stay_1-a-linked"
    assert split_id(closure.id) == ("stay_1", "a")
    assert split_id("stay_1") is None
    assert named_stay(f"{closure.id}@ours.example", "ours.example") == closure.id


def test_a_unit_alone_is_closed_by_nobody() -> None:
    """And neither is one whose house is not there."""
    alone = (Member("house", closing=(stay("s", "1-5 May"),)),)
    assert derive("house", alone, TODAY) == ()


def test_house_and_room_sold_both_clash() -> None:
    """Who was sold first stands first; turnover days and blocks are no clash."""
    members = tree(
        stay("room", "1-5 May", "a", hours=1),
        stay("house", "3-8 May"),
        stay("next", "8-9 May", "b"),
        owners("block", "3-8 May", "b"),
    )
    (clash,) = tree_clashes(members)
    assert clash.kind is ConflictKind.LINKED_UNIT
    assert (clash.first, clash.second) == ("house", "room")
    assert clash.nights == tuple(nights("3-5 May"))


def test_one_booking_listed_under_house_and_room_is_no_clash() -> None:
    """Under one code of one channel."""
    code = {"reservation_code": "HM1", "channel": "airbnb"}
    both = (stay("one", "1-5 May", "a", **code), stay("two", "1-5 May", **code))
    assert tree_clashes(tree(*both)) == []


# --- a house that sells so many rooms -----------------------------------------------------


def test_rooms_lower_the_count_and_the_last_one_closes_the_house() -> None:
    """From the night on which as many are taken as it sells, by whoever took the last."""
    members = tree(stay("one", "1-5 May", "a"), stay("two", "3-8 May", "b", hours=1), capacity=2)
    assert closed("house", members) == [("two", nights("3-5 May"))]
    assert closed("a", members) == closed("b", members) == []


def test_a_booking_of_such_a_house_takes_a_room_that_nobody_has_named_yet() -> None:
    """It closes no room until it is the last."""
    sold = stay("house", "1-5 May")
    assert closed("a", tree(sold, capacity=2)) == []
    both = tree(sold, stay("room", "2-3 May", "a", hours=1), capacity=2)
    assert closed("b", both) == [("room", nights("2-3 May"))]
    assert tree_clashes(both) == []


def test_more_sold_than_there_are_rooms_is_a_clash_on_those_nights() -> None:
    """Between the house's guest and each room's."""
    members = tree(
        stay("house", "1-9 May"),
        stay("one", "1-5 May", "a"),
        stay("two", "3-8 May", "b"),
        capacity=2,
    )
    found = tree_clashes(members)
    assert [{one.first, one.second} for one in found] == [{"house", "one"}, {"house", "two"}]
    assert {one.nights for one in found} == {tuple(nights("3-5 May"))}


def test_runs_of_one_stay_have_names_of_their_own() -> None:
    """It filled the house twice."""
    members = tree(
        stay("one", "1-2 May", "a"),
        stay("two", "4-5 May", "b"),
        stay("long", "1-9 May", "c", hours=1),
        capacity=2,
        rooms="abc",
    )
    names = [one.id for one in derive("house", members, TODAY)]
    assert names == ["long-house-full", "long-house-full2"]


# --- buffers ------------------------------------------------------------------------------


def _kept(*stays: Stay, before: int = 0, after: int = 0) -> tuple[Member, ...]:
    live = tuple(one for one in stays if one.live)
    past = tuple(one for one in stays if not one.live)
    return (Member("house", buffers=Buffers(before, after), closing=live, past=past),)


def test_nights_are_kept_free_around_a_guest_and_around_no_block() -> None:
    """Before and after, as many as the host says."""
    members = _kept(stay("s", "3-5 May"), owners("b", "20-22 May"), before=1, after=2)
    assert [(one.id, one.nights) for one in derive("house", members, TODAY)] == [
        ("s-house-before", nights("2-3 May")),
        ("s-house-after", nights("5-7 May")),
    ]


def test_the_nights_after_a_guest_who_left_are_still_kept_free() -> None:
    """Until they are over."""
    gone = stay("s", "28-29 Apr", status=StayStatus.COMPLETED)
    assert closed("house", _kept(gone, after=2)) == [
        ("s", Nights(date(2027, 4, 29), TODAY + timedelta(days=1)))
    ]
    assert closed("house", _kept(gone, after=1)) == []


def test_a_wish_is_refused_on_a_buffer_and_where_its_own_would_be_a_guests() -> None:
    """But it may follow where nobody is."""
    members = _kept(stay("s", "3-5 May"), after=1)
    for refused in ("5-7 May", "1-3 May"):
        with pytest.raises(NightsTaken):
            refuse_closed((nights(refused), Kind.RESERVATION), "house", members, TODAY)
    refuse_closed((nights("6-7 May"), Kind.RESERVATION), "house", members, TODAY)
    refuse_closed((nights("1-3 May"), Kind.BLOCK), "house", members, TODAY)
    with pytest.raises(NightsTaken):
        refuse_closed((nights("5-6 May"), Kind.BLOCK), "house", members, TODAY)


def test_a_guest_on_a_buffer_is_a_turnover() -> None:
    """Also where one channel sold both; who overlaps is a double booking already."""
    one, two = stay("one", "1-5 May", feed_id="f"), stay("two", "6-8 May", feed_id="f")
    (clash,) = turnovers((one, two), Buffers(after=2), TODAY)
    assert (clash.kind, clash.nights) == (ConflictKind.TURNOVER, tuple(nights("6-7 May")))
    assert turnovers((one, two), Buffers(after=1), TODAY) == []
    over = stay("over", "4-8 May")
    assert turnovers((one, over), Buffers(2, 2), TODAY) == []


def test_a_preparation_night_hides_no_reservation() -> None:
    """However long it has wanted its night."""
    night = owners("prep", "5-6 May", reason=Reason.RULE_PREPARATION)
    guest = stay("guest", "5-8 May", hours=5)
    assert night_map([night, guest]) == dict.fromkeys(nights("5-8 May"), "guest")
    assert night_map([night]) == dict.fromkeys(nights("5-6 May"), "prep")


# --- whatever the stays are ---------------------------------------------------------------

LENGTHS = st.tuples(
    st.sampled_from(["house", "a", "b", "c"]), st.integers(0, 14), st.integers(1, 5), st.booleans()
)


def _stays(drawn: list[tuple[str, int, int, bool]]) -> tuple[Stay, ...]:
    found: list[Stay] = []
    for number, (unit, start, length, guest) in enumerate(drawn):
        arrival = TODAY + timedelta(days=start)
        span = Span(
            Nights(arrival, arrival + timedelta(days=length)), NOON + timedelta(hours=number)
        )
        made = stay(f"s{number}", "1-2 May", unit)
        kind = made if guest else owners(f"s{number}", "1-2 May", unit, feed_id=None)
        found.append(replace(kind, spans=(span,)))
    return tuple(found)


@settings(max_examples=3_000 if PROOF else 200, deadline=None)
@given(st.lists(LENGTHS, max_size=9), st.sampled_from([None, 1, 2, 3]), st.integers(0, 2))
def test_no_night_is_open_while_a_stay_or_a_closure_closes_it(
    drawn: list[tuple[str, int, int, bool]], capacity: int | None, after: int
) -> None:
    """Against a plain count of each night; each night has one holder, and a closure none."""
    stays = _stays(drawn)
    members = tuple(
        replace(one, buffers=Buffers(0, after))
        for one in tree(*stays, capacity=capacity, rooms="abc")
    )
    units = [one.unit_id for one in members]
    taken = {unit: night_map(s for s in stays if s.unit_id == unit) for unit in units}
    for unit in units:
        held = {n for s in stays if s.unit_id == unit for n in s.nights}
        assert set(taken[unit]) == held
        shut = set(closed_by(derive(unit, members, TODAY))) | held
        assert shut == _shut(unit, stays, capacity, after), unit
        assert derive(unit, members, TODAY) == derive(unit, tuple(reversed(members)), TODAY)
        names = [one.id for one in derive(unit, members, TODAY)]
        assert len(names) == len(set(names))


def _shut(unit: str, stays: tuple[Stay, ...], capacity: int | None, after: int) -> set[date]:
    """Every night on which the unit cannot be sold, by asking each night."""
    found: set[date] = set()
    for day in range(-1, 30):
        night = TODAY + timedelta(days=day)
        there = [s for s in stays if night in s.nights]
        own = any(s.unit_id == unit for s in there)
        buffered = any(
            s.unit_id == unit
            and s.kind is Kind.RESERVATION
            and s.nights.departure <= night < s.nights.departure + timedelta(days=after)
            for s in stays
        )
        others = {s.unit_id for s in there}
        if capacity is None:
            linked = bool(others - {"house"}) if unit == "house" else "house" in others
        else:
            counted = {
                s.unit_id for s in there if s.unit_id != "house" or s.kind is Kind.RESERVATION
            }
            linked = len(counted) >= capacity
        if own or buffered or linked:
            found.add(night)
    return found


@settings(max_examples=1_000 if PROOF else 100, deadline=None)
@given(st.lists(LENGTHS, max_size=8), st.sampled_from([None, 1, 2]), st.integers(0, 2))
def test_deciding_twice_about_a_tree_changes_nothing(
    drawn: list[tuple[str, int, int, bool]], capacity: int | None, after: int
) -> None:
    """Neither its linked conflicts, nor the turnovers of its units."""
    stays = _stays(drawn)
    members = tree(*stays, capacity=capacity, rooms="abc")
    ids = iter(range(10_000))
    at = Moment("house", {}, NOON, TODAY, lambda prefix: f"{prefix}_{next(ids)}")
    opened = settle_conflicts((), tree_clashes(members), set(), at)
    assert settle_conflicts(opened, tree_clashes(members), set(), at) == []
    state = UnitState(
        "a", stays=tuple(s for s in stays if s.unit_id == "a"), buffers=Buffers(1, after)
    )
    plan = reconcile(state, NOON, TODAY, at.new_id)
    again = replace(state, conflicts=plan.conflicts)
    assert reconcile(again, NOON, TODAY, at.new_id).conflicts == ()


# --- the oracle of conflicts --------------------------------------------------------------

#: Days on which clocks are changed somewhere, as nights like any other.
_CHANGES = (date(2027, 3, 14), date(2027, 3, 28), date(2027, 9, 5), date(2027, 10, 31))
_SETS = 10_000 if PROOF else 400


def _oracle_set(chance: random.Random) -> tuple[Stay, ...]:
    """Up to nine stays of a house and two rooms around a change of clocks."""
    first = chance.choice(_CHANGES) - timedelta(days=chance.randint(3, 9))
    found: list[Stay] = []
    for number in range(chance.randint(2, 9)):
        arrival = first + timedelta(days=chance.randint(0, 14))
        span = Nights(arrival, arrival + timedelta(days=chance.randint(1, 6)))
        since: datetime = NOON - timedelta(days=200) + timedelta(hours=chance.randint(0, 5))
        unit = chance.choice(["house", "house", "a", "b"])
        feed = chance.choice([None, "f1", "f2", "f3"])
        made = direct("1-2 May", f"s{number}", unit_id=unit, feed_id=feed, opened_at=since)
        if chance.random() < 0.3:
            reason = chance.choice([Reason.OWNER, Reason.RULE_PREPARATION, Reason.RULE_WINDOW])
            made = replace(made, kind=Kind.BLOCK, reason=reason, feed_id=feed or "f4")
        found.append(replace(made, spans=(Span(span, since),)))
    return tuple(found)


Found = set[tuple[str, frozenset[str], tuple[date, ...]]]


def _expected(stays: tuple[Stay, ...], buffers: Buffers) -> Found:
    """Every pair that clashes, and the nights, by looking at each pair and each night."""
    found: Found = set()
    for place, one in enumerate(stays):
        for other in stays[place + 1 :]:
            kind, shared = _pair(one, other, buffers)
            if kind and shared:
                found.add((kind, frozenset((one.id, other.id)), tuple(sorted(shared))))
    return found


def _pair(one: Stay, other: Stay, buffers: Buffers) -> tuple[str, list[date]]:
    both = [night for night in one.nights if night in other.nights]
    guests = [s for s in (one, other) if s.kind is Kind.RESERVATION]
    if one.unit_id != other.unit_id:
        linked = "house" in (one.unit_id, other.unit_id) and len(guests) == 2
        return ("linked_unit", both) if linked else ("", [])
    if len(guests) == 2 and not both:
        free = [
            night
            for guest, other_guest in ((one, other), (other, one))
            for night in guest.nights
            if 0 <= (night - other_guest.nights.departure).days < buffers.after
            or 0 < (other_guest.nights.arrival - night).days <= buffers.before
        ]
        return "turnover", free
    if not guests or (one.feed_id is not None and one.feed_id == other.feed_id):
        return "", []
    if len(guests) == 2:
        return "double_booking", both
    (block,) = [s for s in (one, other) if s.kind is Kind.BLOCK]
    if block.reason is Reason.RULE_PREPARATION:
        return "turnover", both
    sold_later = block.spans[0].since < guests[0].spans[0].since
    owned = block.reason is Reason.OWNER
    return ("blocked_night_sold", both) if owned and sold_later else ("", [])


@pytest.mark.parametrize("buffers", [Buffers(), Buffers(1, 2)])
def test_conflicts_are_those_that_all_pairs_show(buffers: Buffers) -> None:
    """None missed, none false, on random sets of stays; a change of clocks is a night like any."""
    chance = random.Random(20270328)
    for _ in range(_SETS):
        stays = _oracle_set(chance)
        found: Found = set()
        day = min(s.nights.arrival for s in stays)
        for unit in ("house", "a", "b"):
            mine = [s for s in stays if s.unit_id == unit]
            for clash in (*clashes(mine), *turnovers(mine, buffers, day)):
                found.add((clash.kind.value, frozenset((clash.first, clash.second)), clash.nights))
        for clash in tree_clashes(tree(*stays)):
            found.add((clash.kind.value, frozenset((clash.first, clash.second)), clash.nights))
        assert found == _expected(stays, buffers)


def test_a_closure_says_which_stay_closes_each_night() -> None:
    """For whoever is refused."""
    one = Closure(
        "s", "a", derive("a", tree(stay("s", "1-3 May")), TODAY)[0].cause, nights("1-3 May")
    )
    assert closed_by([one]) == dict.fromkeys(nights("1-3 May"), "s")
