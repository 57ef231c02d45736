"""What an entry is by its words and marks. Source: R7, R9, R10, rules 2 and 3."""

from __future__ import annotations

import pytest

from channels.telling import TODAY, day, entry, only, snapshot
from vacancy.channels.catalog import CHANNELS, PROFILES, profile_of
from vacancy.channels.classify import is_live, provider_name
from vacancy.channels.recognise import provider_of
from vacancy.domain.claims import Identity, Kind, Reason

DETAILS = "https://www.airbnb.com/hosting/reservations/details/"
ITINERARY = "https://www.airbnb.com/reservation/itinerary?code="
R, B = Kind.RESERVATION, Kind.BLOCK


@pytest.mark.parametrize(
    ("channel", "summary", "kind", "reason"),
    [
        ("airbnb", "Reserved", R, None),
        ("airbnb", "Guest Example (HMTEST9001)", R, None),
        ("airbnb", "Airbnb (Not available)", B, Reason.OWNER),
        ("airbnb", "Not available", B, Reason.OWNER),
        ("airbnb", "1000000000000000002 Airbnb (Not available)", B, Reason.OWNER),
        ("airbnb", "Airbnb (Nicht verfügbar)", B, Reason.OWNER),
        ("vrbo", "Reserved - Anna", R, None),
        ("vrbo", "Réservée - M & Mme", R, None),
        ("vrbo", "Indisponible", B, Reason.OWNER),
        ("vrbo", "NO ESTÁ DISPONIBLE ", B, Reason.OWNER),
        ("vrbo", "Provisoire - Erin", B, Reason.TENTATIVE),
        ("vrbo", "Tentative - Carol", B, Reason.TENTATIVE),
        ("vrbo", "Peter Block", R, None),
        ("expedia", "Reserved on Expedia", R, None),
        ("expedia", "Unavailable on Expedia", B, Reason.OWNER),
        ("tripadvisor", "Tripadvisor booking: Guest Example", R, None),
        ("lodgify", "Closed Period", B, Reason.OWNER),
        ("lodgify", "Guest Example", R, None),
        ("beds24", "Guest Example", R, None),
        ("housetrip", "HouseTrip: NEW! Neutral apartment Unavailable", B, Reason.OWNER),
        ("google", "Family is here", B, Reason.OWNER),
        ("google", "Reserved: Anna", R, None),
        ("google", "[airbnb] Gebucht", R, None),
        ("other", "307 6/8~6/16", B, Reason.UNKNOWN),
        ("other", "", B, Reason.UNKNOWN),
        ("other", "Blocked", B, Reason.OWNER),
        ("other", "PRENOTATO da Zoë", R, None),
        ("other", "PENDING", B, Reason.TENTATIVE),
        ("hostaway", "Anna 2 guests", B, Reason.UNKNOWN),
        ("a_word_nobody_knows", "Reserved", R, None),
    ],
)
def test_words_decide_the_kind(
    channel: str, summary: str, kind: Kind, reason: Reason | None
) -> None:
    """Accents and case apart; a tag in front is skipped; family names close nothing."""
    claim = only(entry(20, 25, summary, uid="x"), channel=channel)
    assert (claim.kind, claim.reason) == (kind, reason)
    assert claim.rule.partition(".")[0] == claim.provider == profile_of(channel).key


def test_a_link_to_a_reservation_makes_a_reservation() -> None:
    """Whatever the summary says (the repair of R9)."""
    description = "Neutral flat https://www.wimdu.es/user/reservations/TEST"
    claim = only(entry(summary="Unavailable", description=description), channel="other")
    assert (claim.kind, claim.rule) == (R, "other.link")


def test_a_tentative_status_makes_a_tentative_block() -> None:
    """A request closes nights, and is no reservation yet."""
    claim = only(entry(status="TENTATIVE"), channel="apple")
    assert (claim.kind, claim.reason) == (B, Reason.TENTATIVE)


def test_a_canceled_entry_is_a_claim_that_is_not_live() -> None:
    """R7: canceled at once; R11: departed yesterday is past."""
    claim = only(entry(status="CANCELLED"))
    assert claim.canceled
    assert not is_live(claim, TODAY)
    assert is_live(only(entry(-3, 0)), TODAY)
    assert not is_live(only(entry(-3, -1)), TODAY)


@pytest.mark.parametrize(
    ("nights", "away", "kind"),
    [(30, 10, R), (31, 10, B), (5, 474, R), (5, 475, B)],
)
def test_booking_com_closures_are_told_apart_by_convention(
    nights: int, away: int, kind: Kind
) -> None:
    """Longer than 30 nights, or ending 480 or more days after the fetch: a block (R9)."""
    claim = only(entry(away, away + nights, "CLOSED - Not available"), channel="booking_com")
    assert claim.kind is kind
    assert claim.identity is Identity.NIGHTS
    assert not claim.worded


@pytest.mark.parametrize(
    ("channel", "made", "identity", "key"),
    [
        (
            "airbnb",
            {"description": f"URL: {DETAILS}HMTEST0001\nx"},
            "key",
            "HMTEST0001",
        ),
        (
            "airbnb",
            {"description": f"{ITINERARY}HMTEST9002"},
            "key",
            "HMTEST9002",
        ),
        ("airbnb", {"summary": "Guest Example (HMTEST9001)"}, "key", "HMTEST9001"),
        ("airbnb", {}, "key", None),
        ("airbnb", {"summary": "Airbnb (Not available)"}, "hint", None),
        ("beds24", {"uid": "20261230140000-b74872811@beds24.com"}, "key", "74872811"),
        ("guesty", {"summary": "Reservation VRB-HA-TEST01"}, "key", "VRB-HA-TEST01"),
        ("vrbo", {}, "hint", None),
        ("lodgify", {}, "none", None),
        ("tripadvisor", {}, "none", None),
        ("google", {}, "key", None),
        ("google", {"uid": ""}, "none", None),
        ("booking_com", {"uid": "", "summary": "CLOSED - Not available"}, "nights", None),
    ],
)
def test_a_uid_is_worth_what_its_provider_makes_of_it(
    channel: str, made: dict[str, str], identity: str, key: str | None
) -> None:
    """Codes and booking numbers are keys; what rotates or is shared is none."""
    summary, uid = made.get("summary", "Reserved"), made.get("uid")
    claim = only(
        entry(20, 25, summary, uid=uid, description=made.get("description", "")), channel=channel
    )
    assert (claim.identity, claim.key) == (Identity(identity), key)
    assert claim.uid


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("an", Reason.RULE_NOTICE),
        ("bw", Reason.RULE_WINDOW),
        ("bd", Reason.RULE_WINDOW),
        ("a", Reason.RULE_PREPARATION),
        ("b", Reason.RULE_PREPARATION),
        ("m", Reason.OWNER),
        ("sr", Reason.OWNER),
    ],
)
def test_guestys_tags_name_the_rule(tag: str, reason: Reason) -> None:
    """Its rule blocks look like owner blocks but for the tag in the UID."""
    uid = f"5f02_{tag}_2026-12-06_2026-12-06@guesty.com_x="
    claim = only(entry(summary="Blocked By Guesty", uid=uid), channel=None)
    assert (claim.provider, claim.reason) == ("guesty", reason)


def test_smoobus_markers_are_no_claims() -> None:
    """Of three entries a stay, one is the stay."""
    shown = snapshot(
        entry(10, 11, "Check-in Guest Example", uid="in"),
        entry(10, 14, "Guest Example (Airbnb)", uid="stay"),
        entry(14, 15, "Check-out Guest Example", uid="out"),
        channel="smoobu",
    )
    assert [claim.uid for claim in shown.claims] == ["stay"]
    assert {one.why for one in shown.skipped} == {"check-in/check-out marker"}


def test_a_reservation_of_over_a_year_is_kept_as_a_block_and_told() -> None:
    """366 nights are a stay, 367 are none."""
    assert only(entry(1, 367)).kind is R
    shown = snapshot(entry(1, 368))
    assert (shown.claims[0].kind, shown.claims[0].reason) == (B, Reason.UNKNOWN)
    assert "367 nights" in shown.warnings[0]


@pytest.mark.parametrize(
    ("uid", "prodid", "host", "channel", "provider"),
    [
        ("1@airbnb.com", "-//Google Inc//", "ical.booking.com", "vrbo", "airbnb"),
        ("1000-1418fb94e984-2b@airbnb.com", "", None, None, "airbnb"),
        ("5f_bw_2027-09-02_2028-12-06@guesty.com_x=", "", None, None, "guesty"),
        ("1@me", "-//HomeAway.com, Inc.//EN", "ical.booking.com", "airbnb", "vrbo"),
        ("1@me", "x", "ical.booking.com", "airbnb", "booking_com"),
        ("1@me", "x", "www.airbnb.co.uk", None, "airbnb"),
        ("1@me", "x", "notairbnb.com", None, "other"),
        ("1@notairbnb.com", "", None, "other", "other"),
        ("1@me", "x", None, "agoda", "agoda"),
        ("", "", None, None, "other"),
        ("1@airbnb.com@me", "", None, "direct", "direct"),
    ],
)
def test_the_provider_is_named_by_uid_then_prodid_then_host_then_channel(
    uid: str, prodid: str, host: str | None, channel: str | None, provider: str
) -> None:
    """R10, entry by entry."""
    assert provider_of(uid, prodid, host, channel).key == provider


def test_a_mixed_feed_is_a_hubs() -> None:
    """And an empty one is its channel's."""
    mixed = snapshot(entry(uid="1@airbnb.com"), entry(20, 21, "CLOSED", uid="2@booking.com"))
    assert provider_name(mixed.claims, "other", None) == "hub"
    assert "several providers" in mixed.warnings[0]
    assert provider_name((), "vrbo", None) == "vrbo"


def test_every_channel_of_the_config_has_its_profile() -> None:
    """docs/config.md; nothing is known of what any of them does with imported nights."""
    named = (
        "airbnb booking_com vrbo expedia agoda tripadvisor google outlook apple hostaway smoobu "
        "lodgify hospitable guesty ownerrez beds24 houfy plum_guide holidu hipcamp direct other"
    )
    assert frozenset(named.split()) == CHANNELS
    assert len({profile.key for profile in PROFILES}) == len(PROFILES)
    assert all(one.subtracts is None and one.goes_on_showing is None for one in PROFILES)
    assert profile_of("booking_com").release.absences == 3


def test_occurrences_of_one_uid_have_uids_of_their_own() -> None:
    """Named by the day that the rule gives them, so that a moved one stays itself."""
    shown = snapshot(
        entry(10, 11, uid="w@google.com", recurs=True, instance=day(10)),
        entry(18, 19, uid="w@google.com", recurs=True, instance=day(17)),
        channel="google",
    )
    assert [one.uid for one in shown.claims] == ["w@google.com/20261204", "w@google.com/20261211"]
    assert {one.identity for one in shown.claims} == {Identity.KEY}
