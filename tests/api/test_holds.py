"""Holds that read the feeds first, and tell how old the word of each is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.asking import ApiHouse
from api.feeding import FedHouse, fed
from calendars import airbnb, calendar, vrbo
from hostile import Exchange
from vacancy.daemon.compose import open_rounds
from vacancy.poller.tools import Polled

HOLDS = "/v1/holds"
STAY = {"arrival": "2027-02-03", "departure": "2027-02-05"}


@pytest.fixture
def api(tmp_path: Path, database: str | None) -> Iterator[FedHouse]:
    """A unit sold at Airbnb and Vrbo, polled five minutes ago."""
    with fed(tmp_path, database) as house:
        unit = house.a_unit()
        for channel in ("airbnb", "vrbo"):
            house.a_feed(unit, channel)
        house.poll()
        house.pass_time(minutes=5)
        yield house


async def _slow(exchange: Exchange) -> None:
    await asyncio.sleep(1.5)
    await exchange.answer(calendar(airbnb("NEW", "2027-05-01", "2027-05-03")))


async def _late(exchange: Exchange) -> None:
    await asyncio.sleep(1)
    await exchange.answer(b"")


def wish(**more: Any) -> dict[str, Any]:
    return {"unit_id": "sea-view", **STAY, "refresh": True, **more}


def sources(hold: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["feed"]: one for one in hold["sources"]}


def test_what_was_just_sold_elsewhere_is_not_held(api: FedHouse) -> None:
    """Without a refresh nobody knows of it yet; with one it is a 409 that names the booking."""
    api.says("vrbo", vrbo("new", "2027-02-04", "2027-02-06"))
    blind = api.post(HOLDS, wish(refresh=False))
    api.ask("DELETE", f"{HOLDS}/{blind['id']}")
    refused = api.ask("POST", HOLDS, wish())
    assert refused.status_code == 409
    (booking,) = api.get("/v1/bookings", channel="vrbo", from_date="2027-02-01")["data"]
    details = refused.json()["error"]["details"]
    assert {"night": "2027-02-04", "booking_id": booking["id"]}.items() <= {
        key: value for one in details for key, value in one.items() if value
    }.items()


def test_each_source_says_how_old_its_word_is(api: FedHouse) -> None:
    """Read again: no seconds old. Not read again: as old as its last good answer."""
    plain = sources(api.post(HOLDS, wish(refresh=False)))
    assert {key: (one["asked"], one["age_seconds"]) for key, one in plain.items()} == {
        "airbnb": (False, 300),
        "vrbo": (False, 300),
    }
    hold = api.post(HOLDS, wish(arrival="2027-02-05", departure="2027-02-06"))
    for one in hold["sources"]:
        assert (one["asked"], one["outcome"], one["age_seconds"]) == (True, "unchanged", 0)
        assert one["last_good_at"] == "2027-01-10T09:05:00Z"
    assert (hold["status"], hold["unit"]) == ("held", "sea-view")


def test_a_feed_that_fails_is_said_and_holds_nothing_up(api: FedHouse) -> None:
    """The hold is placed; whoever asked sees which word is old, and why."""
    api.says("vrbo", status=500)
    told = sources(api.post(HOLDS, wish()))
    failed = told["vrbo"]
    assert (failed["outcome"], failed["reason"], failed["age_seconds"]) == (
        "failed",
        "http_500",
        300,
    )
    assert told["airbnb"]["age_seconds"] == 0


def test_a_feed_that_hangs_is_not_waited_for(tmp_path: Path, database: str | None) -> None:
    """No longer than the bound; its answer may still come."""
    with fed(tmp_path, database, patience=0.3) as api:
        api.a_feed(api.a_unit(), "vrbo")
        api.poll()
        api.pass_time(minutes=5)
        api.server.handle("/vrbo.ics", _late)
        (told,) = api.post(HOLDS, wish())["sources"]
        assert (told["asked"], told["outcome"]) == (True, None)
        assert (told["reason"], told["age_seconds"]) == ("no_answer_in_time", 300)


def test_a_feed_is_asked_once_a_minute(api: FedHouse) -> None:
    """Holds are many, and a channel is not to pay for that."""
    first = api.post(HOLDS, wish())
    before = len(api.server.requests("/airbnb.ics"))
    api.ask("DELETE", f"{HOLDS}/{first['id']}")
    api.pass_time(seconds=59)
    again = sources(api.post(HOLDS, wish()))["airbnb"]
    assert (again["asked"], again["reason"], again["age_seconds"]) == (False, "asked_just_now", 59)
    assert len(api.server.requests("/airbnb.ics")) == before
    api.pass_time(seconds=1)
    api.post(HOLDS, wish(arrival="2027-03-03", departure="2027-03-05"))
    assert len(api.server.requests("/airbnb.ics")) == before + 1


def test_a_channel_that_asks_for_patience_is_left_alone(api: FedHouse) -> None:
    """429 with Retry-After: until then no hold asks it."""
    api.says("vrbo", status=429, headers={"Retry-After": "3600"})
    api.poll()
    api.pass_time(minutes=30)
    told = sources(api.post(HOLDS, wish()))["vrbo"]
    assert (told["asked"], told["reason"]) == (False, "asked_to_wait")


def test_the_feeds_of_a_house_and_its_rooms_are_read_together(api: FedHouse) -> None:
    """What a room sells closes the house."""
    house = api.get("/v1/units/sea-view")
    room = {
        "property_id": house["property_id"],
        "slug": "blue",
        "name": "Blue",
        "parent": "sea-view",
    }
    api.post("/v1/units", room)
    told = api.post(HOLDS, wish(unit_id="blue"))
    assert {one["unit"] for one in told["sources"]} == {"sea-view"}
    api.says("airbnb", airbnb("NEW", "2027-04-01", "2027-04-03"))
    api.pass_time(minutes=2)
    late = wish(unit_id="blue", arrival="2027-04-01", departure="2027-04-03")
    assert api.ask("POST", HOLDS, late).status_code == 409


def test_a_replay_asks_no_feed(api: FedHouse) -> None:
    """The answer of then comes again, sources as they were."""
    headers = {"Idempotency-Key": "one"}
    first = api.ask("POST", HOLDS, wish(), headers=headers)
    asked = len(api.server.requests("/airbnb.ics"))
    api.pass_time(minutes=5)
    again = api.ask("POST", HOLDS, wish(), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["X-Idempotent-Replayed"] == "true"
    assert len(api.server.requests("/airbnb.ics")) == asked


def test_without_a_poller_nobody_is_asked(tmp_path: Path) -> None:
    """It is said, and the hold is placed."""
    api = ApiHouse(tmp_path)
    unit = api.a_unit()
    url = "https://www.airbnb.com/calendar/ical/1.ics?t=abcd"
    api.post("/v1/feeds", {"unit_id": unit["id"], "channel": "airbnb", "url": url})
    (told,) = api.post(HOLDS, wish())["sources"]
    assert (told["reason"], told["age_seconds"]) == ("no_answer_in_time", None)
    api.close()


def test_a_poll_in_flight_is_waited_for_and_not_begun_again(api: FedHouse) -> None:
    """Two holds at once ask a channel once, and both hear what it said."""
    feed_id = api.get("/v1/feeds")["data"][0]["id"]
    api.server.handle("/airbnb.ics", _slow)

    before = len(api.server.requests("/airbnb.ics"))

    async def both() -> list[list[Polled]]:
        async with open_rounds(api.composed(), lambda: None, lambda _: None) as rounds:
            first = asyncio.create_task(rounds.ask([feed_id], 60))
            while len(api.server.requests("/airbnb.ics")) == before:
                await asyncio.sleep(0.01)
            return [await rounds.ask([feed_id], 60), await first]

    told = asyncio.run(both())
    assert len(api.server.requests("/airbnb.ics")) == before + 1
    assert [[one.finished.outcome for one in polled] for polled in told] == [["fresh"], ["fresh"]]
