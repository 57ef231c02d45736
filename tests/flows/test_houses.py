"""A house and its rooms, buffers and holds, through the whole of Vacancy."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from calendars import Shown, airbnb, airbnb_block, calendar, vrbo
from flows.house import HouseUnderTest, house
from flows.invariants import broken
from vacancy.domain.claims import Kind
from vacancy.domain.errors import Malformed, NightsTaken, Refused
from vacancy.services import bookings, conflicts, holds
from vacancy.services.taking import Wish
from vacancy.settings import load
from vacancy.store import accounts
from vacancy.store.tables import Claim

#: Another guest, so that no answer is empty.
FAR = airbnb("FAR", "2027-09-01", "2027-09-04")

ROOMS = """
[[units]]
slug = "blue"
timezone = "Europe/Rome"
property = "sea-view"
parent = "sea-view"
exports = ["everyone"]
[[units]]
slug = "red"
timezone = "Europe/Rome"
property = "sea-view"
parent = "sea-view"
[units.feeds]
vrbo = {{ url = "{url}" }}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """A house `sea-view` sold whole at Airbnb, with the rooms `blue` (ours) and `red` (Vrbo)."""
    with house(tmp_path) as opened:
        opened.declare({"airbnb": ""}, ROOMS.format(url=opened.server.url("/vrbo.ics")))
        opened.apply()
        opened.says("airbnb", calendar())
        opened.says("vrbo", calendar(vrbo("old", "2027-01-02", "2027-01-04")))
        opened.poll()
        yield opened


def book(home: HouseUnderTest, unit: str, arrival: str, departure: str, **more: Any) -> str:
    """A direct booking; its id."""
    with home.store.write() as session:
        wish = Wish(unit, bookings.read_nights(arrival, departure), **more)
        return bookings.create(session, account(home), wish, home.at())["id"]


def cancel(home: HouseUnderTest, stay_id: str) -> None:
    with home.store.write() as session:
        bookings.cancel(session, account(home), stay_id, home.at())


def hold(home: HouseUnderTest, unit: str, arrival: str, departure: str, **more: Any) -> str:
    with home.store.write() as session:
        wish = Wish(unit, bookings.read_nights(arrival, departure))
        return holds.create(session, account(home), wish, home.at(), **more)["id"]


def confirm(home: HouseUnderTest, stay_id: str) -> dict[str, Any]:
    with home.store.write() as session:
        return holds.confirm(session, account(home), stay_id, home.at())


def account(home: HouseUnderTest) -> str:
    with home.store.read() as session:
        return accounts.the_account(session).id


def decide(home: HouseUnderTest, act: Any, conflict_id: str, *words: Any) -> dict[str, Any]:
    with home.store.write() as session:
        return act(session, account(home), conflict_id, *words, home.at())


def everyone(home: HouseUnderTest, unit: str) -> str:
    """The unit's export for everyone, as text."""
    from vacancy.publisher.cache import ExportCache
    from vacancy.services import exports

    with home.store.read() as session:
        found = exports.find(
            session, account(home), unit, (home.vault, "http://here"), home.clock.now()
        )
    url = next(one["url"] for one in found["data"] if one["key"] == "everyone")
    cache = ExportCache(home.store)
    cache.look(home.clock.now())
    edition = cache.find(url.rsplit("/", 1)[1].removesuffix(".ics"))
    cache.close()
    assert edition is not None
    return gzip.decompress(cache.kept(edition) or b"").decode()


def lines(body: str, *starts: str) -> list[str]:
    return [line for line in body.split("\r\n") if line.startswith(starts)]


# --- the house and its rooms --------------------------------------------------------------


def test_a_booking_of_the_house_closes_its_rooms_and_is_exported_there(
    home: HouseUnderTest,
) -> None:
    """In the transaction that took it in, under the UID of a derived closure."""
    home.polled(calendar(airbnb("ABC", "2027-02-03", "2027-02-05")))
    (stay,) = [one for one in home.bookings() if one["channel"] == "airbnb"]
    for room in ("blue", "red"):
        body = everyone(home, room)
        assert f"UID:{stay['id']}-unit_" in body
        assert "-linked@" in body
        assert "DTSTART;VALUE=DATE:20270203" in body
        assert "SUMMARY:Blocked" in body
        with pytest.raises(NightsTaken):
            book(home, room, "2027-02-04", "2027-02-06")
    assert broken(home.store, home.vault, home.clock.now()) == []


def test_a_booking_of_a_room_closes_the_house_and_no_other_room(home: HouseUnderTest) -> None:
    """And opens it again as it is canceled."""
    booked = book(home, "blue", "2027-03-01", "2027-03-04")
    assert "20270301" in everyone(home, "sea-view")
    assert "20270301" not in everyone(home, "red")
    with pytest.raises(NightsTaken):
        book(home, "sea-view", "2027-03-03", "2027-03-05")
    other = book(home, "red", "2027-03-01", "2027-03-04")
    cancel(home, booked)
    cancel(home, other)
    assert "20270301" not in everyone(home, "sea-view")
    book(home, "sea-view", "2027-03-03", "2027-03-05")
    assert broken(home.store, home.vault, home.clock.now()) == []


def test_house_and_room_sold_both_are_a_linked_unit_conflict(home: HouseUnderTest) -> None:
    """Both are facts; it ends as one of them is gone by evidence."""
    mine = book(home, "blue", "2027-03-01", "2027-03-04")
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-05")), minutes=1)
    (conflict,) = home.conflicts()
    assert conflict["kind"] == "linked_unit"
    assert conflict["nights"] == ["2027-03-02", "2027-03-03"]
    assert [side["unit"] for side in conflict["sides"]] == ["blue", "sea-view"]
    cancel(home, mine)
    assert home.conflicts() == []
    types = [one["type"] for one in home.events("conflict.opened", "conflict.resolved")]
    assert types == ["conflict.opened", "conflict.resolved"]


def test_a_closure_that_comes_back_in_a_feed_is_not_imported_again(home: HouseUnderTest) -> None:
    """Under its own UID it is an echo at once, and goes as its cause goes."""
    booked = book(home, "blue", "2027-03-01", "2027-03-04")
    body = home.read_export("airbnb").decode()
    (uid,) = [line[4:] for line in lines(body, "UID:") if booked in line]
    home.pass_time(hours=1)
    home.polled(calendar(Shown(uid, "2027-03-01", "2027-03-04", "Airbnb (Not available)")))
    assert [one["channel"] for one in home.bookings(unit="sea-view")] == []
    assert home.conflicts() == []
    cancel(home, booked)
    assert "20270301" not in everyone(home, "sea-view")


def test_a_closure_that_comes_back_under_another_uid_is_an_echo_by_its_nights(
    home: HouseUnderTest,
) -> None:
    """The channel had read it before it showed the nights."""
    book(home, "blue", "2027-03-01", "2027-03-04")
    home.read_export("airbnb")
    home.polled(calendar(), hours=1)
    home.polled(calendar(airbnb_block("2027-03-01", "2027-03-04")), hours=1)
    assert home.bookings(unit="sea-view") == []


def test_a_house_that_sells_rooms_is_full_when_as_many_are_taken(home: HouseUnderTest) -> None:
    """A booking of a room lowers its count."""
    text = home.file.read_text().replace('slug = "sea-view"', 'slug = "sea-view"\ncapacity = 2', 1)
    home.file.write_text(text)
    home.settings = load(home.file, {})
    home.apply()
    book(home, "blue", "2027-03-01", "2027-03-04")
    assert "20270301" not in everyone(home, "sea-view")
    book(home, "red", "2027-03-02", "2027-03-03")
    assert "DTSTART;VALUE=DATE:20270302" in everyone(home, "sea-view")
    with pytest.raises(NightsTaken):
        book(home, "sea-view", "2027-03-02", "2027-03-03")
    book(home, "sea-view", "2027-03-03", "2027-03-04")
    assert broken(home.store, home.vault, home.clock.now()) == []


def test_an_echo_of_a_full_house_follows_whoever_fills_it(home: HouseUnderTest) -> None:
    """The room that was taken first leaves, the house stays full; then it is full no more."""
    home.declare(
        {"airbnb": ""},
        ROOMS.format(url=home.server.url("/vrbo.ics"))
        + '[[units]]\nslug = "green"\ntimezone = "Europe/Rome"\n'
        + 'property = "sea-view"\nparent = "sea-view"\n',
    )
    text = home.file.read_text().replace('slug = "sea-view"', 'slug = "sea-view"\ncapacity = 2', 1)
    home.file.write_text(text)
    home.settings = load(home.file, {})
    home.apply()
    nights = ("2027-03-01", "2027-03-04")
    first, _ = book(home, "blue", *nights), book(home, "green", *nights)
    old = vrbo("old", "2027-01-02", "2027-01-04")
    home.says("vrbo", calendar(old, vrbo("late", *nights)))
    home.poll(minutes=20)
    (last,) = (one["id"] for one in home.bookings(unit="red") if one["arrival"] == nights[0])
    shown = calendar(airbnb_block(*nights), FAR)
    home.read_export("airbnb")
    home.polled(calendar(FAR), hours=1)
    home.polled(shown, hours=1)
    assert home.bookings(unit="sea-view", kind="block") == []
    cancel(home, first)
    home.pass_time(minutes=1)
    home.read_export("airbnb")
    home.polled(shown, hours=1)
    assert causes(home) == [last]
    home.says("vrbo", calendar(old))
    home.poll("red/vrbo", hours=1)
    home.poll("red/vrbo", hours=2)
    home.poll("red/vrbo", hours=7)
    assert home.bookings(unit="sea-view", kind="block") == []
    home.pass_time(minutes=1)
    home.read_export("airbnb")
    home.polled(shown, hours=1)
    assert [one["reason"] for one in home.bookings(unit="sea-view", kind="block")] == ["owner"]


def causes(home: HouseUnderTest) -> list[str]:
    """The stays that the echoes shown at present come from."""
    query = select(Claim.echo_of).where(Claim.echo_of.is_not(None), Claim.status == "live")
    with home.store.read() as session:
        return [key.split("-")[0] for key in session.execute(query).scalars() if key]


def test_a_room_that_leaves_the_house_is_closed_by_it_no_more(home: HouseUnderTest) -> None:
    """And their conflict is over."""
    book(home, "blue", "2027-03-01", "2027-03-04")
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-05")))
    assert len(home.conflicts()) == 1
    home.file.write_text(home.file.read_text().replace('parent = "sea-view"\n', ""))
    home.settings = load(home.file, {})
    home.apply()
    assert home.conflicts() == []
    assert "20270304" not in everyone(home, "blue").replace("20270304\r\nSUMMARY", "")
    book(home, "blue", "2027-03-04", "2027-03-06")


# --- buffers ------------------------------------------------------------------------------


@pytest.fixture
def buffered(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """One unit that is kept free for a night after each guest."""
    with house(tmp_path) as opened:
        opened.declare({"airbnb": "", "vrbo": ""})
        text = opened.file.read_text().replace("timezone", "buffer_after = 1\ntimezone", 1)
        opened.file.write_text(text)
        opened.settings = load(opened.file, {})
        opened.apply()
        opened.says("airbnb", calendar())
        opened.says("vrbo", calendar(vrbo("old", "2027-01-02", "2027-01-04")))
        opened.poll()
        yield opened


def test_a_buffer_is_exported_and_refuses_our_own_wishes(buffered: HouseUnderTest) -> None:
    """The night after the guest, also to the channel that sold the stay; it is held by nobody."""
    buffered.polled(calendar(airbnb("ABC", "2027-02-03", "2027-02-05")))
    assert "-after@" in buffered.exported("airbnb").decode()
    assert "DTSTART;VALUE=DATE:20270205" in buffered.exported("vrbo").decode()
    assert len(buffered.taken()) == 2
    for arrival, departure in (("2027-02-05", "2027-02-07"), ("2027-02-01", "2027-02-03")):
        with pytest.raises(NightsTaken):
            book(buffered, "sea-view", arrival, departure)
    book(buffered, "sea-view", "2027-02-06", "2027-02-07")
    book(buffered, "sea-view", "2027-02-01", "2027-02-02", kind=Kind.BLOCK)
    assert broken(buffered.store, buffered.vault, buffered.clock.now()) == []


def test_a_reservation_on_a_buffer_is_a_turnover_and_holds_its_nights(
    buffered: HouseUnderTest,
) -> None:
    """The buffer hides nothing."""
    buffered.polled(calendar(airbnb("ABC", "2027-02-03", "2027-02-05")))
    buffered.polled(calendar(vrbo("guest", "2027-02-05", "2027-02-08")), "vrbo")
    (conflict,) = buffered.conflicts()
    assert (conflict["kind"], conflict["nights"]) == ("turnover", ["2027-02-05"])
    assert len(buffered.taken()) == 5


# --- holds --------------------------------------------------------------------------------


def test_a_hold_closes_its_nights_and_is_exported_while_it_lives(home: HouseUnderTest) -> None:
    """After a quarter of an hour it is gone, and that is told once."""
    held = hold(home, "blue", "2027-03-01", "2027-03-04")
    assert f"UID:{held}@" in everyone(home, "blue")
    with pytest.raises(NightsTaken):
        book(home, "blue", "2027-03-02", "2027-03-03")
    home.step(minutes=15)
    home.step(minutes=1)
    assert held not in everyone(home, "blue")
    assert "20270301" not in everyone(home, "sea-view")
    assert [one["data"]["id"] for one in home.events("hold.expired")] == [held]
    assert [one["status"] for one in home.bookings(unit="blue")] == ["withdrawn"]


def test_whoever_meets_an_expired_hold_finds_its_nights_free(home: HouseUnderTest) -> None:
    """Before any sweep; and it is told once all the same."""
    held = hold(home, "blue", "2027-03-01", "2027-03-04")
    home.pass_time(minutes=15)
    booked = book(home, "sea-view", "2027-03-02", "2027-03-03")
    home.step(minutes=1)
    assert [one["data"]["id"] for one in home.events("hold.expired")] == [held]
    assert set(home.taken().values()) == {booked}


def test_a_hold_is_confirmed_in_its_time_and_not_after(home: HouseUnderTest) -> None:
    """`hold_expired`, swept or not."""
    first = hold(home, "blue", "2027-03-01", "2027-03-04")
    version = everyone(home, "blue")
    home.pass_time(minutes=14)
    assert confirm(home, first)["status"] == "confirmed"
    assert everyone(home, "blue") == version
    second = hold(home, "blue", "2027-04-01", "2027-04-04")
    home.pass_time(minutes=15)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            confirm(home, second)
        assert refused.value.code == "hold_expired"
        home.step()


def test_a_hold_lasts_a_day_at_most_and_five_are_open_at_once(home: HouseUnderTest) -> None:
    """A sixth waits until one is confirmed, released or gone."""
    with pytest.raises(Malformed):
        hold(home, "blue", "2027-03-01", "2027-03-02", span=timedelta(hours=24, seconds=1))
    held = [hold(home, "blue", f"2027-03-0{day}", f"2027-03-0{day + 1}") for day in range(1, 6)]
    with pytest.raises(Refused) as refused:
        hold(home, "red", "2027-03-07", "2027-03-08")
    assert refused.value.code == "too_many_holds"
    with home.store.write() as session:
        holds.release(session, account(home), held[0], home.at())
    hold(home, "red", "2027-03-07", "2027-03-08", span=timedelta(hours=24))


def test_an_import_over_a_hold_is_a_conflict(home: HouseUnderTest) -> None:
    """Until the hold is gone."""
    hold(home, "sea-view", "2027-03-01", "2027-03-04")
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-05")), minutes=5)
    assert [one["kind"] for one in home.conflicts()] == ["double_booking"]
    home.step(minutes=10)
    assert home.conflicts() == []
    assert len(home.taken()) == 3


# --- deciding about a conflict ------------------------------------------------------------


@pytest.fixture
def clash(home: HouseUnderTest) -> str:
    """The house is sold by us and then at Airbnb: the id of the conflict."""
    book(home, "sea-view", "2027-03-01", "2027-03-04")
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-05"), FAR), minutes=1)
    return home.conflicts()[0]["id"]


def test_a_conflict_shows_the_evidence_of_both_sides(home: HouseUnderTest, clash: str) -> None:
    """Which feed, when, by which rule and key; what is ours rests on no feed."""
    home.pass_time(hours=1)
    with home.store.read() as session:
        told = conflicts.get(session, account(home), clash, home.clock.now())
    ours, theirs = told["sides"]
    assert ours["evidence"] == []
    (proof,) = theirs["evidence"]
    assert (proof["feed"], proof["rule"]) == ("airbnb", "airbnb.link")
    assert proof["first_seen"] == "2027-01-10T09:01:00Z"
    assert told["severity"] == "low"
    assert "airbnb" in told["suggestion"]


def test_keeping_the_other_cancels_our_own_stay_at_once(home: HouseUnderTest, clash: str) -> None:
    """And the waiting stay takes the nights."""
    told = decide(home, conflicts.resolve, clash, "keep_second")
    assert (told["status"], told["resolution"]) == ("resolved", "keep_second")
    assert [one["status"] for one in home.bookings(channel="direct")] == ["canceled"]
    guest, far = home.bookings(channel="airbnb")
    assert set(home.taken().values()) == {guest["id"], far["id"]}


def test_keeping_ours_waits_until_the_channel_has_canceled(
    home: HouseUnderTest, clash: str
) -> None:
    """The imported stay is marked, and the incident is over when it is gone by evidence."""
    told = decide(home, conflicts.resolve, clash, "keep_first")
    guest, _ = home.bookings(channel="airbnb")
    assert (told["status"], told["to_cancel"]) == ("acknowledged", guest["id"])
    assert "cancel it at airbnb" in told["suggestion"]
    home.polled(calendar(FAR), hours=1)
    assert len(home.conflicts()) == 1
    home.polled(calendar(FAR), hours=2)
    assert home.conflicts() == []
    (fact,) = home.events("conflict.resolved")
    assert fact["data"]["resolution"] == "keep_first"


def test_a_snoozed_conflict_returns_by_itself(home: HouseUnderTest, clash: str) -> None:
    """At its time, and that is told."""
    until = home.clock.now() + timedelta(hours=2)
    assert decide(home, conflicts.snooze, clash, until)["status"] == "snoozed"
    home.step(hours=1)
    assert home.conflicts()[0]["status"] == "snoozed"
    home.step(hours=1)
    assert home.conflicts()[0]["status"] == "open"
    statuses = [one["data"]["status"] for one in home.events("conflict.updated")]
    assert statuses == ["snoozed", "open"]
    with pytest.raises(Malformed):
        decide(home, conflicts.snooze, clash, home.clock.now())


@pytest.mark.parametrize("word", ["both_fine", "false_alarm"])
def test_what_is_fine_is_over_until_a_side_changes(
    home: HouseUnderTest, clash: str, word: str
) -> None:
    """Also months later."""
    decide(home, conflicts.acknowledge, clash)
    assert decide(home, conflicts.resolve, clash, word)["status"] == "resolved"
    home.step(hours=1)
    assert home.conflicts() == []
    with pytest.raises(Refused):
        decide(home, conflicts.acknowledge, clash)
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-06"), FAR))
    (again,) = home.conflicts()
    assert (again["id"], again["status"], again["resolution"]) == (clash, "open", None)


def test_a_linked_conflict_is_decided_like_any_other(home: HouseUnderTest) -> None:
    """Our room is given up for the house, and a snooze of it ends as well."""
    book(home, "blue", "2027-03-01", "2027-03-04")
    home.polled(calendar(airbnb("ABC", "2027-03-02", "2027-03-05")), minutes=1)
    (conflict,) = home.conflicts()
    until = home.clock.now() + timedelta(hours=2)
    decide(home, conflicts.snooze, conflict["id"], until)
    home.step(hours=2)
    assert home.conflicts()[0]["status"] == "open"
    told = decide(home, conflicts.resolve, conflict["id"], "keep_second")
    assert told["status"] == "resolved"
    assert home.bookings(unit="blue")[0]["status"] == "canceled"
