"""`vacancy demo` tells a story with the real product in it, and says so when it fails."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from api.page import Call, calls
from vacancy import daemon
from vacancy.clock import SystemClock
from vacancy.simulator import demo

DAYS = 2 if os.environ.get("VACANCY_PROOF") else 1
VACANCY = [sys.executable, "-m", "vacancy"]


def told(day: datetime) -> tuple[int, str]:
    printed = io.StringIO()
    console = Console(file=printed, width=200)
    return demo.run(once=True, clock=SystemClock(day), console=console), printed.getvalue()


def test_the_story_goes_as_told() -> None:
    """`--once`: a reservation, a cancellation, a double booking, exports read back; exit 0.

    In less than 30 s of the processor: whoever tries it is not kept waiting.
    """
    before = os.times()
    done = subprocess.run(
        [*VACANCY, "demo", "--once"], check=False, capture_output=True, text=True, timeout=110
    )
    after = os.times()
    assert done.returncode == 0, done.stdout + done.stderr
    text = " ".join(done.stdout.split())
    for sentence in (
        "✓ the exports for Booking.com and Vrbo hold it",
        "✓ absent from good answers for 60 minutes, it is withdrawn",
        "✓ a double booking is reported, once, with the two nights shared",
        "✓ each channel's reading is on record",
        "The story went as told",
    ):
        assert sentence in text
    assert "✗" not in text
    assert after.children_user - before.children_user < 30


@pytest.mark.parametrize("day", ["2027-03-27T23:30:00+00:00", "2028-02-28T05:00:00+00:00"][:DAYS])
def test_the_story_goes_as_told_on_any_day(day: str) -> None:
    """Also before the hour changes, and across a leap day."""
    code, text = told(datetime.fromisoformat(day))
    assert code == 0, text


def test_a_story_that_does_not_come_true_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that does nothing is found out at once."""

    class Nothing:
        def document(self) -> dict:
            return {"polls": [], "conflicts": []}

    monkeypatch.setattr(daemon, "step", lambda *house: Nothing())
    code, text = told(datetime(2027, 3, 1, tzinfo=UTC))
    assert code == 1
    assert "✗ all six feeds gave a good answer" in text
    assert "did not go as told" in text


def test_without_once_the_daemon_takes_over_until_it_is_stopped() -> None:
    """After the story the exports are served, every call of docs/api.md works, and Ctrl-C ends it
    with 0.
    """
    process = subprocess.Popen(
        [*VACANCY, "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        lines: list[str] = []
        assert process.stdout is not None
        while not any("KEY: vac_" in line for line in lines):
            lines.append(process.stdout.readline())
            assert lines[-1], "".join(lines)
        url = next(line for line in lines if "Old Mill: http" in line).split(": ")[1].strip()
        assert b"BEGIN:VCALENDAR" in eventually(url)
        address = url.split("/ical/")[0]
        assert b"alive" in eventually(f"{address}/livez")
        key = lines[-1].split(": ")[1].strip()
        day = datetime.now(UTC).date() + timedelta(days=300)
        made = [ask(address, one) for one in calls(key, f"{day}", f"{day + timedelta(days=2)}")]
        assert "Ana Silva" in made[-3]
        assert {one["outcome"] for one in json.loads(made[4])["sources"]} <= {"unchanged", "fresh"}
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()


def ask(address: str, call: Call) -> str:
    """What the API answers to one call, which must succeed."""
    body = None if call.body is None else call.body.encode()
    wish = urllib.request.Request(f"{address}{call.path}", body, call.headers, method=call.method)
    with urllib.request.urlopen(wish, timeout=30) as answer:
        return answer.read().decode()


def eventually(url: str) -> bytes:
    """What an address says once someone listens there."""
    for _ in range(400):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nobody listens")
