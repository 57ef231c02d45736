"""A host's day at the terminal, with a channel that answers over loopback HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Host


@dataclass
class Channel:
    """An Airbnb of one listing: the nights it says are reserved, by the day of arrival."""

    port: int = 0
    days: list[int] = field(default_factory=list)
    status: int = 200

    @property
    def body(self) -> bytes:
        entries = "".join(
            "BEGIN:VEVENT\r\n"
            f"UID:1418fb94e984-{day:032x}@airbnb.com\r\n"
            f"DTSTART;VALUE=DATE:202703{day:02}\r\nDTEND;VALUE=DATE:202703{day + 1:02}\r\n"
            "SUMMARY:Reserved\r\nDESCRIPTION:Reservation URL: "
            f"https://www.airbnb.com/hosting/reservations/details/HMABCDEF{day:02}\r\n"
            "END:VEVENT\r\n"
            for day in self.days
        )
        prodid = "PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN"
        return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{prodid}\r\n{entries}END:VCALENDAR\r\n".encode()


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sold(host: Host, channel: Channel) -> Host:
    """The host with that channel as the unit's one feed."""
    host.config(f"""\
[network]
allow_private = ["127.0.0.1:{channel.port}"]
[[units]]
slug = "sea-view"
name = "Sea View"
timezone = "Europe/Lisbon"
[units.feeds]
airbnb = "http://127.0.0.1:{channel.port}/SECRET.ics"
""")
    return host


def polled(host: Host, *words: str) -> dict[str, Any]:
    ran = host.run("poll", *words, "--json")
    assert ran.code == 0
    return ran.document["polls"][0]


def stays(host: Host, *words: str) -> list[dict[str, Any]]:
    return host.run("bookings", *words, "--json").document["data"]


def test_a_step_finds_what_a_command_before_it_made_due(sold: Host, channel: Channel) -> None:
    """Also where both clocks start at one VACANCY_NOW: the later command reads an earlier time."""
    channel.days = [3]
    sold.run("config", "apply")
    assert len(sold.run("step", "--json").document["polls"]) == 1
    assert sold.run("step", "--json").document["polls"] == []


def test_a_step_at_each_interval_finds_the_feed_due(
    sold: Host, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of each command: none is missed for the seconds that a poll takes."""
    channel.days = [3]
    for minutes in range(0, 120, 15):
        at = datetime(2027, 1, 10, 9, tzinfo=UTC) + timedelta(minutes=minutes)
        monkeypatch.setenv("VACANCY_NOW", at.isoformat())
        assert len(sold.run("step", "--json").document["polls"]) == 1, minutes


@pytest.mark.parametrize(("minutes", "status"), [(59, "missing"), (60, "withdrawn")])
def test_an_hour_is_an_hour_of_the_commands(
    sold: Host, channel: Channel, monkeypatch: pytest.MonkeyPatch, minutes: int, status: str
) -> None:
    """Two polls an hour apart are two absences over an hour, however fast each was answered."""
    channel.days = [3, 9]
    polled(sold)
    channel.days = [9]
    for past in (1, 1 + minutes):
        at = datetime(2027, 1, 10, 10, tzinfo=UTC) + timedelta(minutes=past)
        monkeypatch.setenv("VACANCY_NOW", at.isoformat())
        polled(sold)
    assert [one["status"] for one in stays(sold) if one["arrival"] == "2027-03-03"] == [status]


def test_a_poll_brings_stays(sold: Host, channel: Channel) -> None:
    """Printed as changes, listed as bookings with their UIDs; again, nothing changes."""
    channel.days = [3, 5]
    first = polled(sold, "sea-view")
    assert (first["outcome"], [one["change"] for one in first["changes"]]) == (
        "fresh",
        ["created", "created"],
    )
    found = stays(sold, "--channel", "airbnb")
    assert [(one["arrival"], len(one["uids"])) for one in found] == [
        ("2027-03-03", 1),
        ("2027-03-05", 1),
    ]
    assert polled(sold, "airbnb")["outcome"] == "unchanged"


def test_a_booking_over_an_imported_stay_is_refused(sold: Host, channel: Channel) -> None:
    """And an imported stay is not canceled here: it is read-only."""
    channel.days = [3]
    polled(sold)
    assert sold.run("book", "sea-view", "2027-03-03", "2027-03-04").code == 1
    ran = sold.run("cancel", stays(sold)[0]["id"])
    assert ran.code == 1
    assert "came from airbnb" in ran.err


def test_a_released_stay_is_reinstated_when_seen_again(sold: Host, channel: Channel) -> None:
    """Withdrawn now, its night free; the next answer that shows it brings it back."""
    channel.days = [3]
    polled(sold)
    stay = stays(sold)[0]["id"]
    released = sold.run("release", stay, "--json").document
    assert (released["id"], released["status"]) == (stay, "withdrawn")
    assert sold.run("calendar", "--json").document["data"][0]["nights"] == []
    assert sold.run("release", stay).code == 1
    channel.days = [3, 9]
    polled(sold)
    back = {one["arrival"]: one for one in stays(sold, "--status", "confirmed")}
    assert back["2027-03-03"]["id"] == stay


@pytest.mark.parametrize(("word", "kept"), [("accept", "accepted"), ("reject", "rejected")])
def test_a_suspicious_answer_is_decided(sold: Host, channel: Channel, word: str, kept: str) -> None:
    """Nights are held until the host says; either word ends the doubt, once."""
    channel.days = [1, 3, 5, 7, 9]
    polled(sold)
    channel.days = [3]
    held = polled(sold)
    assert held["outcome"] == "suspicious"
    assert len(sold.run("calendar", "--json").document["data"][0]["nights"]) == 5
    told = sold.run("feeds", word, "airbnb", "--json")
    assert told.code == 0
    assert told.document["doubt"]["decision"] == kept
    assert sold.run("feeds", word, "airbnb").code == 1


def test_a_failed_poll_exits_1_and_prints_its_document(sold: Host, channel: Channel) -> None:
    """Nothing is lost; the doctor says what to look at."""
    channel.days = [3]
    polled(sold)
    channel.status = 500
    ran = sold.run("poll", "--json")
    assert (ran.code, ran.document["polls"][0]["outcome"]) == (1, "failed")
    told = sold.run("poll").out.splitlines()
    assert any(line.startswith("sea-view/airbnb: ") and "500" in line for line in told)
    assert len(stays(sold)) == 1
    assert "look  feed sea-view/airbnb" in sold.run("doctor").out
    assert sold.run("poll", "nowhere").code == 2


def test_a_retired_feed_keeps_its_stays_until_released(sold: Host, channel: Channel) -> None:
    """Out of the config, its stay stands; a person can release it."""
    channel.days = [3]
    polled(sold)
    text = (sold.folder / "vacancy.toml").read_text()
    sold.config(text[: text.index("airbnb = ")])
    assert "retire feed sea-view/airbnb" in sold.run("config", "apply").out
    stay = stays(sold)[0]
    assert stay["status"] == "confirmed"
    assert sold.run("release", stay["id"], "--json").document["status"] == "withdrawn"
