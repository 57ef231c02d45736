"""Why a night is taken or free: the whole chain of evidence, in facts and in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from calendars import airbnb, airbnb_block, booking, calendar
from flows.house import UNIT, HouseUnderTest, house
from flows.serving import run
from vacancy.services import bookings, explain
from vacancy.store import accounts

FEEDS = {"airbnb": "", "booking_com": ""}
SOLD = ("2027-02-03", "2027-02-06")
NIGHT = "2027-02-04"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """A house with two feeds that show nothing, asked a moment ago."""
    with house(tmp_path, feeds=FEEDS) as opened:
        opened.says("airbnb", calendar())
        opened.says("booking_com", calendar())
        opened.poll()
        yield opened


def explained(home: HouseUnderTest, night: str = NIGHT) -> dict[str, Any]:
    with home.store.read() as session:
        account = accounts.the_account(session)
        wanted = date.fromisoformat(night)
        return explain.find(session, account.id, UNIT, wanted, home.clock.now())


def words(home: HouseUnderTest, night: str = NIGHT) -> str:
    return "\n".join(explained(home, night)["words"])


def test_a_taken_night_names_its_claim_feed_fetch_and_rule(home: HouseUnderTest) -> None:
    """Which feed said so, first and last when, in which poll, and which rule decided its kind."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    first = home.clock.now()
    home.poll(minutes=20)
    told = explained(home)
    (stay,) = told["stays"]
    (claim,) = stay["claims"]
    assert (told["taken"], told["holder"], stay["role"]) == (True, stay["id"], "holds")
    assert claim["rule"] == "airbnb.link"
    assert claim["first_seen"] == f"{first:%Y-%m-%dT%H:%M:%SZ}"
    assert claim["last_seen"] == f"{home.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert claim["first_poll"].startswith("poll_")
    text = words(home)
    assert f"The night of {NIGHT} in sea-view is taken, by the airbnb reservation" in text
    assert "1418fb94…@airbnb.com" in text
    assert claim["uid"] not in text


def test_who_waits_and_the_conflict_are_told(home: HouseUnderTest) -> None:
    """Both sides of a double booking, the holder first."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    home.polled(calendar(booking(*SOLD)), "booking_com", minutes=20)
    told = explained(home)
    assert [(one["channel"], one["role"]) for one in told["stays"]] == [
        ("airbnb", "holds"),
        ("booking_com", "waits"),
    ]
    assert [one["kind"] for one in told["conflicts"]] == ["double_booking"]
    assert "takes it when the holder leaves" in words(home)


def test_an_echo_is_told_with_its_proof(home: HouseUnderTest) -> None:
    """Which version the channel had read, and when, before it showed the night."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    home.pass_time(minutes=5)
    home.read_export("booking_com")
    read_at = f"{home.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    home.poll(minutes=20)
    home.polled(calendar(booking(*SOLD)), "booking_com", minutes=20)
    told = explained(home)
    (echo,) = told["echoes"]
    version = home.exports()["booking_com"]["version"]
    assert echo["proof"] == {"by": "read_before", "version": version, "read_at": read_at}
    assert echo["echo_of"] == told["holder"]
    export = next(one for one in told["exports"] if one["export"] == "booking_com")
    assert (export["holds_it"], export["read_at"]) == (True, read_at)
    assert not next(one for one in told["exports"] if one["export"] == "airbnb")["holds_it"]
    assert "such an echo holds nothing" in words(home)


def test_a_freed_night_says_by_which_evidence(home: HouseUnderTest) -> None:
    """How many good answers lacked the stay since when, and which poll freed it."""
    other = airbnb("B", "2027-05-01", "2027-05-04")
    home.polled(calendar(airbnb("A", *SOLD), other), "airbnb", minutes=20)
    home.polled(calendar(other), "airbnb", minutes=20)
    missing = f"{home.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert "It is missing since" in words(home)
    home.poll(minutes=61)
    told = explained(home)
    assert not told["taken"]
    (stay,) = told["stays"]
    (claim,) = stay["claims"]
    assert (stay["role"], stay["status"], claim["ended_by"]) == ("ended", "withdrawn", "absence")
    assert (claim["absences"], claim["missing_since"]) == (2, missing)
    assert claim["ended_poll"].startswith("poll_")
    assert f"2 good answers lacked it, the first on {missing}" in words(home)


def test_a_persons_word_is_told(home: HouseUnderTest) -> None:
    """A stay that somebody released says so."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    with home.store.write() as session:
        account = accounts.the_account(session)
        holder = explained(home)["holder"]
        bookings.release(session, account.id, holder, home.at())
    assert "a person said that it is gone" in words(home)


def test_nights_that_a_stay_left_are_told(home: HouseUnderTest) -> None:
    """The reservation stands, on other nights: the journal knows since when."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    home.polled(calendar(airbnb("A", "2027-02-10", "2027-02-12")), "airbnb", minutes=20)
    told = explained(home)
    assert not told["taken"]
    assert [one["type"] for one in told["history"]] == ["booking.created", "booking.updated"]
    assert "(before: 2027-02-03 to 2027-02-06)" in words(home)


def test_a_night_that_nobody_ever_took(home: HouseUnderTest) -> None:
    """What each feed shows of it, and when it last said so."""
    told = explained(home)
    assert (told["taken"], told["stays"], told["history"]) == (False, [], [])
    assert "is free: no stay on record holds it." in words(home)
    assert "The airbnb feed shows nothing on it; last good answer 2027-01-10" in words(home)


def test_a_channels_setting_is_no_stay(home: HouseUnderTest) -> None:
    """A booking window's tail lies over a free night, and is told as what it is."""
    tail = airbnb_block("2027-07-09", "2028-01-10")
    home.polled(calendar(airbnb("A", *SOLD), tail), "airbnb", minutes=20)
    assert "a setting of that channel over it (rule_window" in words(home, "2027-09-01")


def test_a_doubted_answer_keeps_the_night(home: HouseUnderTest) -> None:
    """Held by a doubt: since when, and that nothing was freed."""
    months = ("03", "04", "05")
    sold = [airbnb(c, f"2027-{m}-03", f"2027-{m}-06") for c, m in zip("ABC", months, strict=True)]
    home.polled(calendar(*sold), "airbnb", minutes=20)
    home.polled(calendar(), "airbnb", minutes=20)
    told = explained(home, "2027-03-04")
    (claim,) = told["stays"][0]["claims"]
    assert claim["doubted_since"] == f"{home.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert "lack it and are not believed" in words(home, "2027-03-04")


def test_the_command_prints_words_or_one_document(home: HouseUnderTest) -> None:
    """`vacancy explain UNIT DATE`."""
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=20)
    done = run(home.folder, "explain", UNIT, NIGHT, VACANCY_NOW="2027-01-10T12:00:00Z")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The night of {NIGHT} in sea-view is taken")
    assert run(home.folder, "explain", UNIT, "someday").returncode == 2


def test_a_night_that_is_over_was_taken(home: HouseUnderTest) -> None:
    """While the guest is still in, and after the stay is over."""
    home.polled(calendar(airbnb("A", "2027-01-12", "2027-01-15")), "airbnb", minutes=20)
    for days, role in ((3, ("holds", "held")), (30, ("held",))):
        home.polled(calendar(), "airbnb", days=days)
        told = explained(home, "2027-01-12")
        assert told["stays"][0]["role"] in role
        assert told["past"]
        assert "taken, by the airbnb reservation 2027-01-12" in told["words"][0]
