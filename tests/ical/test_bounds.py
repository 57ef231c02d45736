"""No bytes cost more than the bounds allow, or raise anything but a refusal."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ical.bodies import calendar, event, settings, stay
from vacancy.ical.read import NotACalendar, read

EXAMPLES = 8_000 if os.environ.get("VACANCY_PROOF") else 400
SECONDS = 5.0
MEGABYTES = 200
HEAD, TAIL = "BEGIN:VCALENDAR\n", "END:VCALENDAR\n"
DAYS = ("UID:a", "DTSTART:20270101", "DTEND:20270103")


def many(count: int, *lines: str) -> str:
    return HEAD + "".join(event(f"UID:{place}", *lines) + "\n" for place in range(count)) + TAIL


#: Each at most 8 MiB but for the first, which a fetch would have refused already.
HOSTILE = {
    "too many events": lambda: many(300_000, "DTSTART:20270101"),
    "odd events": lambda: many(
        25_000, 'DTSTART;TZID="Eastern Standard Time":20270101T100000', "DTEND:20270103T100000Z"
    ),
    "rules that never occur": lambda: many(
        25_000, "DTSTART:20270101", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    ),
    "old rules with a count": lambda: many(
        25_000, "DTSTART:20000101", "RRULE:FREQ=YEARLY;BYWEEKNO=53;COUNT=9999"
    ),
    "daily rules": lambda: many(5_000, "DTSTART:20200101", "RRULE:FREQ=DAILY"),
    "finer rules": lambda: many(5_000, "DTSTART:20200101", "RRULE:FREQ=SECONDLY;INTERVAL=1"),
    "overrides of one UID": lambda: (
        HEAD
        + "".join(
            event("UID:a", f"RECURRENCE-ID:2027{place:04}", "DTSTART:20270101") + "\n"
            for place in range(25_000)
        )
        + TAIL
    ),
    "excluded days": lambda: (
        HEAD
        + event(*DAYS, "RRULE:FREQ=WEEKLY", *[f"EXDATE:2027{day:04}" for day in range(100_000)])
        + "\n"
        + TAIL
    ),
    "listed days": lambda: (
        HEAD
        + event(*DAYS, "RDATE:" + ",".join(f"{2000 + day % 7000}0101" for day in range(800_000)))
        + "\n"
        + TAIL
    ),
    "one long line": lambda: HEAD + event(*DAYS, "SUMMARY:" + "x" * 8_000_000) + "\n" + TAIL,
    "quotes": lambda: HEAD + event("DTSTART;" + '"' * 4_000_001 + ":20270101") + "\n" + TAIL,
    "parameters": lambda: HEAD + event("DTSTART" + ';A="b"' * 1_000_000 + ":2027") + "\n" + TAIL,
    "deep nesting": lambda: HEAD + "BEGIN:A\n" * 900_000,
    "nested components": lambda: (
        HEAD + event(*["BEGIN:VALARM\nEND:VALARM"] * 300_000) + "\n" + TAIL
    ),
    "folds": lambda: HEAD + event(*DAYS, "SUMMARY:x" + "\n y" * 2_500_000) + "\n" + TAIL,
    "blank lines": lambda: HEAD + "A\n\n" * 2_500_000 + TAIL,
    "stamps": lambda: HEAD + "DTSTAMP:1\n" * 800_000 + TAIL,
    "properties": lambda: HEAD + event(*DAYS, *["X-A:b"] * 1_200_000) + "\n" + TAIL,
    "calendars": lambda: (HEAD + TAIL) * 250_000,
    "no line end": lambda: "BEGIN:VCALENDAR" * 500_000,
}

#: Those that take the most memory.
HEAVY = (
    *("odd events", "excluded days", "one long line", "quotes", "parameters", "folds"),
    *("blank lines", "stamps", "properties", "calendars"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_read_or_refused_in_seconds(name: str) -> None:
    """Under 5 s of CPU each, whatever comes of it."""
    body = HOSTILE[name]().encode()
    started = time.process_time()
    with suppress(NotACalendar):
        read(body, settings())
    assert time.process_time() - started < SECONDS


def test_hostile_bodies_stay_within_the_bound_of_memory() -> None:
    """The heaviest in one process of its own, 200 MB over the body's own size at the most."""
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < MEGABYTES


@pytest.mark.parametrize(("count", "taken"), [(25_000, True), (25_001, False)])
def test_events_are_counted_before_any_is_read(count: int, taken: bool) -> None:
    """The bound of 25,000."""
    body = many(count, "DTSTART:20270101").encode()
    if taken:
        assert read(body, settings()).parsed == count
        return
    with pytest.raises(NotACalendar) as refused:
        read(body, settings())
    assert refused.value.reason == "too_many_events"


SEED = calendar(
    stay("a@airbnb.com", extra=["SEQUENCE:1", "STATUS:CONFIRMED"]),
    event(
        "UID:w", "DTSTART:20261204", "RRULE:FREQ=WEEKLY;BYDAY=FR;UNTIL=20270301", "EXDATE:20261211"
    ),
    event("UID:w", "RECURRENCE-ID:20261218", "DTSTART:20261219", "DURATION:P2D"),
    event("UID:t", 'DTSTART;TZID="Europe/Berlin":20270101T150000', "DTEND:20270103T090000Z"),
    header=["X-WR-TIMEZONE:Europe/Rome"],
)
PIECES = st.sampled_from(
    [
        *(
            b"\n",
            b"\r",
            b"\0",
            b"\xff",
            b":",
            b";",
            b'"',
            b"\\",
            b" ",
            b",",
            b"=",
            b"-",
            b"0",
            b"9",
        ),
        *(b"BEGIN:VEVENT\n", b"END:VEVENT\n", b"END:VCALENDAR\n", b"BEGIN:VCALENDAR\n"),
        *(b"99991231", b"00000000", b"T246060Z", b"INTERVAL=0", b"COUNT=-1", b"FREQ=YEARLY"),
        *(b"BYSETPOS=0", b"BYDAY=-53MO", b"UNTIL=99991231", b"P999999999999W", b"TZID=../../x"),
        *(b"DTSTART:", b"RDATE:20270101/P1D\n", b"RECURRENCE-ID:x\n", b"TZID=Europe/Rome"),
    ]
)


@hypothesis_settings(deadline=None, max_examples=EXAMPLES)
@given(st.binary(max_size=300))
def test_garbage_is_refused_and_raises_nothing_else(body: bytes) -> None:
    """Any bytes, alone and inside a calendar."""
    for whole in (body, b"BEGIN:VCALENDAR\n" + body + b"\nEND:VCALENDAR\n"):
        try:
            read(whole, settings())
        except NotACalendar:
            continue


@hypothesis_settings(deadline=None, max_examples=EXAMPLES)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SEED)), st.integers(0, 8), PIECES), min_size=1, max_size=6
    )
)
def test_damaged_calendars_raise_nothing_else(cuts: list[tuple[int, int, bytes]]) -> None:
    """A whole calendar with pieces taken out and put in at random places."""
    body = SEED
    for place, length, piece in cuts:
        body = body[:place] + piece + body[place + length :]
    try:
        read(body, settings())
    except NotACalendar:
        return


def _grown() -> int:
    """Megabytes that the process grew by over the hostile bodies, beyond the largest body."""
    read(SEED, settings())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest = 0
    for name in HEAVY:
        body = HOSTILE[name]().encode()
        largest = max(largest, len(body))
        with suppress(NotACalendar):
            read(body, settings())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) // 1024 - 2 * largest // 2**20


if __name__ == "__main__":
    sys.stdout.write(str(_grown()))
