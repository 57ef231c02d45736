"""A booking system beside feeds, in a whole house: what it lists, and who is who."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from calendars import airbnb, calendar
from flows.house import UNIT, HouseUnderTest, house
from sources.imagined import KIND, Imagined, known
from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.services import details
from vacancy.sources.port import Money, RemoteGuest, SourceFailed
from vacancy.store import sources

MAPPED = f"""
[[sources]]
kind = "{KIND}"
key = "secret-key-of-the-host"
units = {{ "101" = "{UNIT}" }}
"""
SOURCE = f"{UNIT}/{KIND}"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imagined]:
    with known(monkeypatch) as account:
        yield account


@pytest.fixture
def home(tmp_path: Path, system: Imagined) -> Iterator[HouseUnderTest]:
    """A unit that is read over a feed and from the system."""
    del system
    with house(tmp_path) as opened:
        opened.says("airbnb", calendar())
        opened.declare({"airbnb": ""}, MAPPED)
        opened.apply()
        yield opened


def outcome(home: HouseUnderTest, **later: float) -> str:
    """The source is polled: how that ended."""
    (polled,) = home.poll(SOURCE, **later).polls
    return polled.finished.outcome


def guests(home: HouseUnderTest) -> list[dict[str, Any]]:
    with home.store.read() as session:
        return details.dress(session, home.bookings(), home.vault)


def triggered(home: HouseUnderTest) -> None:
    """A webhook came in."""
    with home.store.write() as session:
        (row,) = sources.of_account(session, _account(home))
        sources.trigger(session, row.id, home.clock.now())


def _account(home: HouseUnderTest) -> str:
    with home.store.read() as session:
        from vacancy.store import accounts

        return accounts.the_account(session).id


def test_a_first_import(home: HouseUnderTest, system: Imagined) -> None:
    """Bookings and blocks of the mapped property close their nights; no other property's do."""
    system.add("2027-02-01", "2027-02-05", channel="airbnb", code="HMABC")
    system.block("2027-02-10", "2027-02-12")
    system.add("2027-02-01", "2027-02-05", property_id="102")
    polls = {polled.due.key: polled.finished.outcome for polled in home.step(minutes=1).polls}
    assert polls[KIND] == "fresh"
    assert home.held() == [
        ("reservation", "2027-02-01", "2027-02-05"),
        ("block", "2027-02-10", "2027-02-12"),
    ]
    sold, block = home.bookings()
    assert (sold["channel"], sold["reservation_code"]) == ("airbnb", "HMABC")
    assert block["channel"] == KIND


def test_a_listing_that_says_the_same_decides_nothing(
    home: HouseUnderTest, system: Imagined
) -> None:
    """The second is unchanged, and writes the time of the poll alone."""
    system.add("2027-02-01", "2027-02-05")
    assert outcome(home) == "fresh"
    before = len(home.events())
    assert outcome(home, minutes=15) == "unchanged"
    assert outcome(home, minutes=15) == "unchanged"
    assert len(home.events()) == before


def test_a_change_a_cancellation_and_one_that_vanishes(
    home: HouseUnderTest, system: Imagined
) -> None:
    """New dates are one move; canceled frees at once; what vanishes is missed for its time."""
    moved = system.add("2027-02-01", "2027-02-05")
    canceled = system.add("2027-03-01", "2027-03-05")
    vanishing = system.add("2027-04-01", "2027-04-05")
    outcome(home)
    system.keep(moved, nights=Nights(moved.nights.arrival, moved.nights.departure.replace(day=7)))
    system.keep(canceled, canceled=True)
    system.drop(vanishing)
    outcome(home, minutes=15)
    assert home.held() == [
        ("reservation", "2027-02-01", "2027-02-07"),
        ("reservation", "2027-04-01", "2027-04-05"),
    ]
    outcome(home, minutes=61)
    assert home.held() == [("reservation", "2027-02-01", "2027-02-07")]
    assert len(home.events("booking.canceled")) == 2


@pytest.mark.parametrize("reason", ["http_500", "bad_json", "rate_limited", "timeout"])
def test_a_listing_that_fails_changes_nothing_anywhere(
    home: HouseUnderTest, system: Imagined, reason: str
) -> None:
    """It backs off, says why, and the nights stay as they were."""
    system.add("2027-02-01", "2027-02-05")
    outcome(home)
    system.bookings.clear()
    system.down = SourceFailed(reason, "The system is not well.", timedelta(hours=2))
    assert outcome(home, minutes=15) == "failed"
    assert home.held() == [("reservation", "2027-02-01", "2027-02-05")]
    asked = len(system.asked)
    home.step(minutes=90)
    assert len(system.asked) == asked
    home.step(minutes=31)
    assert len(system.asked) == asked + 1


def test_what_the_adapter_trips_over_fails_the_source_alone(
    home: HouseUnderTest, system: Imagined
) -> None:
    """A fault of ours is told as one, and the feeds go on."""
    system.down = RuntimeError("a bug")  # type: ignore[assignment]
    home.says("airbnb", calendar(airbnb("A1", "2027-02-01", "2027-02-05")))
    polls = {polled.due.key: polled.finished for polled in home.step(minutes=1).polls}
    assert (polls[KIND].outcome, polls[KIND].reason) == ("failed", "fault")
    assert polls["airbnb"].outcome == "fresh"


def test_many_that_vanish_at_once_are_held(home: HouseUnderTest, system: Imagined) -> None:
    """A listing is doubted like a calendar."""
    for day in range(1, 20, 4):
        system.add(f"2027-05-{day:02}", f"2027-05-{day + 3:02}")
    outcome(home)
    system.bookings.clear()
    assert outcome(home, minutes=15) == "suspicious"
    assert len(home.held()) == 5
    assert len(home.events("feed.suspicious")) == 1


def test_one_booking_by_feed_and_by_source_is_one_stay(
    home: HouseUnderTest, system: Imagined
) -> None:
    """Airbnb lists it, then the system does: the source wins, and nothing clashes."""
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-05")))
    before = home.bookings()[0]["id"]
    guest = RemoteGuest("Ada Lovelace", "ada@example.com", adults=2)
    money = Money(Decimal("450.00"), "EUR")
    nights = ("2027-02-01", "2027-02-05")
    system.add(*nights, channel="airbnb", code="HM000000A1", guest=guest, money=money)
    outcome(home, minutes=5)
    (stay,) = guests(home)
    assert stay["id"] == before
    assert stay["guest"]["name"] == "Ada Lovelace"
    assert stay["price"] == {"amount": "450.00", "currency": "EUR"}
    assert home.conflicts() == []
    assert len(stay["uids"]) == 2


def test_the_source_decides_the_nights_of_a_booking_that_a_feed_lags_with(
    home: HouseUnderTest, system: Imagined
) -> None:
    """A booking is moved in the system; Airbnb's calendar shows the old dates for a while."""
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-05")))
    booking = system.add("2027-02-01", "2027-02-05", channel="airbnb", code="HM000000A1")
    outcome(home, minutes=5)
    nights = Nights(booking.nights.arrival, booking.nights.departure.replace(day=8))
    system.keep(booking, nights=nights)
    outcome(home, minutes=15)
    assert home.held() == [("reservation", "2027-02-01", "2027-02-08")]
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-08")), minutes=15)
    assert home.held() == [("reservation", "2027-02-01", "2027-02-08")]
    assert home.conflicts() == []


def test_when_the_source_goes_the_stay_stands_on_its_feed(
    home: HouseUnderTest, system: Imagined
) -> None:
    """Taken out of the config: no stay moves, and the feed decides from then on."""
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-05")))
    system.add("2027-02-01", "2027-02-05", channel="airbnb", code="HM000000A1")
    outcome(home, minutes=5)
    (before,) = home.bookings()
    home.declare({"airbnb": ""})
    home.apply()
    home.poll(minutes=15)
    assert home.held() == [("reservation", "2027-02-01", "2027-02-05")]
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-04")), minutes=15)
    (after,) = home.bookings()
    assert (after["id"], after["departure"]) == (before["id"], "2027-02-04")


def test_a_double_booking_between_source_and_feed_is_told(
    home: HouseUnderTest, system: Imagined
) -> None:
    """Other nights and another channel are another booking."""
    home.polled(calendar(airbnb("A1", "2027-02-01", "2027-02-05")))
    system.add("2027-02-03", "2027-02-07", channel="booking_com", code="123")
    outcome(home, minutes=5)
    (conflict,) = home.conflicts()
    assert conflict["kind"] == "double_booking"


def test_details_that_a_person_entered_stay(home: HouseUnderTest, system: Imagined) -> None:
    """The source fills what is empty, follows its own changes, and blanks out nothing."""
    guest = RemoteGuest("Ada", phone="+39 1")
    booking = system.add("2027-02-01", "2027-02-05", guest=guest)
    outcome(home)
    (stay,) = home.bookings()
    with home.store.write() as session:
        owner = (_account(home), stay["id"])
        details.put_guest(session, owner, {"phone": "+39 2"}, home.vault, home.at())
    system.keep(booking, guest=RemoteGuest("Ada Lovelace", "ada@example.com", "+39 3"))
    outcome(home, minutes=15)
    system.keep(booking, guest=None)
    outcome(home, minutes=15)
    (told,) = guests(home)
    assert told["guest"]["name"] == "Ada Lovelace"
    assert told["guest"]["email"] == "ada@example.com"
    assert told["guest"]["phone"] == "+39 2"
    assert home.events("booking.updated")[-1]["data"]["changed"] == ["guest"]
    assert "Ada" not in str(home.events())


def test_a_webhook_reads_what_changed_and_adds_it(home: HouseUnderTest, system: Imagined) -> None:
    """A new booking is in at once; what the changes lack is neither missing nor seen."""
    system.add("2027-02-01", "2027-02-05")
    outcome(home)
    system.add("2027-03-01", "2027-03-05")
    triggered(home)
    home.step(seconds=30)
    assert system.asked[-1] == "changes"
    assert len(home.held()) == 2


def test_changes_release_nothing_until_the_whole_is_read(
    home: HouseUnderTest, system: Imagined
) -> None:
    """A cancellation among the changes has the whole listing read at once, which frees."""
    booking = system.add("2027-02-01", "2027-02-05")
    outcome(home)
    system.keep(booking, canceled=True)
    triggered(home)
    home.step(seconds=30)
    assert system.asked[-2:] == ["changes", "all"]
    assert home.held() == []


def test_webhooks_that_repeat_ask_once(home: HouseUnderTest, system: Imagined) -> None:
    """However many come, the source is asked once in a while."""
    outcome(home)
    asked = len(system.asked)
    for _ in range(20):
        triggered(home)
    home.step(seconds=11)
    home.step()
    assert len(system.asked) == asked + 1


def test_two_systems_may_count_their_bookings_alike(home: HouseUnderTest, system: Imagined) -> None:
    """A UID names its system: the same number elsewhere is another booking."""
    system.add("2027-02-01", "2027-02-05", remote_id="7")
    outcome(home)
    assert home.bookings()[0]["uids"] == [f"7@{KIND}"]


def test_what_cannot_be_read_is_no_absence(home: HouseUnderTest, system: Imagined) -> None:
    """A block too long to be a stay closes its nights all the same."""
    system.add("2027-02-01", "2028-06-01")
    outcome(home)
    assert home.held() == [("block", "2027-02-01", "2028-06-01")]
    assert home.bookings()[0]["kind"] == Kind.BLOCK
