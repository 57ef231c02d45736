"""The facts that a plan is worth, with the types that programs know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from domain.build_unit import AIRBNB, BOOKING, DAY, Unit, block, claim, nights
from vacancy.domain.claims import ClaimStatus, Kind
from vacancy.domain.events import health_fact, reading_fact


def test_a_new_booking_is_told_whole_and_without_guest_data() -> None:
    """What a program needs to close the nights."""
    unit = Unit()
    unit.show(claim("1-5 May", key="HM1", reservation_code="HM1"))
    (fact,) = unit.facts
    assert fact.type == "booking.created"
    assert fact.unit_id == "unit"
    assert fact.previous is None
    assert fact.data == {
        "id": unit.live[0].id,
        "unit_id": "unit",
        "channel": "airbnb",
        "feed_id": "airbnb",
        "kind": "reservation",
        "reason": None,
        "status": "confirmed",
        "arrival": "2027-05-01",
        "departure": "2027-05-05",
        "reservation_code": "HM1",
        "mirrored": False,
        "expires_at": None,
    }


def test_an_update_tells_only_what_was_different() -> None:
    """`previous` names the fields that changed, as they were."""
    unit = Unit()
    own = claim("1-5 May", key="HM1")
    unit.show(own)
    unit.mark(own, said=replace(own.said, nights=nights("1-7 May")))
    (fact,) = unit.facts
    assert fact.type == "booking.updated"
    assert fact.previous == {"departure": "2027-05-05"}


def test_blocks_have_words_of_their_own() -> None:
    """A block is created, updated and removed."""
    unit = Unit()
    own = block("1-5 May")
    told: list[str] = []
    unit.show(own)
    told += unit.event_types
    unit.mark(own, said=replace(own.said, nights=nights("1-7 May")))
    told += unit.event_types
    unit.release(own)
    told += unit.event_types
    assert told == ["block.created", "block.updated", "block.removed"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(ClaimStatus.CANCELED, "canceled"), (ClaimStatus.WITHDRAWN, "withdrawn")],
)
def test_canceled_and_withdrawn_are_one_type_and_two_statuses(
    status: ClaimStatus, expected: str
) -> None:
    """The nights are free either way; the status tells the evidence."""
    unit = Unit()
    own = claim("1-5 May")
    unit.show(own)
    unit.release(own, status)
    (fact,) = unit.facts
    assert fact.type == "booking.canceled"
    assert fact.data["status"] == expected


def test_a_stay_that_is_over_is_no_news() -> None:
    """Aged out is never a cancellation."""
    unit = Unit()
    unit.show(claim("1-5 May"))
    unit.later(8 * DAY)
    unit.plan()
    assert unit.facts == ()


def test_a_block_that_turns_out_a_booking_is_an_update() -> None:
    """The same stay, told under its new kind."""
    unit = Unit()
    own = block("1-5 May")
    unit.show(own)
    unit.mark(own, said=replace(own.said, kind=Kind.RESERVATION, reason=None))
    (fact,) = unit.facts
    assert fact.type == "booking.updated"
    assert fact.previous == {"kind": "block", "reason": "owner"}


def test_a_conflict_names_both_stays_and_its_nights() -> None:
    """With the severity that it had when it was told."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), claim("4-8 May", BOOKING))
    fact = unit.facts[-1]
    assert fact.type == "conflict.opened"
    assert fact.data["nights"] == ["2027-05-04"]
    assert fact.data["stays"] == [stay.id for stay in unit.live]
    assert fact.data["severity"] == "high"


def test_every_fact_is_json() -> None:
    """The journal stores it as it is."""
    unit = Unit()
    unit.show(claim("1-5 May", AIRBNB), claim("4-8 May", BOOKING), block("9-12 May"))
    for fact in unit.facts:
        assert json.loads(json.dumps(fact.data)) == fact.data


@pytest.mark.parametrize(
    ("was", "health", "expected"),
    [
        ("ok", "failing", "feed.failing"),
        ("failing", "stale", "feed.stale"),
        ("stale", "gone", "feed.gone"),
        ("ok", "suspicious", "feed.suspicious"),
        ("suspicious", "ok", "feed.recovered"),
        ("paused", "ok", None),
        ("ok", "retired", None),
        ("ok", "ok", None),
    ],
)
def test_each_change_of_health_is_one_event(was: str, health: str, expected: str | None) -> None:
    """What a person did himself is no news to him."""
    fact = health_fact("unit", "feed_1", was, health)
    assert (None if fact is None else fact.type) == expected
    if fact is not None:
        assert (fact.data, fact.previous) == ({"id": "feed_1", "health": health}, {"health": was})


@pytest.mark.parametrize(("unread", "expected"), [(True, "unread"), (False, "read_again")])
def test_an_export_that_is_read_no_more_is_told(unread: bool, expected: str) -> None:
    """And again when it is."""
    fact = reading_fact("unit", "export_1", "airbnb", unread=unread)
    assert fact.type == f"export.{expected}"
    assert fact.data == {"id": "export_1", "key": "airbnb"}
