"""The world lives on by its seed, and its channels talk HTTP like real ones."""

from __future__ import annotations

import os
import urllib.request
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPResponse
from itertools import pairwise
from urllib.error import HTTPError
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from vacancy.domain.nights import Nights
from vacancy.simulator.channels import Listing
from vacancy.simulator.habits import AIRBNB, BOOKING_COM, VRBO
from vacancy.simulator.server import ChannelServer, ExportReader
from vacancy.simulator.world import Temper, What, World

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAYS = 90 if os.environ.get("VACANCY_PROOF") else 20
SOLD = Nights(date(2027, 3, 10), date(2027, 3, 14))


def world(seed: int = 1) -> World:
    zone = ZoneInfo("Europe/Lisbon")
    pages = [
        Listing(habits, room, zone, seed=seed)
        for habits in (AIRBNB, BOOKING_COM, VRBO)
        for room in ("sea-view", "old-mill")
    ]
    return World.of(pages, NOW, seed=seed)


def lived(seed: int) -> tuple[list[str], list[bytes]]:
    """A world's history in words, and all its feeds at the end."""
    found = world(seed)
    found.temper = Temper(books=0.1, cancels=0.02, closes=0.02, opens=0.02)
    found.pass_time(NOW + timedelta(days=DAYS))
    return [str(fact) for fact in found.history], [
        page.calendar(found.now) for page in found.listings.values()
    ]


def fetch(url: str) -> HTTPResponse:
    return urllib.request.urlopen(url, timeout=5)


def test_the_same_seed_lives_the_same_history_byte_for_byte() -> None:
    """Two worlds of one seed cannot be told apart, and another seed is another world."""
    assert lived(3) == lived(3)
    assert lived(3)[0] != lived(4)[0]


def test_a_lively_world_has_everything_in_it() -> None:
    """Guests book and cancel, hosts close and open, and unread exports let nights be sold twice."""
    history, _ = lived(3)
    for what in (What.SOLD, What.CANCELED, What.CLOSED, What.OPENED):
        assert any(f" {what} " in fact for fact in history)


def test_the_truth_about_double_bookings_is_known() -> None:
    """Two channels that have not read of each other sell one night; the world knows it."""
    found = world()
    found.sell(("airbnb", "sea-view"), SOLD)
    found.sell(("vrbo", "sea-view"), Nights(date(2027, 3, 13), date(2027, 3, 15)))
    assert found.double_sold() == {
        ("sea-view", date(2027, 3, 13)): [("airbnb", "sea-view"), ("vrbo", "sea-view")]
    }


def test_a_channel_reads_its_export_at_its_own_pace() -> None:
    """Between two readings lie the channel's shortest and longest pause."""
    found = world()
    found.temper = Temper(0, 0, 0, 0)
    found.exports = {("airbnb", "sea-view"): "http://export"}
    empty = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nEND:VCALENDAR\r\n"
    found.pass_time(NOW + timedelta(days=3), lambda url, agent: empty)
    times = [fact.at for fact in found.history if fact.what is What.READ]
    pauses = [later - first for first, later in pairwise(times)]
    assert len(times) > 15
    assert all(timedelta(hours=2) <= pause <= timedelta(hours=5) for pause in pauses)


def test_a_channel_keeps_what_it_imported_when_no_export_comes() -> None:
    """An unread export frees nothing at the channel."""
    found = world()
    place = ("vrbo", "sea-view")
    found.exports = {place: "http://export"}
    found.listings[place].imported = [SOLD]
    assert not found.read(place, lambda url, agent: None)
    assert found.listings[place].imported == [SOLD]


def test_every_listing_has_a_feed_on_loopback() -> None:
    """The feed is the listing's calendar, as text/calendar; an unknown room is 404."""
    with ChannelServer(world()).running() as server:
        server.world.sell(("airbnb", "sea-view"), SOLD)
        with fetch(server.feed_url(("airbnb", "sea-view"))) as answer:
            assert answer.headers["Content-Type"].startswith("text/calendar")
            (event,) = Calendar.from_ical(answer.read()).events
        assert event.start == SOLD.arrival
        with pytest.raises(HTTPError, match="404"):
            fetch(server.feed_url(("airbnb", "no-such-room")))


def test_a_channel_can_have_a_bad_day() -> None:
    """An error, an empty body, a page, an empty calendar: so many times, then it is well again."""
    place = ("airbnb", "sea-view")
    with ChannelServer(world()).running() as server:
        server.world.sell(place, SOLD)
        url = server.feed_url(place)
        server.spoil(place, "error")
        server.spoil(place, "empty", times=2)
        with pytest.raises(HTTPError, match="500"):
            fetch(url)
        counts = []
        for _ in range(3):
            with fetch(url) as answer:
                counts.append(len(Calendar.from_ical(answer.read()).events))
    assert counts == [0, 0, 1]
    assert [status for _, status in server.served] == [500, 200, 200, 200]


def test_a_reader_takes_a_calendar_over_http_and_none_from_a_failure() -> None:
    """A reader believes a whole 200 only."""
    place = ("vrbo", "old-mill")
    reader = ExportReader()
    with ChannelServer(world()).running() as server:
        url = server.feed_url(place)
        server.spoil(place, "error")
        assert reader(url, "agent") is None
        assert reader(url, "agent") == server.world.listings[place].calendar(NOW)
    assert reader(url, "agent") is None
