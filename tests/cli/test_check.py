"""`vacancy check` reads a feed as the poller would, and stores nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Host

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN\r\n"
    "BEGIN:VEVENT\r\nUID:1418fb94e984-0123456789abcdef0123456789abcdef@airbnb.com\r\n"
    "DTSTART;VALUE=DATE:20270203\r\nDTEND;VALUE=DATE:20270205\r\nSUMMARY:Reserved\r\n"
    "DESCRIPTION:Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMABCDEFGH\r\n"
    "END:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:1418fb94e984-1123456789abcdef0123456789abcdef@airbnb.com\r\n"
    "DTSTART;VALUE=DATE:20260203\r\nDTEND;VALUE=DATE:20260205\r\nSUMMARY:Reserved\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def address() -> Iterator[str]:
    """A feed over loopback HTTP, at a secret path; any other path is 404."""

    class Channel(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/SECRET.ics"
            self.send_response(200 if found else 404)
            self.end_headers()
            if found:
                self.wfile.write(CALENDAR.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Channel)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_read_without_a_config(host: Host) -> None:
    """Live claims only, with kind, code and rule; no store is made."""
    (host.folder / "vacancy.toml").unlink()
    (host.folder / "feed.ics").write_text(CALENDAR)
    ran = host.run("check", "feed.ics", "--json")
    assert ran.code == 0
    told = ran.document
    assert (told["provider"], told["complete"], told["outcome"]) == ("airbnb", True, "fresh")
    assert [
        (one["kind"], one["arrival"], one["departure"], one["reservation_code"])
        for one in told["claims"]
    ] == [("reservation", "2027-02-03", "2027-02-05", "HMABCDEFGH")]
    assert (told["skipped"], told["warnings"]) == ([], [])
    assert "2027-02-03" in host.run("check", "feed.ics").out
    assert not (host.folder / "var").exists()


def test_the_day_decides_what_is_live(host: Host) -> None:
    """Departure on or after `--today`."""
    (host.folder / "feed.ics").write_text(CALENDAR)
    for day, count in (("2026-02-05", 2), ("2026-02-06", 1), ("2027-02-06", 0)):
        ran = host.run("check", "feed.ics", "--today", day, "--json")
        assert len(ran.document["claims"]) == count


def test_what_was_canceled_is_not_live(host: Host) -> None:
    """It is told among what was left out, with its reason."""
    canceled = CALENDAR.replace("END:VEVENT", "STATUS:CANCELLED\nEND:VEVENT")
    (host.folder / "feed.ics").write_text(canceled)
    told = host.run("check", "feed.ics", "--json").document
    assert told["claims"] == []
    assert {one["why"] for one in told["skipped"]} == {"canceled by the channel (STATUS)"}
    assert "canceled by the channel" in host.run("check", "feed.ics").out


def test_free_and_busy_times_are_warned_of(host: Host) -> None:
    """They close nothing, and so must not be taken for a calendar of stays in silence."""
    times = "BEGIN:VFREEBUSY\nFREEBUSY:20270203T000000Z/20270205T000000Z\nEND:VFREEBUSY\n"
    (host.folder / "feed.ics").write_text(
        CALENDAR.replace("END:VCALENDAR", f"{times}END:VCALENDAR")
    )
    (warning,) = host.run("check", "feed.ics", "--json").document["warnings"]
    assert "VFREEBUSY" in warning


def test_a_calendar_without_entries_tells_who_made_it(host: Host) -> None:
    """By its PRODID: an empty calendar of Airbnb is Airbnb's all the same."""
    head, _, rest = CALENDAR.partition("BEGIN:VEVENT")
    (host.folder / "feed.ics").write_text(
        head + "END:VCALENDAR" + rest.rpartition("END:VCALENDAR")[2]
    )
    told = host.run("check", "feed.ics", "--json").document
    assert (told["provider"], told["outcome"], told["claims"]) == ("airbnb", "fresh", [])


def test_what_is_no_calendar_fails(host: Host) -> None:
    """Exit 1, a stable reason and a sentence; a channel's unknown word is no mistake."""
    (host.folder / "page.html").write_text("<html>Sign in</html>")
    ran = host.run("check", "page.html", "--channel", "anything", "--json")
    assert ran.code == 1
    assert (ran.document["outcome"], ran.document["complete"]) == ("failed", False)
    assert ran.document["reason"] == "html"
    assert "web page" in host.run("check", "page.html").out


def test_an_address_is_asked_as_the_poller_asks(host: Host, address: str) -> None:
    """Private ones only where the config allows them; the address is never shown."""
    refused = host.run("check", f"{address}/SECRET.ics", "--json")
    assert refused.code == 1
    assert refused.document["reason"].startswith("forbidden_")
    host.config(f'[network]\nallow_private = ["{address.removeprefix("http://")}"]\n')
    ran = host.run("check", f"{address}/SECRET.ics", "--json")
    assert ran.code == 0
    assert len(ran.document["claims"]) == 1
    gone = host.run("check", f"{address}/gone.ics", "--json")
    assert (gone.code, gone.document["reason"]) == (1, "http_404")
    assert (gone.document["outcome"], gone.document["complete"]) == ("gone", False)


@pytest.mark.skipif(not SHARED.exists(), reason="the real calendars of ../shared are not here")
def test_every_real_file_reads_as_expected(host: Host) -> None:
    """Kind, arrival and departure of each live event, from the command line."""
    read = 0
    for name, expected in json.loads((SHARED / "EXPECTED.json").read_text()).items():
        words = ["check", str(SHARED / name), "--today", expected["fetched_on"], "--json"]
        words += ["--timezone", expected["property_timezone"]]
        if name.startswith("wimdu"):
            words.append("--end-is-last-night")
        ran = host.run(*words)
        assert [
            (one["kind"], one["arrival"], one["departure"])
            for one in _in_order(ran.document["claims"])
        ] == [
            (one["kind"], one["arrival"], one["departure"]) for one in _in_order(expected["expect"])
        ], name
        read += 1
    assert read == len(list(SHARED.glob("*.ics"))) + len(list(SHARED.glob("*.txt")))


def _in_order(events: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(events, key=lambda one: (one["arrival"], one["departure"], one["kind"]))
