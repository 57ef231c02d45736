"""Rentalot: a calendar of instants read as nights withheld, and stays of ours as showings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flows.house import TurnedClock
from sources.opened import opened
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.rentalot import Rentalot as Books
from vacancy.simulator.systems.rentalot_door import PLANS
from vacancy.simulator.systems.serving import Asked, Simulated, Sold
from vacancy.sources.port import Listing, Push, RemoteProperty, SourceFailed
from vacancy.sources.rentalot import Rentalot

pytestmark = pytest.mark.anyio

ZONE = "Europe/Lisbon"
SINCE = date(2027, 1, 10)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))
STAY_ID = "stay_01jh0000000000000000000000"
EVENTS, SHOWINGS = "GET /api/v1/events", "POST /api/v1/showings"


class Account:
    """One simulated account and the adapter that asks it. Its contacts include the host's own."""

    def __init__(self, web: Simulated, books: Books, adapter: Rentalot) -> None:
        self.web, self.books, self.adapter = web, books, adapter
        self.home, self.other = books.properties
        self.contact = books.meet("Vacancy", "host@example.org")
        books.meet("Vacancy Seeker", "seeker@guests.example")

    async def all(self, zone: str = ZONE) -> Listing:
        return await self.adapter.list_all({self.home: zone}, SINCE)

    def push(self, nights: Nights = STAY, remote_id: str | None = None, **more: Any) -> Push:
        told = {"kind": Kind.RESERVATION, "attempt_key": "attempt-1", "timezone": ZONE, **more}
        return Push(STAY_ID, self.home, nights, remote_id=remote_id, **told)

    def asked(self, route: str) -> list[Asked]:
        return [one for one in self.web.asked if f"{one.method} {one.path}".startswith(route)]


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    books = Books(TurnedClock())
    async with opened(books, books.key, "/api/v1") as (web, asked):
        yield Account(web, books, Rentalot(asked))


async def failing(doing: Any) -> SourceFailed:
    """How something fails."""
    with pytest.raises(SourceFailed) as failed:
        await doing
    return failed.value


async def test_properties_are_listed_by_address(account: Account) -> None:
    """They have no name and no time zone there."""
    found = await account.adapter.properties()
    assert found[0] == RemoteProperty(account.home, "Rua Azul 1, Lisboa")
    assert len(found) == 2


async def test_an_event_over_nights_withholds_them(account: Account) -> None:
    """Whoever made it and whatever it is called; of the properties that are wanted."""
    made = account.books.add(Sold(account.home, STAY))
    synced = account.books.block(account.home, LATER)
    account.books.add(Sold(account.other, STAY))
    read = await account.all()
    assert [(one.remote_id, one.nights) for one in read.bookings] == [(made, STAY), (synced, LATER)]
    assert {(one.kind, one.reason) for one in read.bookings} == {(Kind.BLOCK, Reason.OWNER)}
    assert not any(one.canceled for one in read.bookings)


async def test_a_viewing_by_day_takes_no_night(account: Account) -> None:
    """Nor is it told as something that cannot be read; what goes on past midnight takes one."""
    account.books.show(account.home, datetime(2027, 2, 3, 14, tzinfo=UTC), timedelta(hours=1))
    assert await account.all() == Listing(())
    account.books.show(account.home, datetime(2027, 2, 3, 22, tzinfo=UTC), timedelta(hours=4))
    (late,) = (await account.all()).bookings
    assert late.nights == Nights(date(2027, 2, 3), date(2027, 2, 4))


async def test_nights_are_those_of_the_property(account: Account) -> None:
    """One span is a night in Lisbon and none in Auckland."""
    account.books.show(account.home, datetime(2027, 2, 3, 20, tzinfo=UTC), timedelta(hours=8))
    assert len((await account.all()).bookings) == 1
    assert (await account.all("Pacific/Auckland")).bookings == ()


async def test_an_event_of_no_property_closes_nothing(account: Account) -> None:
    """Calls and what is synced from a private calendar."""
    made = account.books.block(account.home, STAY)
    account.books.events[made]["propertyId"] = None
    assert await account.all() == Listing(())


async def test_what_is_cancelled_is_listed_and_holds_nothing(account: Account) -> None:
    """The system's word, at once; completed ones stand until they are over."""
    made = account.books.add(Sold(account.home, STAY))
    account.books.events[made]["status"] = "completed"
    account.books.cancel(account.books.block(account.home, LATER))
    assert [one.canceled for one in (await account.all()).bookings] == [False, True]


async def test_a_changed_event_has_its_new_nights(account: Account) -> None:
    """Under the same id."""
    made = account.books.add(Sold(account.home, STAY))
    account.books.change(made, LATER)
    (moved,) = (await account.all()).bookings
    assert (moved.remote_id, moved.nights) == (made, LATER)


async def test_what_began_long_ago_and_still_runs_is_read(account: Account) -> None:
    """The list is filtered by start alone, so it is asked from well before."""
    long = Nights(SINCE - timedelta(days=390), SINCE + timedelta(days=1))
    account.books.block(account.home, long)
    account.books.block(account.home, Nights(SINCE - timedelta(days=2), SINCE))
    assert [one.nights for one in (await account.all()).bookings] == [long]


@pytest.mark.parametrize("plan", ["starter", "scale"])
async def test_three_pages_are_read(account: Account, plan: str) -> None:
    """Also where the plan allows smaller pages than are asked for."""
    account.books.door.plan = PLANS[plan]
    count = 250 if plan == "scale" else 130
    days = [SINCE + timedelta(days=at) for at in range(count)]
    for day in days:
        account.books.block(account.home, Nights(day, day + timedelta(days=1)))
    read = await account.all()
    assert [one.nights.arrival for one in read.bookings] == days
    assert len(account.asked(EVENTS)) == 3


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("error", "http_500"),
        ("busy", "rate_limited"),
        ("cut", "bad_json"),
        ("odd", "unexpected"),
    ],
)
async def test_a_bad_answer_on_any_page_fails_the_whole(
    account: Account, day: str, reason: str
) -> None:
    """Nothing of a listing is believed that is not whole."""
    account.books.add(Sold(account.home, STAY))
    account.web.spoil(day, route=EVENTS)
    failed = await failing(account.all())
    assert failed.reason == reason
    if day == "busy":
        assert failed.retry_after == timedelta(seconds=3)
    assert len((await account.all()).bookings) == 1


async def test_the_limit_of_the_plan_is_told_with_when_to_come_again(account: Account) -> None:
    """What Retry-After says is handed on."""
    account.books.clock.at = datetime(2027, 1, 10, 9, 0, 48, tzinfo=UTC)
    bearer = {"authorization": f"Bearer {account.books.key}"}
    for _ in range(PLANS["scale"].per_minute):
        account.books.door.admit(Asked("GET", "/", headers=bearer))
    assert (await failing(account.all())).retry_after == timedelta(seconds=12)


async def test_a_bad_key_and_a_small_plan_are_told_apart(account: Account) -> None:
    """401 wants another key, 403 another plan; reading goes on."""
    account.books.door.plan = PLANS["starter"]
    account.books.add(Sold(account.home, LATER))
    assert (await failing(account.adapter.push_booking(account.push()))).reason == "forbidden"
    assert len((await account.all()).bookings) == 1
    account.books.door.plan = PLANS["trial"]
    assert (await failing(account.all())).reason == "forbidden"
    async with opened(account.books, "ra_other", "/api/v1") as (_, asked):
        failed = await failing(Rentalot(asked).properties())
    assert failed.reason == "unauthorized"


@pytest.mark.parametrize(
    ("kind", "title"), [(Kind.RESERVATION, "Reserved"), (Kind.BLOCK, "Blocked")]
)
async def test_a_stay_of_ours_is_a_showing_that_comes_back_as_ours(
    account: Account, kind: Kind, title: str
) -> None:
    """From noon to noon of the property, for the host's own contact, without a guest's name."""
    push = account.push(kind=kind)
    told = account.adapter.push_booking if kind is Kind.RESERVATION else account.adapter.push_block
    made = await told(push)
    shown = account.books.events[made]
    assert (shown["title"], shown["contactId"]) == (title, account.contact)
    assert (shown["startTime"], shown["timeZone"]) == ("2027-02-03T12:00:00.000Z", ZONE)
    (echo,) = (await account.all()).bookings
    assert (echo.remote_id, echo.ours, echo.nights) == (made, STAY_ID, STAY)


async def test_a_lost_answer_makes_no_second_showing(account: Account) -> None:
    """The same key is replayed within a day; after it the first is found by our id."""
    account.web.spoil("error", route=SHOWINGS)
    assert (await failing(account.adapter.push_booking(account.push()))).reason == "http_500"
    assert [one.headers["idempotency-key"] for one in account.asked(SHOWINGS)] == ["attempt-1"]
    account.books.clock.at += timedelta(hours=25)
    made = await account.adapter.push_booking(account.push())
    assert list(account.books.events) == [made]
    assert len(account.asked(SHOWINGS)) == 1


async def test_two_tries_at_once_make_one_showing(account: Account) -> None:
    """What neither sees in the list yet, the idempotency key holds together."""
    lost = account.push()
    first = await account.adapter.push_booking(lost)
    hidden = account.books.events.pop(first)
    second = await account.adapter.push_booking(lost)
    account.books.events[first] = hidden
    assert (second, list(account.books.events)) == (first, [first])


async def test_a_stay_of_ours_is_moved_in_place_and_called_off(account: Account) -> None:
    """Under the same id; what is gone already is fine, and is made anew where it is wanted."""
    made = await account.adapter.push_booking(account.push())
    later = account.push(LATER, made, attempt_key="attempt-2")
    assert await account.adapter.push_booking(later) == made
    assert [one.nights for one in (await account.all()).bookings] == [LATER]
    await account.adapter.withdraw(later)
    assert [one.canceled for one in (await account.all()).bookings] == [True]
    assert await account.adapter.push_booking(later) == made
    assert [one.canceled for one in (await account.all()).bookings] == [False]
    account.books.drop(made)
    await account.adapter.withdraw(later)
    anew = await account.adapter.push_booking(later)
    assert [one.remote_id for one in (await account.all()).bookings] == [anew]


async def test_without_a_contact_the_host_is_told_what_to_do(account: Account) -> None:
    """No guest is made a contact there: its assistant writes to contacts."""
    del account.books.contacts[account.contact]
    failed = await failing(account.adapter.push_booking(account.push()))
    assert failed.reason == "refused"
    assert "called Vacancy" in failed.text
    assert account.books.events == {}


async def test_a_showing_of_ours_takes_its_time_from_the_slots(account: Account) -> None:
    """What the push is for: no viewing is offered while somebody stays."""
    await account.adapter.push_booking(account.push())
    asked = {"propertyId": account.home, "dateFrom": "2027-02-03", "dateTo": "2027-02-06"}
    slots = (await account.adapter.wire.get("/showings/availability", **asked))["data"]
    starts = [slot["start"] for slot in slots["availableSlots"]]
    assert slots["existingEventCount"] == 1
    assert starts[:3] == [f"2027-02-03T{hour:02}:00:00.000Z" for hour in (9, 10, 11)]
    assert starts[3] == "2027-02-06T12:00:00.000Z"


async def test_webhooks_are_believed_when_signed(account: Account) -> None:
    """True and forged; its signature says no time, so a replay looks true and is only a trigger."""
    listen = {"url": "https://example.org/hooks/token", "events": ["event.created"]}
    made = (await account.adapter.wire.send("POST", "/webhooks", listen))["data"]
    account.books.add(Sold(account.home, STAY))
    (hook,) = account.books.hooks
    sent = {name.lower(): value for name, value in hook.headers.items()}
    now, verify = account.books.clock.now(), account.adapter.verify_webhook
    assert verify(sent, hook.body, made["secret"], now)
    assert not verify(sent, hook.body + b" ", made["secret"], now)
    assert not verify(sent, hook.body, "whsec_other", now)
    turned = await account.adapter.wire.send("POST", f"/webhooks/{made['id']}/rotate-secret", {})
    assert not verify(sent, hook.body, turned["data"]["secret"], now)
