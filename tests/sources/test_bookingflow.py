"""BookingFlow: rooms, bookings and schedules as they are read, and what is told of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.house import TurnedClock
from sources.opened import opened
from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.bookingflow import PATH
from vacancy.simulator.systems.bookingflow import BookingFlow as Books
from vacancy.simulator.systems.serving import Simulated, Sold
from vacancy.sources.bookingflow import BookingFlow
from vacancy.sources.port import Listing, Money, Push, SourceFailed

pytestmark = pytest.mark.anyio

SINCE = date(2027, 1, 10)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))
STAY_ID = "stay_01jh0000000000000000000000"


class Account:
    """One simulated organisation and the adapter that asks it."""

    def __init__(self, web: Simulated, books: Books, adapter: BookingFlow) -> None:
        self.web, self.books, self.adapter = web, books, adapter
        self.home = next(iter(books.rooms))

    async def all(self) -> Listing:
        return await self.adapter.list_all({self.home: "Europe/Lisbon"}, SINCE)

    def push(self, kind: Kind, nights: Nights = STAY, remote_id: str | None = None) -> Push:
        return Push(STAY_ID, self.home, nights, kind, "attempt-1", remote_id=remote_id)


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    books = Books(TurnedClock())
    async with opened(books, books.key, PATH) as (web, asked):
        yield Account(web, books, BookingFlow(asked))


async def failing(doing: Any) -> SourceFailed:
    """How something fails."""
    with pytest.raises(SourceFailed) as failed:
        await doing
    return failed.value


async def test_rooms_are_listed(account: Account) -> None:
    """What the host maps units to."""
    found = await account.adapter.properties()
    assert [one.name for one in found] == ["Sea Room", "Garden Room"]
    assert found[0].remote_id == account.home


async def test_bookings_and_blocks_are_read(account: Account) -> None:
    """A booking with its guest and money, one sold elsewhere with its code, and a block."""
    sold = Sold(account.home, STAY)
    account.books.add(sold)
    account.books.add(Sold(account.home, LATER, channel="Airbnb", code="HMABCDEF12"))
    account.books.block(account.home, Nights(date(2027, 3, 1), date(2027, 3, 4)))
    own, elsewhere, block = (await account.all()).bookings
    assert (own.kind, own.nights, own.channel) == (Kind.RESERVATION, STAY, None)
    assert own.guest is not None
    assert (own.guest.name, own.guest.email) == (sold.guest, sold.email)
    assert own.money == Money(Decimal(sold.amount), sold.currency)
    assert (elsewhere.channel, elsewhere.code) == ("airbnb", "HMABCDEF12")
    assert (block.kind, block.nights) == (Kind.BLOCK, Nights(date(2027, 3, 1), date(2027, 3, 4)))


async def test_changes_and_cancellations_are_read(account: Account) -> None:
    """Under the same id; what is canceled holds nothing."""
    made = account.books.add(Sold(account.home, STAY))
    account.books.change(made, LATER)
    assert [(one.remote_id, one.nights) for one in (await account.all()).bookings] == [
        (made, LATER)
    ]
    account.books.cancel(made)
    assert [one.canceled for one in (await account.all()).bookings] == [True]


async def test_every_page_is_read(account: Account) -> None:
    """All of them, in order."""
    made = [
        account.books.add(Sold(account.home, Nights(day, day + timedelta(days=1))))
        for day in (SINCE + timedelta(days=at) for at in range(250))
    ]
    assert [one.remote_id for one in (await account.all()).bookings] == made


async def test_a_booking_of_ours_is_made_once_moved_and_withdrawn(account: Account) -> None:
    """A lost answer makes no second one; its echo is ours."""
    account.web.spoil("error", route=f"POST {PATH}/bookings")
    push = account.push(Kind.RESERVATION)
    assert (await failing(account.adapter.push_booking(push))).reason == "http_500"
    made = await account.adapter.push_booking(push)
    assert [(one.remote_id, one.ours) for one in (await account.all()).bookings] == [
        (made, STAY_ID)
    ]
    later = account.push(Kind.RESERVATION, LATER, made)
    assert await account.adapter.push_booking(later) == made
    assert [one.nights for one in (await account.all()).bookings] == [LATER]
    await account.adapter.withdraw(later)
    assert all(one.canceled for one in (await account.all()).bookings)
    await account.adapter.withdraw(later)


async def test_a_block_of_ours_is_made_once_moved_and_lifted(account: Account) -> None:
    """Made anew where it moves, and the old one lifted."""
    made = await account.adapter.push_block(account.push(Kind.BLOCK))
    assert await account.adapter.push_block(account.push(Kind.BLOCK)) == made
    moved = await account.adapter.push_block(account.push(Kind.BLOCK, LATER, made))
    (echo,) = (await account.all()).bookings
    assert (echo.remote_id, echo.ours, echo.nights) == (moved, STAY_ID, LATER)
    await account.adapter.withdraw(account.push(Kind.BLOCK, LATER, moved))
    assert (await account.all()).bookings == ()


async def test_nights_that_are_taken_are_refused(account: Account) -> None:
    """In the system's own words."""
    account.books.block(account.home, STAY)
    failed = await failing(account.adapter.push_booking(account.push(Kind.RESERVATION)))
    assert failed.reason == "refused"
    assert "not available" in failed.text


@pytest.mark.parametrize(
    ("day", "reason"),
    [("error", "http_500"), ("busy", "rate_limited"), ("cut", "bad_json")],
)
@pytest.mark.parametrize("path", ["bookings", "schedules"])
async def test_a_bad_answer_of_either_list_fails_the_whole(
    account: Account, day: str, reason: str, path: str
) -> None:
    """Nothing of a listing is believed that is not whole."""
    account.books.add(Sold(account.home, STAY))
    account.web.spoil(day, route=f"GET {PATH}/{path}")
    failed = await failing(account.all())
    assert failed.reason == reason
    assert failed.retry_after == (timedelta(seconds=20) if day == "busy" else None)
    assert len((await account.all()).bookings) == 1


async def test_a_key_that_is_not_good_or_only_reads_is_told_apart(account: Account) -> None:
    """401 wants another key, 403 one that may write."""
    account.books.keys = {account.books.key: False}
    failed = await failing(account.adapter.push_booking(account.push(Kind.RESERVATION)))
    assert failed.reason == "forbidden"
    account.books.keys = {}
    assert (await failing(account.all())).reason == "unauthorized"


async def test_webhooks_are_believed_when_signed(account: Account) -> None:
    """True and forged."""
    now, body = account.books.clock.now(), b'{"event":"booking.created"}'
    sent = {name.lower(): value for name, value in account.books.sign(body).items()}
    verify = account.adapter.verify_webhook
    assert verify(sent, body, account.books.secret, now)
    assert not verify(sent, body + b" ", account.books.secret, now)
    assert not verify({}, body, account.books.secret, now)
