"""Entries that share a UID. Source: R8."""

from __future__ import annotations

from channels.telling import entry, snapshot
from vacancy.domain.claims import Identity, Kind


def test_equal_copies_are_one() -> None:
    """With a UID or without."""
    shown = snapshot(
        entry(uid="a"), entry(uid="a"), entry(uid="", summary="x"), entry(uid="", summary="y")
    )
    assert len(shown.claims) == 2
    assert [one.why for one in shown.skipped] == ["the same entry twice"] * 2


def test_the_highest_sequence_counts_with_its_status() -> None:
    """An older version closes nothing."""
    shown = snapshot(
        entry(10, 12, uid="a", sequence=1),
        entry(14, 16, uid="a", sequence=3, status="CANCELLED"),
        entry(18, 20, uid="a", sequence=2),
    )
    assert [(one.canceled, len(one.nights)) for one in shown.claims] == [(True, 2)]
    assert {one.why for one in shown.skipped} == {"an older version of an entry (SEQUENCE)"}


def test_one_uid_with_different_nights_is_several_claims_without_a_key() -> None:
    """None of them may free the nights of another."""
    shown = snapshot(entry(10, 12, uid="a"), entry(14, 16, uid="a"), entry(20, 22, uid="b"))
    assert [one.identity for one in shown.claims] == [Identity.HINT, Identity.HINT, Identity.KEY]


def test_one_code_with_different_nights_is_no_key() -> None:
    """The same reservation code under two UIDs."""
    code = "https://www.airbnb.com/hosting/reservations/details/HMTEST0001"
    shown = snapshot(
        entry(10, 12, uid="a", description=code), entry(14, 16, uid="b", description=code)
    )
    assert [one.key for one in shown.claims] == [None, None]
    assert {one.reservation_code for one in shown.claims} == {"HMTEST0001"}


def test_of_copies_that_differ_the_one_that_closes_more_is_believed() -> None:
    """Live before canceled, reservation before block."""
    shown = snapshot(
        entry(uid="a", status="CANCELLED"),
        entry(uid="a", summary="Not available"),
        entry(uid="a"),
    )
    (claim,) = shown.claims
    assert (claim.canceled, claim.kind) == (False, Kind.RESERVATION)


def test_other_providers_entries_keep_their_nights() -> None:
    """The same nights under two UIDs are two claims: a feed may list a stay whole and cut."""
    shown = snapshot(entry(10, 12, uid="1@booking.com"), entry(10, 12, uid="2@booking.com"))
    assert len(shown.claims) == 2
