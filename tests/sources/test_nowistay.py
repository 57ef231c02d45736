"""Nowistay: what is read of it, whatever scopes were granted, and what little it can be told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.house import NOW, TurnedClock
from sources.calling import Pretend, answer
from sources.keeping import Kept
from sources.opened import opened
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.nowistay import Nowistay as Books
from vacancy.simulator.systems.oauth import Registered
from vacancy.simulator.systems.serving import Simulated, Sold
from vacancy.sources import nowistay
from vacancy.sources.nowistay import SCOPES, Nowistay, connected
from vacancy.sources.port import (
    Listing,
    Money,
    Push,
    RemoteBooking,
    RemoteGuest,
    RemoteProperty,
    SourceFailed,
    Takes,
)

pytestmark = pytest.mark.anyio

SINCE = date(2027, 1, 10)
HOME, OTHER = "101", "102"
WANTED = {HOME: "Europe/Paris", OTHER: "Europe/Lisbon"}
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))
STAY_ID = "stay_01jh0000000000000000000000"
READING = ("properties.read", "bookings.read")
LIST = "GET /public/v1/bookings"


class Account:
    """One simulated account and the adapter that asks it with some scopes."""

    def __init__(self, web: Simulated, books: Books, connect: Callable[..., Nowistay]) -> None:
        self.web, self.system, self.books, self._connect = web, books, books.books, connect
        self.adapter = self.granted(SCOPES)

    def granted(self, scopes: tuple[str, ...]) -> Nowistay:
        """An adapter of a host who consented to these; its own grant, and its own limits."""
        number = len(self.system.consent.grants)
        client = Registered(f"client_{number}", "", (), frozenset(scopes))
        given = self.system.consent.grant(self.system.consent.enrol(client), client.scopes)
        self.kept = Kept(
            {
                "client_id": client.client_id,
                "access_token": given.access,
                "refresh_token": given.refresh,
                "scope": " ".join(scopes),
            }
        )
        return self._connect(self.kept)

    def add(self, nights: Nights = STAY, **said: Any) -> str:
        return self.books.add(Sold(HOME, nights, **said))

    async def all(self) -> Listing:
        return await self.adapter.list_all(WANTED, SINCE)

    async def only(self) -> RemoteBooking:
        (one,) = (await self.all()).bookings
        return one

    def asked(self, route: str) -> int:
        """How often a route was asked."""
        return sum(f"{one.method} {one.path}".startswith(route) for one in self.web.asked)


@pytest.fixture
def system() -> Books:
    return Books(TurnedClock())


@pytest.fixture
async def account(system: Books) -> AsyncIterator[Account]:
    async with opened(system, "none") as (web, wire):

        def connect(kept: Kept) -> Nowistay:
            return connected(wire.client, web.url, kept.row, kept)

        yield Account(web, system, connect)


def push(nights: Nights = STAY, remote_id: str | None = None, **more: Any) -> Push:
    return Push(STAY_ID, HOME, nights, Kind.RESERVATION, "attempt-1", remote_id=remote_id, **more)


async def failing(doing: Any) -> SourceFailed:
    """How something fails."""
    with pytest.raises(SourceFailed) as failed:
        await doing
    return failed.value


async def test_properties_are_listed_with_their_zones(account: Account) -> None:
    """What the host maps units to."""
    assert await account.adapter.properties() == [
        RemoteProperty(HOME, "Lilas Apartment", "Europe/Paris", 4),
        RemoteProperty(OTHER, "Casa Azul", "Europe/Lisbon", 4),
    ]


async def test_a_booking_is_read_whole(account: Account) -> None:
    """Nights, channel and its code, money, and with the scope for it who comes."""
    made = account.add(channel="airbnb", code="HMABCDEFGH")
    assert await account.only() == RemoteBooking(
        remote_id=made,
        property_id=HOME,
        nights=STAY,
        kind=Kind.RESERVATION,
        rule="nowistay.booking",
        channel="airbnb",
        code="HMABCDEFGH",
        guest=RemoteGuest("Ada Ebner", "ada@guests.example", "+39 000 1234567", 2, 0),
        money=Money(Decimal("420.00"), "EUR"),
        updated_at=NOW,
    )


async def test_without_the_sensitive_scope_there_is_no_contact(account: Account) -> None:
    """Name and number of guests come with the list; no detail is asked for what it will not say."""
    account.add(channel="airbnb")
    account.adapter = account.granted(READING)
    guest = (await account.only()).guest
    assert guest == RemoteGuest("Ada Ebner", None, None, 2, 0)
    assert account.asked(f"{LIST}/") == 0


async def test_a_detail_is_asked_for_once(account: Account) -> None:
    """And again when the booking is another than it was; never for what has no guest."""
    account.books.block(HOME, LATER)
    made = account.add()
    await account.all()
    await account.all()
    assert account.asked(f"{LIST}/") == 1
    account.books.update(account.books.bookings[made], {"guestEmail": "new@guests.example"})
    account.books.bookings[made]["updatedAt"] = "2027-01-10T09:30:00Z"
    found = (await account.all()).bookings
    assert [one.guest.email for one in found if one.guest] == ["new@guests.example"]
    assert account.asked(f"{LIST}/") == 2


async def test_details_leave_room_for_others(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next arrivals first; the rest follows with the next reading."""
    monkeypatch.setattr(nowistay, "DETAILS", 2)
    for days in (20, 0, 10):
        shift = timedelta(days=days)
        account.add(Nights(STAY.arrival + shift, STAY.departure + shift))
    mailed = [bool(one.guest and one.guest.email) for one in (await account.all()).bookings]
    assert mailed == [False, True, True]
    mailed = [bool(one.guest and one.guest.email) for one in (await account.all()).bookings]
    assert mailed == [True, True, True]


async def test_a_change_and_a_cancellation_are_seen(account: Account) -> None:
    """Under the same id; what is canceled is listed on, and holds nothing."""
    made = account.add()
    account.books.change(made, LATER)
    assert (await account.only()).nights == LATER
    account.books.cancel(made)
    assert (await account.only()).canceled


async def test_withheld_nights_are_a_block(account: Account) -> None:
    """The owner's own."""
    account.books.block(HOME, STAY)
    found = await account.only()
    assert (found.kind, found.reason, found.guest) == (Kind.BLOCK, Reason.OWNER, None)


@pytest.mark.parametrize(
    ("status", "kind", "canceled"),
    [
        ("confirmed", Kind.RESERVATION, False),
        ("checked_in", Kind.RESERVATION, False),
        ("something new", Kind.RESERVATION, False),
        ("pending", Kind.BLOCK, False),
        ("hold", Kind.BLOCK, False),
        ("cancelled", Kind.RESERVATION, True),
        ("declined", Kind.RESERVATION, True),
    ],
)
async def test_a_status_that_is_not_known_holds_its_nights(
    account: Account, status: str, kind: Kind, canceled: bool
) -> None:
    """Only words for what is over free them."""
    account.books.bookings[account.add()]["status"] = status
    found = await account.only()
    assert (found.kind, found.canceled) == (kind, canceled)


async def test_what_is_over_and_what_is_elsewhere_is_left_out(account: Account) -> None:
    """A stay that runs is in, however long ago it began."""
    running = account.add(Nights(date(2026, 3, 1), date(2027, 1, 12)))
    account.add(Nights(date(2027, 1, 8), SINCE))
    account.books.add(Sold(OTHER, STAY))
    found = await account.adapter.list_all({HOME: "Europe/Paris"}, SINCE)
    assert [one.remote_id for one in found.bookings] == [running]


async def test_all_pages_are_read(account: Account) -> None:
    """Three of bookings, by offset, and two of properties, by number, of the size it allows."""
    account.system.largest = 2
    account.books.furnish("Loft", "Europe/Paris")
    months = [Nights(date(2027, month, 1), date(2027, month, 4)) for month in range(2, 7)]
    made = [account.add(nights) for nights in months]
    assert [one.remote_id for one in (await account.all()).bookings] == made
    assert account.asked(LIST) - account.asked(f"{LIST}/") == 3
    assert [one.remote_id for one in await account.adapter.properties()] == [HOME, OTHER, "103"]


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize(
    ("day", "reason"),
    [("error", "http_500"), ("cut", "bad_json"), ("busy", "rate_limited"), ("odd", "unexpected")],
)
async def test_a_page_that_cannot_be_had_fails_the_whole(
    account: Account, page: int, day: str, reason: str
) -> None:
    """Whichever page it is; the next reading is whole again."""
    account.system.largest = 1
    for nights in (STAY, LATER, Nights(date(2027, 3, 1), date(2027, 3, 2))):
        account.add(nights)
    spoil = account.web.answer
    turn = 0

    def spoilt(asked: Any) -> Any:
        nonlocal turn
        if asked.path.endswith("/bookings"):
            turn += 1
            if turn == page:
                account.web.spoil(day)
        return spoil(asked)

    account.web.answer = spoilt  # type: ignore[method-assign]
    failed = await failing(account.all())
    assert failed.reason == reason
    assert (failed.retry_after is not None) == (day == "busy")
    assert len((await account.all()).bookings) == 3


@pytest.mark.parametrize("system", [Books(TurnedClock(), reads=2)], ids=["two a minute"])
async def test_the_limit_of_a_minute_is_told(account: Account) -> None:
    """And how long it lasts, so that it can be waited for."""
    await account.all()
    await account.all()
    failed = await failing(account.all())
    assert failed.reason == "rate_limited"
    assert failed.retry_after is not None
    assert timedelta() < failed.retry_after <= timedelta(minutes=1)


async def test_an_expired_token_is_renewed_on_the_way(account: Account) -> None:
    """And kept; nothing else is noticed of it."""
    account.add()
    account.system.consent.expire()
    assert len((await account.all()).bookings) == 1
    assert account.kept.times == 1
    assert account.asked("POST /public/oauth/token") == 1


async def test_consent_that_was_taken_back_is_told(account: Account) -> None:
    """With what the host can do."""
    account.system.consent.revoke()
    failed = await failing(account.all())
    assert failed.reason == "unauthorized"
    assert "vacancy sources connect" in failed.text


async def test_a_property_that_is_hidden_takes_no_bookings_away(account: Account) -> None:
    """Its subscription ended: a failure that says so, and no listing without its stays."""
    account.add()
    hidden = account.books.properties.pop(HOME)
    failed = await failing(account.all())
    assert failed.reason == "not_found"
    assert "subscription" in failed.text
    account.books.properties[HOME] = hidden
    assert len((await account.all()).bookings) == 1


async def test_changes_are_the_whole_list(account: Account) -> None:
    """It cannot be asked for less."""
    account.add()
    assert await account.adapter.list_changes(WANTED, SINCE, None) == await account.all()


def marked(account: Account, nights: Nights = STAY, **fields: Any) -> str:
    """A direct booking that the host entered for a stay of ours."""
    made = account.add(nights, channel=None)
    account.books.bookings[made].update(fields or {"notes": f"for {STAY_ID}, cot wanted"})
    return made


@pytest.mark.parametrize(
    "fields", [{"notes": f"({STAY_ID})"}, {"customParameters": {"vacancy_stay": STAY_ID}}]
)
async def test_what_was_entered_for_a_stay_of_ours_is_known(account: Account, fields: Any) -> None:
    """By its mark, wherever the host put it."""
    marked(account, **fields)
    assert (await account.only()).ours == STAY_ID


async def test_a_move_is_told_silently(account: Account) -> None:
    """Dates, guests and price of the direct booking follow ours; its notes are left alone."""
    made = marked(account)
    wish = push(LATER, guest=RemoteGuest(adults=3), money=Money(Decimal("500.00"), "EUR"))
    assert await account.adapter.push_booking(wish) == made
    assert await account.adapter.push_booking(replace(wish, remote_id=made)) == made
    (first, second) = [one.document for one in account.web.asked if one.method == "PATCH"]
    assert first == second
    assert first == {
        "arrival": "2027-02-10",
        "departure": "2027-02-12",
        "adults": 3,
        "amount": "500.00",
        "currency": "EUR",
        "silent": True,
    }
    found = await account.only()
    assert (found.nights, found.ours) == (LATER, STAY_ID)


async def test_what_cannot_be_made_is_asked_of_the_host(account: Account) -> None:
    """Equal nights prove nothing, nor does a mark on what a channel sold: nothing is written."""
    account.add(channel=None)
    account.books.bookings[account.add(channel="airbnb")]["notes"] = STAY_ID
    failed = await failing(account.adapter.push_booking(push()))
    assert failed.reason == "refused"
    assert STAY_ID in failed.text
    assert "by hand" in failed.text
    assert account.asked("PATCH") == 0


async def test_what_was_deleted_there_is_asked_of_the_host_again(account: Account) -> None:
    """It cannot be made anew."""
    failed = await failing(account.adapter.push_booking(push(remote_id="7777")))
    assert (failed.reason, STAY_ID in failed.text) == ("refused", True)


async def test_taken_nights_are_refused(account: Account) -> None:
    """A booking there that holds them is a fact there."""
    made = marked(account)
    account.add(LATER, channel="airbnb")
    assert (await failing(account.adapter.push_booking(push(LATER, made)))).reason == "refused"
    assert account.books.bookings[made]["arrival"] == "2027-02-03"


async def test_a_cancellation_is_asked_of_the_host(account: Account) -> None:
    """Until it is canceled or gone there, or was never entered."""
    await account.adapter.withdraw(push())
    made = marked(account)
    failed = await failing(account.adapter.withdraw(push(remote_id=made)))
    assert (failed.reason, made in failed.text) == ("refused", True)
    account.books.cancel(made)
    await account.adapter.withdraw(push(remote_id=made))
    await account.adapter.withdraw(push(remote_id="7777"))


async def test_a_block_is_asked_of_the_host(account: Account) -> None:
    """It takes none."""
    wish = replace(push(), kind=Kind.BLOCK, reason=Reason.OWNER)
    assert (await failing(account.adapter.push_block(wish))).reason == "refused"


async def test_what_is_taken_depends_on_what_was_granted(account: Account) -> None:
    """Who granted no writing is told nothing."""
    assert account.adapter.takes == Takes(bookings=True, moves=True, webhooks=True)
    assert account.granted(READING).takes == Takes(webhooks=True)


@pytest.mark.parametrize("signs", ["standard", "stamped", "hex"])
async def test_a_webhook_is_told_from_a_forgery(account: Account, signs: str) -> None:
    """However it is signed; a signature is of one body under one secret."""
    account.books.signs = signs
    secret = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ="
    account.books.secrets[1] = secret
    account.books.webhooks.append(
        {"id": 1, "propertyId": 101, "url": "http://x.example/", "events": ["booking.created"]}
    )
    account.add()
    hook = account.books.hooks.popleft()
    headers = {name.lower(): value for name, value in hook.headers.items()}
    verify = account.adapter.verify_webhook
    assert verify(headers, hook.body, secret, NOW)
    assert not verify(headers, hook.body + b" ", secret, NOW)
    assert not verify(headers, hook.body, secret + "x", NOW)
    assert not verify({}, hook.body, secret, NOW)
    if signs != "hex":
        assert not verify(headers, hook.body, secret, NOW + timedelta(hours=1))


async def test_details_may_be_wrapped_or_not(account: Account) -> None:
    """The document does not print one: both are read."""
    told = {"id": 1, "propertyId": 101, "arrival": "2027-02-03", "departure": "2027-02-06"}
    wrapped = {"data": [told], "pagination": {"totalItems": 1, "totalPages": 1}}
    places = {"data": [{"id": 101}], "pagination": {"totalItems": 1, "totalPages": 1}}
    detail = {**told, "guest": {"firstName": "Ada", "lastName": "Ebner", "email": "a@b.example"}}
    pretend = Pretend(answer(wrapped), answer(places), answer(detail))
    kept = Kept({"client_id": "c", "access_token": "t", "scope": " ".join(SCOPES)})
    adapter = connected(pretend, "https://api.example", kept.row, kept)
    (found,) = (await adapter.list_all({HOME: "Europe/Paris"}, SINCE)).bookings
    assert found.guest == RemoteGuest("Ada Ebner", "a@b.example")


async def test_nothing_secret_is_shown(account: Account) -> None:
    """Neither tokens nor guests, in whatever is printed of an adapter."""
    account.add()
    await account.all()
    text = repr(account.adapter)
    assert account.kept.row["access_token"] not in text
    assert "ada@guests.example" not in text
