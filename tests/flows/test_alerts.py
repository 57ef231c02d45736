"""People are told: one message an incident, one more when it is over, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calendars import airbnb, booking, calendar
from flows.house import NOW, UNIT, HouseUnderTest, house
from flows.serving import declare, free_port, run, serving, until
from hostile import HostileServer
from notifier.receiving import Receiver

FEEDS = {"airbnb": "", "booking_com": ""}
SOLD = ("2027-02-03", "2027-02-06")
SOLD_TWICE = ("2027-02-04", "2027-02-07")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().open() as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path, receiver: Receiver) -> Iterator[HouseUnderTest]:
    """A house that tells one receiver, with two feeds that show nothing."""
    with house(tmp_path, feeds=FEEDS) as opened:
        alerted(opened, receiver.address)
        opened.says("airbnb", calendar())
        opened.says("booking_com", calendar())
        opened.step()
        yield opened


def alerted(home: HouseUnderTest, *addresses: str, more: str = "") -> None:
    home.declare(FEEDS, f"[alerts]\nto = [{', '.join(map(repr, addresses))}]\n{more}")


def sold_twice(home: HouseUnderTest, one: tuple[str, str] = SOLD) -> None:
    """Both channels sold; neither could know of the other's sale."""
    home.says("airbnb", calendar(airbnb("A", *one)))
    home.says("booking_com", calendar(booking(*SOLD_TWICE)))
    home.step(minutes=20)


def test_a_double_booking_is_one_message_and_its_end_another(
    home: HouseUnderTest, receiver: Receiver
) -> None:
    """However often the house looks; in words that say what to do, with nothing of the guest."""
    sold_twice(home)
    for _ in range(5):
        home.step(minutes=20)
    (title,) = receiver.titles
    assert title == "sea-view: Double booking, 2 nights, 2027-02-04 to 2027-02-05"
    body = receiver.messages[0]["message"]
    assert "What to do: " in body
    assert "airbnb" in body
    assert "HM" not in body
    assert "@" not in body
    home.says("airbnb", calendar())
    for _ in range(4):
        home.step(hours=3)
    assert receiver.titles[1:] == [
        "sea-view: Over: double booking, 2 nights, 2027-02-04 to 2027-02-05"
    ]


def test_an_echo_is_no_message(home: HouseUnderTest, receiver: Receiver) -> None:
    """Our own export coming back concerns nobody."""
    home.says("airbnb", calendar(airbnb("A", *SOLD)))
    home.step(minutes=20)
    home.read_export("booking_com")
    home.step(minutes=20)
    home.says("booking_com", calendar(booking(*SOLD)))
    for _ in range(4):
        home.step(minutes=20)
    assert not home.conflicts()
    assert receiver.titles == []


def test_a_worse_incident_is_told_again(home: HouseUnderTest, receiver: Receiver) -> None:
    """More nights are worse, and so is an arrival that comes near with nobody's word."""
    sold_twice(home)
    longer = ("2027-02-03", "2027-02-07")
    home.polled(calendar(airbnb("A", *longer)), "airbnb", minutes=20)
    home.step(minutes=1)
    assert len(receiver.titles) == 2
    assert "Worse: Double booking, 3 nights" in receiver.titles[1]
    home.step(days=18)
    assert len(receiver.titles) == 3
    assert "Worse: " in receiver.titles[2]


def test_quiet_hours_hold_back_what_can_wait(tmp_path: Path, receiver: Receiver) -> None:
    """Told at their end; an arrival within 48 hours is told at night."""
    midnight = datetime(2027, 1, 10, 23, 30, tzinfo=UTC)
    with house(tmp_path, feeds=FEEDS, now=midnight) as home:
        alerted(home, receiver.address, more='quiet = "23:00-07:00"')
        home.says("airbnb", calendar())
        home.says("booking_com", calendar())
        home.step()
        sold_twice(home)
        home.step(hours=2)
        assert receiver.titles == []
        home.step(hours=5)
        assert len(receiver.titles) == 1
    night = datetime(2027, 2, 2, 23, 30, tzinfo=UTC)
    (tmp_path / "near").mkdir()
    with house(tmp_path / "near", feeds=FEEDS, now=night) as home:
        alerted(home, receiver.address, more='quiet = "23:00-07:00"')
        home.says("airbnb", calendar())
        home.says("booking_com", calendar())
        home.step()
        sold_twice(home)
        assert len(receiver.titles) == 2


def test_a_receiver_that_is_down_is_told_when_it_is_back(
    home: HouseUnderTest, receiver: Receiver
) -> None:
    """Tried again after longer and longer, once each; nothing is lost, and polls go on."""
    receiver.status = 503
    sold_twice(home)
    home.step(seconds=5)
    assert receiver.refused == 1
    home.step(seconds=30)
    home.step(seconds=30)
    assert receiver.refused == 2
    home.step(hours=2)
    receiver.status = 200
    report = home.step(hours=2)
    assert report.polls
    home.step(hours=2)
    assert len(receiver.titles) == 1


def test_each_receiver_is_told_for_itself(home: HouseUnderTest, receiver: Receiver) -> None:
    """One that is down repeats nothing to the other; one that is new learns of what stands open."""
    with Receiver().open() as other:
        other.status = 500
        alerted(home, receiver.address, other.address)
        sold_twice(home)
        other.status = 200
        home.step(hours=1)
        assert (len(receiver.titles), len(other.titles)) == (1, 1)
    with Receiver().open() as late:
        alerted(home, receiver.address, late.address)
        home.step(hours=1)
        assert (len(receiver.titles), len(late.titles)) == (1, 1)


def test_a_silent_reader_is_told_and_its_return(home: HouseUnderTest, receiver: Receiver) -> None:
    """`export.unread`, and one more message when it is read again."""
    for _ in range(4):
        home.pass_time(hours=1)
        home.read_export("booking_com")
    home.step(hours=13)
    assert receiver.titles == ["sea-view: nobody reads the booking_com export any more"]
    home.read_export("booking_com")
    home.step(minutes=1)
    home.step(minutes=1)
    assert receiver.titles[1:] == ["sea-view: the booking_com export is read again"]


def test_a_doubted_answer_asks_for_a_word_and_reminds_daily(
    home: HouseUnderTest, receiver: Receiver
) -> None:
    """What a person must decide is asked once, and once a day while it waits."""
    stays = [
        airbnb(c, f"2027-03-0{n}", f"2027-03-0{n + 1}") for n, c in ((1, "A"), (3, "B"), (5, "C"))
    ]
    home.polled(calendar(*stays), "airbnb", minutes=20)
    home.says("airbnb", calendar())
    for _ in range(8):
        home.step(hours=1)
    assert receiver.titles == ["sea-view: the airbnb calendar is not believed"]
    assert f"vacancy feeds accept {UNIT}/airbnb" in receiver.messages[0]["message"]
    for _ in range(20):
        home.step(hours=1)
    assert receiver.titles[1:] == [
        "sea-view: Still waiting for you: the airbnb calendar is not believed"
    ]
    home.says("airbnb", calendar(*stays))
    home.step(hours=1)
    home.step(hours=1)
    assert receiver.titles[2:] == ["sea-view: the airbnb calendar is believed again"]


def test_only_what_was_asked_for_is_told(home: HouseUnderTest, receiver: Receiver) -> None:
    """`on` names the events."""
    alerted(home, receiver.address, more='on = ["feed.gone"]')
    sold_twice(home)
    home.says("airbnb", b"", status=410)
    home.step(hours=1)
    assert receiver.titles == ["sea-view: the airbnb calendar is gone"]


def test_many_at_once_are_one_message(tmp_path: Path, receiver: Receiver) -> None:
    """A host whose whole network was down is not woken forty times."""
    feeds = {f"airbnb_{n}": 'channel = "airbnb"' for n in range(7)}
    with house(tmp_path, feeds={key: f", {more}" for key, more in feeds.items()}) as home:
        home.declare(
            {key: f", {more}" for key, more in feeds.items()},
            f'[alerts]\nto = ["{receiver.address}"]\n',
        )
        for key in feeds:
            home.says(key, b"", status=410)
        home.step()
        assert receiver.titles == ["Vacancy: 7 things to look at"]


def test_the_daemon_tells(tmp_path: Path, receiver: Receiver) -> None:
    """`serve` tells by itself; a daemon started anew repeats nothing; no address is in the log."""
    with HostileServer() as server:
        server.serve("/a.ics", calendar(airbnb("A", *SOLD)))
        server.serve("/b.ics", calendar(booking(*SOLD_TWICE)))
        port = free_port()
        units = {UNIT: {"airbnb": "/a.ics", "booking_com": "/b.ics"}}
        declare(tmp_path, server, port, units, f'[alerts]\nto = ["{receiver.address}"]\n')
        start = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
        with serving(tmp_path, port, VACANCY_NOW=start) as daemon:
            until(lambda: receiver.titles, "a message arrives")
            until(lambda: _told(tmp_path), "it is written down")
            assert daemon.logged("alert.sent")
            assert "secretpath" not in daemon.output
        server.serve("/b.ics", calendar(booking("2027-02-03", "2027-02-07")))
        later = f"{NOW + timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}"
        with serving(tmp_path, port, VACANCY_NOW=later):
            until(lambda: receiver.titles[1:], "the next word arrives")
        assert len(receiver.titles) == 2
        assert "Worse: " in receiver.titles[1]


def _told(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "var" / "vacancy.db")) as database:
        return bool(database.execute("select 1 from alert where told_at is not null").fetchall())


def test_alerts_test_sends_one(tmp_path: Path, receiver: Receiver) -> None:
    """`vacancy alerts test`: exit 0 when it arrived, 1 when not, 2 with nobody to tell."""
    config = tmp_path / "vacancy.toml"
    config.write_text(f'[alerts]\nto = ["{receiver.address}"]\n')
    done = run(tmp_path, "alerts", "test")
    assert (done.returncode, receiver.titles) == (0, ["Vacancy: a test"])
    assert "secretpath" not in done.stdout + done.stderr
    receiver.status = 500
    assert run(tmp_path, "alerts", "test", "--json").returncode == 1
    config.write_text("")
    assert run(tmp_path, "alerts", "test").returncode == 2


@pytest.mark.postgres
def test_alerts_on_postgresql(tmp_path: Path, receiver: Receiver, postgres_url: str) -> None:
    """The same words, the same memory: a double booking, and a reader that stops."""
    with house(tmp_path, feeds=FEEDS, database=postgres_url) as home:
        home.declare(
            FEEDS,
            f'[alerts]\nto = ["{receiver.address}"]\non = ["conflict.opened", "export.unread"]',
        )
        home.says("airbnb", calendar())
        home.says("booking_com", calendar())
        home.step()
        sold_twice(home)
        home.step(minutes=20)
        for _ in range(4):
            home.pass_time(hours=1)
            home.read_export("booking_com")
        home.step(hours=13)
        home.step(hours=1)
        assert [title.partition(",")[0] for title in receiver.titles] == [
            "sea-view: Double booking",
            "sea-view: nobody reads the booking_com export any more",
        ]
