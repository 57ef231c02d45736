"""Stayer: what is read of its lists, whatever they look like, and what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.house import TurnedClock
from sources.calling import answer, wire
from sources.opened import opened
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import Simulated, Sold
from vacancy.simulator.systems.stayer import Stayer as Books
from vacancy.sources.port import Listing, Money, Push, RemoteGuest, RemoteProperty, SourceFailed
from vacancy.sources.stayer import Stayer

pytestmark = pytest.mark.anyio

SINCE = date(2027, 1, 10)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))
STAY_ID = "stay_01jh0000000000000000000000"


class Account:
    """One simulated account and the adapter that asks it."""

    def __init__(self, web: Simulated, books: Books, adapter: Stayer) -> None:
        self.web, self.books, self.adapter = web, books, adapter
        self.home = next(iter(books.properties))

    async def all(self) -> Listing:
        return await self.adapter.list_all({self.home: "Europe/Lisbon"}, SINCE)

    def push(self, nights: Nights = STAY, remote_id: str | None = None, **more: Any) -> Push:
        return Push(
            STAY_ID, self.home, nights, Kind.RESERVATION, "attempt-1", remote_id=remote_id, **more
        )


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    books = Books(TurnedClock())
    async with opened(books, books.key) as (web, asked):
        yield Account(web, books, Stayer(asked))


async def failing(doing: Any) -> SourceFailed:
    """How something fails."""
    with pytest.raises(SourceFailed) as failed:
        await doing
    return failed.value


async def test_properties_are_listed_with_their_zones(account: Account) -> None:
    """What the host maps units to."""
    found = await account.adapter.properties()
    assert found[0] == RemoteProperty(account.home, "Casa Azul", "Europe/Lisbon", 4)
    assert [one.name for one in found] == ["Casa Azul", "Loft Mitte"]


async def test_units_of_a_property_are_listed_too(account: Account) -> None:
    """A booking counts for the unit where a unit is mapped, else for the property."""
    account.books.properties[account.home]["units"] = [{"id": "u1", "name": "Upstairs"}]
    found = await account.adapter.properties()
    assert found[1] == RemoteProperty("u1", "Casa Azul, Upstairs", "Europe/Lisbon")
    made = account.books.add(Sold(account.home, STAY))
    account.books.bookings[made]["unitId"] = "u1"
    for place in ("u1", account.home):
        read = await account.adapter.list_all({place: "Europe/Lisbon"}, SINCE)
        assert [one.property_id for one in read.bookings] == [place]
    assert (await account.adapter.list_all({"other": "Europe/Lisbon"}, SINCE)) == Listing(())


async def test_each_kind_is_read_as_what_it_is(account: Account) -> None:
    """A booking, an imported stay with its channel and code, blocked dates; no checkout events."""
    own = account.books.add(Sold(account.home, STAY))
    sold = Sold(account.home, LATER, channel="Airbnb", code="HMABCDEF12")
    account.books.add(sold)
    account.books.block(account.home, Nights(date(2027, 3, 1), date(2027, 3, 4)))
    account.books.check_out(own)
    read = await account.all()
    booking, imported, block = read.bookings
    assert (booking.remote_id, booking.kind, booking.channel) == (own, Kind.RESERVATION, None)
    assert booking.guest == RemoteGuest(sold.guest, sold.email, sold.phone, 2, 0)
    assert booking.money == Money(Decimal("420.00"), "EUR")
    assert (imported.channel, imported.code) == ("airbnb", "HMABCDEF12")
    assert (block.kind, block.reason) == (Kind.BLOCK, Reason.OWNER)
    assert [one.unreadable for one in read.skipped] == [False]


async def test_what_is_canceled_is_listed_and_holds_nothing(account: Account) -> None:
    """The system's word, at once."""
    account.books.cancel(account.books.add(Sold(account.home, STAY)))
    assert [one.canceled for one in (await account.all()).bookings] == [True]


async def test_what_has_departed_is_left_out(account: Account) -> None:
    """No filter is named in the document, so all is read and what is over is dropped here."""
    account.books.add(Sold(account.home, Nights(SINCE - timedelta(days=3), SINCE)))
    kept = account.books.add(Sold(account.home, Nights(SINCE, SINCE + timedelta(days=1))))
    assert [one.remote_id for one in (await account.all()).bookings] == [kept]


async def test_three_pages_are_read(account: Account) -> None:
    """All of them, in order, whatever a page holds at most."""
    made = [
        account.books.add(Sold(account.home, Nights(day, day + timedelta(days=1))))
        for day in (SINCE + timedelta(days=at) for at in range(250))
    ]
    assert [one.remote_id for one in (await account.all()).bookings] == made
    assert [asked.query["page"] for asked in account.web.asked] == ["1", "2", "3"]


async def test_a_list_without_wrapping_or_counts_is_read(account: Account) -> None:
    """Other names, other shapes: a bare list, flat guests, a count of nights."""
    listed = [
        {
            "booking_id": 7,
            "property_id": account.home,
            "arrival_date": "2027-02-03",
            "nights": 3,
            "guest_name": "Ada Ebner",
            "total_price": 420,
            "currency": "eur",
            "channel": "Booking.com",
        }
    ]
    asked, pretend = wire(answer(listed), answer(listed), answer([]))
    read = await Stayer(asked).list_all({account.home: "Europe/Lisbon"}, SINCE)
    (one,) = read.bookings
    assert (one.remote_id, one.nights, one.channel) == ("7", STAY, "booking_com")
    assert one.guest == RemoteGuest("Ada Ebner")
    assert one.money == Money(Decimal(420), "EUR")
    assert len(pretend.sent) == 2


async def test_what_cannot_be_read_is_told(account: Account) -> None:
    """A booking without dates, or without a property, is not silently free."""
    made = account.books.add(Sold(account.home, STAY))
    account.books.bookings[made]["checkIn"] = "soon"
    other = account.books.add(Sold(account.home, LATER))
    del account.books.bookings[other]["propertyId"]
    read = await account.all()
    assert {one.uid for one in read.skipped if one.unreadable} == {made, other}


async def test_a_stay_of_ours_is_made_once_and_comes_back_as_ours(account: Account) -> None:
    """The answer is lost after it was made: the next try finds it, and makes no second one."""
    account.web.spoil("error", route="POST /v1/bookings")
    guest = RemoteGuest("Ada Ebner", adults=2)
    push = account.push(guest=guest, money=Money(Decimal("99.50"), "EUR"))
    assert (await failing(account.adapter.push_booking(push))).reason == "http_500"
    made = await account.adapter.push_booking(push)
    (echo,) = (await account.all()).bookings
    assert (echo.remote_id, echo.ours, echo.nights) == (made, STAY_ID, STAY)
    assert (echo.channel, echo.guest) == (None, guest)
    assert echo.money == push.money


async def test_a_stay_of_ours_is_moved_in_place_and_canceled(account: Account) -> None:
    """Under the same id; what is gone already is fine."""
    made = await account.adapter.push_booking(account.push())
    assert await account.adapter.push_booking(account.push(LATER, made)) == made
    (moved,) = (await account.all()).bookings
    assert (moved.remote_id, moved.nights) == (made, LATER)
    await account.adapter.withdraw(account.push(LATER, made))
    assert [one.canceled for one in (await account.all()).bookings] == [True]
    account.books.drop(made)
    await account.adapter.withdraw(account.push(LATER, made))
    await account.adapter.withdraw(account.push(LATER))
    anew = await account.adapter.push_booking(account.push(LATER, made))
    assert [one.remote_id for one in (await account.all()).bookings] == [anew]


async def test_nights_that_are_taken_are_refused(account: Account) -> None:
    """An availability conflict, in the system's own words."""
    account.books.block(account.home, STAY)
    failed = await failing(account.adapter.push_booking(account.push()))
    assert failed.reason == "refused"
    assert "These dates are not available" in failed.text


async def test_a_cancellation_that_did_not_happen_is_told(account: Account) -> None:
    """A system that answers well and cancels nothing leaves work for the host."""
    asked, _ = wire(answer({"data": {"id": "bk_1", "status": "confirmed"}}))
    failed = await failing(Stayer(asked).withdraw(account.push(remote_id="bk_1")))
    assert failed.reason == "refused"
    assert "by hand" in failed.text


async def test_blocks_are_not_pushed(account: Account) -> None:
    """The document lets blocked dates be read, and not written."""
    takes = account.adapter.takes
    assert (takes.bookings, takes.blocks) == (True, False)
    assert (await failing(account.adapter.push_block(account.push()))).reason == "refused"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("error", "http_500"),
        ("busy", "rate_limited"),
        ("cut", "bad_json"),
        ("html", "bad_json"),
        ("odd", "unexpected"),
        ("empty", "bad_json"),
    ],
)
async def test_a_bad_answer_on_any_page_fails_the_whole(
    account: Account, day: str, reason: str
) -> None:
    """Nothing of a listing is believed that is not whole."""
    account.books.add(Sold(account.home, STAY))
    account.web.spoil(day, route="GET /v1/bookings")
    failed = await failing(account.all())
    assert failed.reason == reason
    if day == "busy":
        assert failed.retry_after == timedelta(seconds=30)
    assert len((await account.all()).bookings) == 1


async def test_a_key_that_is_not_good_or_not_enough_is_told_apart(account: Account) -> None:
    """401 wants another key, 403 another scope."""
    account.books.keys = {account.books.key: {"read"}}
    assert (await failing(account.adapter.push_booking(account.push()))).reason == "forbidden"
    account.books.keys = {}
    assert (await failing(account.all())).reason == "unauthorized"


async def test_webhooks_are_believed_when_signed_lately(account: Account) -> None:
    """True, forged, and sent again an hour later."""
    now, body = account.books.clock.now(), b'{"type":"booking.created"}'
    sent = {name.lower(): value for name, value in account.books.sign(body).items()}
    verify = account.adapter.verify_webhook
    assert verify(sent, body, account.books.secret, now)
    assert not verify(sent, body + b" ", account.books.secret, now)
    assert not verify(sent, body, "other", now)
    assert not verify(sent, body, account.books.secret, now + timedelta(hours=1))
