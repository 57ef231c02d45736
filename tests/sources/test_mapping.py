"""How a document of any system becomes a booking, by a layout of paths and words."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vacancy.domain.claims import Kind, Reason, Skipped
from vacancy.domain.nights import Nights
from vacancy.sources.mapping import Layout, listing, read, together
from vacancy.sources.port import Listing, Money, RemoteBooking, RemoteGuest

STAY = "stay_01j9zqk3v4m5n6p7q8r9s0t1v2"
WANTED = {"7": "Europe/Rome"}
SINCE = date(2027, 1, 10)

LAYOUT = Layout(
    rule="example",
    property_id=("property_id", "room.id"),
    arrival=("arrival", "check_in", "start"),
    departure=("departure", "check_out", "end"),
    count=("nights",),
    kind=("type",),
    default=Kind.RESERVATION,
    one_day=True,
    channel=("channel",),
    code=("confirmation_code",),
    ours=("external_id", "notes"),
    name=("guest.name", "guest.first_name guest.last_name", "guests.0.name"),
    email=("guest.email",),
    adults=("adults",),
    notes=("notes",),
    amount=("amount", "total.amount"),
    currency=("currency", "total.currency"),
    updated=("updated_at",),
)

EXAMPLES = 2000 if os.environ.get("VACANCY_PROOF") else 150


def document(**more: Any) -> dict[str, Any]:
    plain = {"id": 12, "property_id": 7, "arrival": "2027-02-03", "departure": "2027-02-05"}
    return {name: told for name, told in {**plain, **more}.items() if told is not None}


def booking(**more: Any) -> RemoteBooking:
    found = read(LAYOUT, document(**more), WANTED)
    assert isinstance(found, RemoteBooking), found
    return found


def nights(first: int, last: int) -> Nights:
    return Nights(date(2027, 2, first), date(2027, 2, last))


def test_the_least_document_is_a_booking() -> None:
    """An id, a property and two dates; numbers serve as ids."""
    assert booking() == RemoteBooking("12", "7", nights(3, 5), Kind.RESERVATION, "example.booking")


def test_everything_that_a_document_says_is_read() -> None:
    """Guest, money, channel, code, and when it last changed."""
    found = booking(
        channel="Airbnb",
        confirmation_code="HMABCDEFGH",
        guest={"first_name": "Ada", "last_name": "Ebner", "email": "ada@guests.example"},
        adults="2",
        notes=f"late,\n Vacancy {STAY}",
        total={"amount": "1,420.50", "currency": "eur"},
        updated_at="2027-01-09T10:00:00+01:00",
    )
    assert (found.channel, found.code, found.ours) == ("airbnb", "HMABCDEFGH", STAY)
    assert found.guest == RemoteGuest(
        "Ada Ebner", "ada@guests.example", adults=2, notes=f"late, Vacancy {STAY}"
    )
    assert found.money == Money(Decimal("1420.50"), "EUR")
    assert found.updated_at == datetime(2027, 1, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2027-02-03T16:00:00+01:00", "2027-02-05T11:00:00+01:00", nights(3, 5)),
        ("2027-02-03T23:30:00Z", "2027-02-05T10:00:00Z", nights(4, 5)),
        ("2027-02-03T16:00:00", "2027-02-05T11:00:00", nights(3, 5)),
        ("2027-02-03 16:00", "2027-02-05 11:00", nights(3, 5)),
        ("2027-02-03T00:00:00.000Z", "2027-02-05T00:00:00.000Z", nights(3, 5)),
        ("2027-02-03T00:00:00", "2027-02-04T23:59:59", nights(3, 5)),
        (1801666800, 1801821600, nights(3, 5)),
        (1801666800000, 1801821600000, nights(3, 5)),
        ("2027-02-03", "2027-02-03", nights(3, 4)),
    ],
)
def test_days_and_instants_become_nights(first: Any, last: Any, expected: Nights) -> None:
    """In the property's zone; midnights in UTC are days; an end of a day holds its night."""
    assert booking(arrival=first, departure=last).nights == expected


def test_whole_days_written_as_instants_stay_those_days_west_of_greenwich() -> None:
    """In New York midnight UTC is the evening before: no night may slip by one."""
    told = document(arrival="2027-02-03T00:00:00Z", departure="2027-02-05T00:00:00Z")
    found = read(LAYOUT, told, {"7": "America/New_York"})
    assert isinstance(found, RemoteBooking)
    assert found.nights == nights(3, 5)


def test_nights_are_counted_where_no_departure_is_named() -> None:
    """From the arrival on."""
    assert booking(departure=None, nights=2).nights == nights(3, 5)


def test_names_are_found_however_they_are_spelled() -> None:
    """camelCase, snake_case, and the second name where the first is absent or empty."""
    told = {"ID": "b1", "propertyId": "7", "arrival": "", "checkIn": "2027-02-03"}
    found = read(LAYOUT, {**told, "Check-Out": "2027-02-05"}, WANTED)
    assert isinstance(found, RemoteBooking)
    assert (found.remote_id, found.nights) == ("b1", nights(3, 5))


@pytest.mark.parametrize(
    ("status", "kind", "reason", "canceled"),
    [
        ("confirmed", Kind.RESERVATION, None, False),
        (None, Kind.RESERVATION, None, False),
        ("a word of theirs", Kind.RESERVATION, None, False),
        ("Cancelled", Kind.RESERVATION, None, True),
        ("CANCELED_BY_GUEST", Kind.RESERVATION, None, True),
        ("pending", Kind.BLOCK, Reason.TENTATIVE, False),
        ("On hold", Kind.BLOCK, Reason.TENTATIVE, False),
    ],
)
def test_a_status_says_whether_nights_are_held(
    status: str | None, kind: Kind, reason: Reason | None, canceled: bool
) -> None:
    """What is asked for closes them as a block; a word that nobody knows frees nothing."""
    found = booking(status=status)
    assert (found.kind, found.reason, found.canceled) == (kind, reason, canceled)


@pytest.mark.parametrize(
    ("word", "kind", "reason"),
    [
        ("imported stay", Kind.RESERVATION, None),
        ("Blocked", Kind.BLOCK, Reason.OWNER),
        ("maintenance", Kind.BLOCK, Reason.OWNER),
        ("never heard", Kind.RESERVATION, None),
    ],
)
def test_a_word_says_what_kind_it_is(word: str, kind: Kind, reason: Reason | None) -> None:
    """Where it is not known, the listing's own kind stands."""
    found = booking(type=word)
    assert (found.kind, found.reason) == (kind, reason)


def test_what_cannot_be_told_apart_is_a_block_of_unknown_reason() -> None:
    """A system that lists all sorts closes its nights and claims no guest."""
    mixed = Layout(
        rule="x", arrival=("arrival",), departure=("departure",), property_id=("property_id",)
    )
    found = read(mixed, document(), WANTED)
    assert isinstance(found, RemoteBooking)
    assert (found.kind, found.reason, found.rule) == (Kind.BLOCK, Reason.UNKNOWN, "x.unknown")


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("Booking.com", "booking_com"),
        ("HomeAway", "vrbo"),
        ("direct", None),
        (None, None),
        ("Traum-Ferienwohnungen", "traum_ferienwohnungen"),
    ],
)
def test_where_it_was_sold_is_named_in_the_houses_words(
    word: str | None, channel: str | None
) -> None:
    """The system's own sales have no channel; one that nobody knows keeps its name."""
    assert booking(channel=word).channel == channel


@pytest.mark.parametrize(
    ("more", "why", "unreadable"),
    [
        ({"arrival": None}, "no dates", True),
        ({"arrival": "soon"}, "cannot be read", True),
        ({"arrival": "2027-02-30"}, "cannot be read", True),
        ({"departure": "2027-02-01"}, "ends before", True),
        ({"departure": "2027-02-03T20:00:00", "arrival": "2027-02-03T18:00:00"}, "no night", False),
        ({"id": None}, "no id", True),
        ({"property_id": None}, "not named", True),
    ],
)
def test_what_cannot_be_read_is_told_and_not_dropped(
    more: dict[str, Any], why: str, unreadable: bool
) -> None:
    """Whether it is listed without telling when, or takes no night, is told apart."""
    found = read(LAYOUT, document(**more), WANTED)
    assert isinstance(found, Skipped)
    assert why in found.why
    assert found.unreadable is unreadable


def test_a_booking_over_a_year_is_kept_as_a_block_and_told() -> None:
    """As an iCal entry of that length is."""
    found = listing(LAYOUT, [document(departure="2028-02-05")], WANTED, SINCE)
    assert (found.bookings[0].kind, found.bookings[0].reason) == (Kind.BLOCK, Reason.UNKNOWN)
    assert "longer than a year" in found.warnings[0]


def test_a_listing_is_of_the_properties_wanted_and_of_what_is_not_over() -> None:
    """Others are passed over without a word; `at` names the property where documents do not."""
    told = [
        document(),
        document(id=13, property_id="8"),
        document(id=14, arrival="2027-01-05", departure="2027-01-10"),
        document(id=15, arrival="soon"),
    ]
    found = listing(LAYOUT, told, WANTED, SINCE)
    assert [one.remote_id for one in found.bookings] == ["12"]
    assert [one.uid for one in found.skipped] == ["15"]
    bare = [document(property_id=None)]
    assert len(listing(LAYOUT, bare, WANTED, SINCE, at="7").bookings) == 1


def test_listings_are_put_together() -> None:
    """Bookings and blocks that a system lists apart are one snapshot."""
    one = Listing((booking(),), cursor="a", warnings=("w",))
    two = Listing((booking(id=13),), skipped=(Skipped("14", "why"),))
    assert together(one, two) == Listing(
        (booking(), booking(id=13)), "a", (Skipped("14", "why"),), ("w",)
    )


def test_money_needs_both_halves() -> None:
    """An amount without a currency, or written as nobody can tell, is none."""
    assert booking(amount="620.00").money is None
    assert booking(amount="620,00", currency="EUR").money is None
    assert booking(amount="-1", currency="EUR").money is None
    assert booking(amount=Decimal("620.10"), currency="EUR").money == Money(
        Decimal("620.10"), "EUR"
    )


def test_no_text_can_lead_a_terminal_astray() -> None:
    """What a guest wrote into a form is one line of printable letters."""
    found = booking(guest={"name": "Ada\x1b[31m\n Eb\u202ener" + "x" * 500})
    assert found.guest is not None
    assert found.guest.name is not None
    assert found.guest.name.isprintable()
    assert len(found.guest.name) <= 200


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=30)
    | st.sampled_from(["2027-02-03", "2027-02-05T10:00:00Z", "9999-12-31", "0001-01-01", "7"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "property_id", "arrival", "departure", "guest", "status", "nights"]
            ),
            inner,
            max_size=7,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(ANYTHING)
def test_no_document_breaks_the_reader(told: Any) -> None:
    """Whatever is listed becomes a booking, is skipped with a reason, or is somebody else's."""
    found = read(LAYOUT, told, WANTED)
    if isinstance(found, Skipped):
        assert found.why
    elif found is not None:
        assert found.property_id == "7"
        assert (found.reason is None) == (found.kind is Kind.RESERVATION)
