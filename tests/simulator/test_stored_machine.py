"""Anything at all happens to a whole house, with a store and over HTTP: what must never be true
never is.

The machine on paper (test_machine.py) goes much further in the same time. This one holds what needs
a store: breaking off and starting again, webhooks, secrets, other accounts.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from icalendar import Calendar
from sqlalchemy import text

from flows.house import UNIT, HouseUnderTest
from flows.invariants import broken
from hostile import Exchange, HostileServer
from vacancy import failpoints, log
from vacancy.domain.claims import Kind
from vacancy.domain.errors import NightsTaken
from vacancy.domain.nights import Nights, night_set
from vacancy.services import bookings, conflicts, events, exports, webhooks
from vacancy.services.taking import Wish
from vacancy.simulator.channels import Listing, NotForSale
from vacancy.simulator.habits import AIRBNB, BOOKING_COM, VRBO, Use
from vacancy.store import accounts
from vacancy.store.session import open_store
from vacancy.store.tables import Account

PROOF = bool(os.environ.get("VACANCY_PROOF"))
NOW = datetime(2027, 3, 20, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
KEYS = ("airbnb", "booking_com", "vrbo")
#: No name that stands anywhere else.
GUEST = "Zebedee"
keys = st.sampled_from(KEYS)
spans = st.tuples(st.integers(0, 30), st.integers(1, 6))
#: What comes of a fetch that is no good answer: status and body.
BAD = (
    (200, b""),
    (200, b"<html>later</html>"),
    (200, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"),
    (500, b"no"),
    (404, b"no"),
    (429, b"no"),
)
#: Facts without their delivery, deliveries without their fact, and those made twice over.
UNTOLD = (
    "SELECT count(*) FROM event WHERE sequence > (SELECT since FROM endpoint)"
    " AND id NOT IN (SELECT event_id FROM delivery) AND id NOT IN (SELECT event_id FROM unsent)",
    "SELECT count(*) FROM delivery WHERE event_id NOT IN (SELECT id FROM event)",
    "SELECT count(*) - count(DISTINCT event_id) FROM delivery",
)


@contextmanager
def logged_to(stream: io.StringIO) -> Iterator[None]:
    """The house's own log, as at its front door; afterwards all is as before."""
    root, named = logging.getLogger(), logging.root.manager.loggerDict
    loggers = [logging.getLogger(name) for name in list(named)]
    kept = [(each, each.handlers[:], each.level, each.propagate) for each in (root, *loggers)]
    complains = logging.raiseExceptions
    log.configure("json", "debug", stream)
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(False)
        logging.raiseExceptions = complains
        for each, handlers, level, propagate in kept:
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)


async def taken(exchange: Exchange) -> None:
    """A webhook receiver that is content."""
    await exchange.head(204)


class AnythingStored(RuleBasedStateMachine):
    """One unit with three channels and a webhook, and everybody who can do something to it."""

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="vacancy-machine-"))
        self.open.callback(shutil.rmtree, self.folder)
        self.log = self.open.enter_context(io.StringIO())
        self.open.enter_context(logged_to(self.log))
        server = self.open.enter_context(HostileServer({}))
        self.home = HouseUnderTest(
            self.folder,
            server,
            feeds=dict.fromkeys(KEYS, ""),
            timezone=ZONE.key,
            now=NOW,
        )
        self.open.callback(self.home.close)

    @initialize(booking=st.sampled_from(list(Use)), until=st.sampled_from([None, 90]))
    def begin(self, booking: Use, until: int | None) -> None:
        home = self.home
        self.listings = {
            "airbnb": Listing(AIRBNB, "a", ZONE, sells_until=until, use=Use.SHOWS),
            "booking_com": Listing(BOOKING_COM, "b", ZONE, use=booking),
            "vrbo": Listing(VRBO, "v", ZONE, use=Use.IGNORES),
        }
        wish = {"url": home.server.url("/hook/very-secret"), "types": [], "property_id": None}
        home.server.handle("/hook/very-secret", taken)
        with home.store.write() as session:
            session.add(Account(id="acc_stranger", name="Another", created_at=NOW))
            self.account_id = accounts.the_account(session).id
            ways = (home.vault, [home.server.origin])
            hook = webhooks.create(session, self.account_id, wish, ways, home.at())
        self.guest_books("vrbo", (9, 2))  # so that there is something to tell, and to hide
        for key in KEYS:
            self.fetch_is_good(key)
        tokens = [one["url"].rsplit("/", 1)[1].removesuffix(".ics") for one in self.exports()]
        feeds = [f"{key}.ics" for key in KEYS]
        self.secrets = [*feeds, *tokens, "very-secret", hook["secret"].removeprefix("whsec_")]
        self.direct: list[str] = []

    def exports(self) -> list[dict[str, str]]:
        return list(self.home.exports().values())

    @property
    def now(self) -> datetime:
        return self.home.clock.at

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def nights(self, span: tuple[int, int]) -> Nights:
        first = self.today + timedelta(days=span[0])
        return Nights(first, first + timedelta(days=span[1]))

    def books(self) -> object:
        """All that may be lost or freed."""
        return self.home.bookings(), self.home.taken(), self.home.conflicts()

    # What people do

    @rule(key=keys, span=spans)
    def guest_books(self, key: str, span: tuple[int, int]) -> None:
        try:
            self.listings[key].sell(self.nights(span), GUEST, self.now)
        except NotForSale:
            return

    @rule(key=keys, number=st.integers(0, 20))
    def guest_cancels(self, key: str, number: int) -> None:
        sales = self.listings[key].sales
        if sales:
            self.listings[key].cancel(sales[number % len(sales)].code)

    @rule(key=keys, number=st.integers(0, 20), span=spans)
    def guest_moves(self, key: str, number: int, span: tuple[int, int]) -> None:
        sales, nights = self.listings[key].sales, self.nights(span)
        if sales and self.listings[key].offers(nights, self.now):
            self.listings[key].move(sales[number % len(sales)].code, nights)

    @rule(key=keys, name=st.sampled_from("pqr"))
    def channel_names_all_anew(self, key: str, name: str) -> None:
        """Every UID that follows the room is another one."""
        self.listings[key].room = name

    @rule(span=spans, block=st.booleans())
    def we_book(self, span: tuple[int, int], block: bool) -> None:
        """Refused exactly where a night is taken; what was acknowledged is there."""
        nights, taken = self.nights(span), set(self.home.taken())
        wish = Wish(UNIT, nights, Kind.BLOCK if block else Kind.RESERVATION)
        try:
            with self.home.store.write() as session:
                stay = bookings.create(session, self.account_id, wish, self.home.at())
        except NightsTaken:
            assert taken & set(nights)
            return
        assert not taken & set(nights)
        self.direct.append(stay["id"])

    @rule(number=st.integers(0, 20))
    def we_cancel(self, number: int) -> None:
        if self.direct:
            gone = self.direct.pop(number % len(self.direct))
            with self.home.store.write() as session:
                bookings.cancel(session, self.account_id, gone, self.home.at())

    # What machines do

    @rule(key=keys)
    def fetch_is_good(self, key: str) -> None:
        self.home.polled(self.listings[key].calendar(self.now), key)

    @rule(key=keys)
    def fetch_is_not_modified(self, key: str) -> None:
        body = self.listings[key].calendar(self.now)
        self.home.says(key, body, headers={"ETag": '"same"'})
        self.home.poll(f"{UNIT}/{key}")
        self.home.poll(f"{UNIT}/{key}")

    @rule(key=keys, bad=st.sampled_from(BAD))
    def fetch_fails(self, key: str, bad: tuple[int, bytes]) -> None:
        before = self.books()
        self.home.says(key, bad[1], status=bad[0])
        self.home.poll(f"{UNIT}/{key}")
        assert self.books() == before

    @rule(key=keys, share=st.floats(0.05, 0.95))
    def fetch_is_partial(self, key: str, share: float) -> None:
        """Cut anywhere, with a length that fits."""
        before = self.books()
        whole = self.listings[key].calendar(self.now)
        self.home.polled(whole[: int(len(whole) * share)], key)
        assert self.books() == before

    @rule(key=keys)
    def fetch_is_empty(self, key: str) -> None:
        """Not believed, it changes no booking; nor does the first of a small feed free a night."""
        before = self.home.bookings(), self.home.taken()
        [polled] = self.home.polled(self.listings[key].nothing(), key).polls
        if polled.finished.outcome == "suspicious":
            assert (self.home.bookings(), self.home.taken()) == before

    @rule(key=keys, point=st.sampled_from(failpoints.POINTS + failpoints.TELLING_POINTS))
    def house_breaks_off(self, key: str, point: str) -> None:
        """At any point of an import or of telling; it starts again from what the store holds."""
        before, broke_off = self.books(), False
        self.home.says(key, self.listings[key].calendar(self.now))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(failpoints, "_ARMED", failpoints._armed(f"{point}:raise"))
            with suppress(failpoints.FailpointReached):
                [polled] = self.home.poll(f"{UNIT}/{key}").polls
                broke_off = polled.finished.reason == "fault"
        self.house_restarts()
        if broke_off and point != "after_commit":
            assert self.books() == before

    @rule()
    def house_restarts(self) -> None:
        self.home.store.close()
        self.home.store = open_store(self.home.settings.server.database_url)

    @rule(key=keys)
    def channel_reads(self, key: str) -> None:
        self.listings[key].import_calendar(self.home.read_export(key))

    @rule(minutes=st.sampled_from([1, 15, 61, 240, 1500, 4000]))
    def time_passes(self, minutes: int) -> None:
        for key in KEYS:
            self.home.says(key, self.listings[key].calendar(self.now))
        self.home.step(minutes=minutes)

    # What must never be true

    @invariant()
    def the_store_contradicts_itself_nowhere(self) -> None:
        """Each night has one holder, each export holds what it ought to, no import is half in."""
        assert broken(self.home.store, self.home.vault, self.now) == []

    @invariant()
    def no_acknowledged_booking_is_lost(self) -> None:
        live = {one["id"] for one in self.home.bookings() if one["status"] == "confirmed"}
        assert set(self.direct) <= live | self.departed()

    def departed(self) -> set[str]:
        return {one["id"] for one in self.home.bookings() if one["status"] == "completed"}

    @invariant()
    def no_held_night_is_exported_as_free(self) -> None:
        feed = Calendar.from_ical(self.home.exported("everyone"))
        closed = night_set(Nights(event.start, event.end) for event in feed.events)
        assert {night for night in self.home.taken() if night >= self.today} <= closed

    @invariant()
    def every_event_has_its_delivery(self) -> None:
        with self.home.store.read() as session:
            assert [session.execute(text(query)).scalar_one() for query in UNTOLD] == [0, 0, 0]

    @invariant()
    def another_account_sees_nothing(self) -> None:
        with self.home.store.read() as session:
            who, base = "acc_stranger", self.home.settings.server.base_url
            seen = [
                bookings.find(session, who, bookings.Filter())["data"],
                conflicts.find(session, who, self.now, resolved=True),
                events.find(session, who)["data"],
                exports.find(session, who, None, (self.home.vault, base), self.now)["data"],
                webhooks.find(session, who, None, self.home.vault, (0, 10))[0],
            ]
        assert seen == [[], [], [], [], []]

    @invariant()
    def no_secret_is_in_the_log_or_in_clear_in_the_store(self) -> None:
        """Addresses of feeds, tokens of exports, the webhook's secret, names of guests."""
        kept = b"".join(
            file.read_bytes() for file in sorted((self.folder / "var").glob("vacancy.db*"))
        )
        for secret in (*self.secrets, GUEST):
            assert secret.encode() not in kept, secret
            assert secret not in self.log.getvalue(), secret

    def teardown(self) -> None:
        """In the end every event was told."""
        try:
            if hasattr(self, "direct"):
                self.home.step(minutes=30)
                told = {
                    one.headers["webhook-id"]
                    for one in self.home.server.requests("/hook/very-secret")
                }
                with self.home.store.read() as session:
                    query = "SELECT event_id FROM delivery"
                    made = {row[0] for row in session.execute(text(query))}
                assert made and made <= told
        finally:
            self.open.close()


AnythingStored.TestCase.settings = settings(
    max_examples=20 if PROOF else 3,
    stateful_step_count=25 if PROOF else 12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnythingStored = pytest.mark.timeout(600)(AnythingStored.TestCase)
