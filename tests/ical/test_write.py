"""An export as text: every reader reads the same, and the same content is the same bytes."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vacancy.domain.nights import Nights
from vacancy.ical.read import ReadSettings, read
from vacancy.ical.write import PRODID, Line, write

HERE = Path(__file__).resolve().parent
MODIFIED = datetime(2027, 5, 1, 12, 0, 0, tzinfo=UTC)
PROOF = bool(os.environ.get("VACANCY_PROOF"))


def line(
    uid: str = "stay_1@house.invalid",
    arrival: date = date(2027, 5, 3),
    stayed: int = 3,
    summary: str = "Reserved",
    sequence: int = 0,
) -> Line:
    nights = Nights(arrival, arrival + timedelta(days=stayed))
    return Line(uid, nights, summary, sequence, MODIFIED)


def written(*lines: Line, name: str = "Sea View") -> str:
    return write(lines, name=name, modified=MODIFIED).decode()


#: Text as a reader must get it back: no control characters, none of the odd ends of a line.
texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\x85"),
    max_size=90,
)
uids = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cc",)), min_size=1
)
days = st.dates(date(1970, 1, 2), date(2199, 1, 1))
seconds = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
lines_ = st.builds(
    lambda uid, day, stayed, summary, sequence, modified: Line(
        uid, Nights(day, day + timedelta(days=stayed)), summary, sequence, modified
    ),
    uids,
    days,
    st.integers(1, 400),
    texts,
    st.integers(0, 2**31 - 1),
    seconds,
)
calendars = st.lists(lines_, max_size=8, unique_by=lambda one: one.uid)


def in_order(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda one: (one.nights, one.uid))


def read_by_icalendar(body: bytes) -> list[Line]:
    calendar = icalendar.Calendar.from_ical(body)
    return [
        Line(
            uid=str(event["UID"]),
            nights=Nights(event["DTSTART"].dt, event["DTEND"].dt),
            summary=str(event["SUMMARY"]),
            sequence=int(event["SEQUENCE"]),
            modified=event["LAST-MODIFIED"].dt,
        )
        for event in calendar.walk("VEVENT")
    ]


def name_read_back(body: bytes) -> str:
    """icalendar knows no type for X-WR-CALNAME and leaves its escapes to the reader."""
    raw = str(icalendar.Calendar.from_ical(body)["X-WR-CALNAME"])
    return re.sub(r"\\(.)", r"\1", raw)


@settings(deadline=None, max_examples=2000 if PROOF else 150)
@given(calendars, texts)
def test_written_then_read_is_the_same(lines: list[Line], name: str) -> None:
    """The parser that most of the field uses reads back what was written, name included."""
    body = write(lines, name=name, modified=MODIFIED)
    assert read_by_icalendar(body) == in_order(lines)
    assert name_read_back(body) == name


def odd_lines(draw: random.Random, count: int) -> list[Line]:
    """Stays with summaries of every kind of letter, as long as a few folds."""
    letters = 'aZ09 ,;:\\"=/@à海ß😀é\u0301\u200d'
    return [
        line(
            f"stay_{at}@house.invalid",
            date(2026, 1, 1) + timedelta(days=draw.randrange(2000)),
            draw.randrange(1, 400),
            "x" + "".join(draw.choices(letters, k=draw.randrange(120))) + "x",
            draw.randrange(10**9),
        )
        for at in range(count)
    ]


def test_an_independent_parser_reads_the_same() -> None:
    """ical.js, run by node, agrees: another language, another author."""
    node = shutil.which("node")
    if node is None or not (HERE.parent / "node_modules" / "ical.js").is_dir():
        pytest.skip("node with ical.js is not here; `npm ci` in tests/ installs it")
    lines = odd_lines(random.Random(5), 2_000 if PROOF else 500)
    body = write(lines, name="Sea View", modified=MODIFIED)
    script = str(HERE / "read_back.mjs")
    told = subprocess.run([node, script], input=body, capture_output=True, check=True, timeout=100)
    read = json.loads(told.stdout)
    assert read["name"] == "Sea View"
    assert all(event["whole_days"] for event in read["events"])
    assert all(event["stamp"] == event["modified"] for event in read["events"])
    assert [
        Line(
            event["uid"],
            Nights(date.fromisoformat(event["arrival"]), date.fromisoformat(event["departure"])),
            event["summary"],
            event["sequence"],
            datetime.fromisoformat(event["modified"]),
        )
        for event in read["events"]
    ] == in_order(lines)


def test_our_own_reader_reads_the_same() -> None:
    """What one house publishes another may poll; every entry is a plain one."""
    lines = odd_lines(random.Random(6), 500)
    body = write(lines, name="Sea View", modified=MODIFIED)
    zone = ZoneInfo("Europe/Lisbon")
    reading = read(body, ReadSettings(zone, date(2027, 5, 1), horizon=date(2040, 1, 1)))
    told = [(one.uid, one.nights, one.summary, one.sequence) for one in reading.entries]
    wanted = [(one.uid, one.nights, one.summary, one.sequence) for one in lines]
    assert sorted(told) == sorted(wanted)
    assert reading.skipped == ()
    assert reading.prodids == (PRODID,)


@settings(deadline=None, max_examples=100)
@given(calendars, texts, st.randoms(use_true_random=False))
def test_the_order_of_stays_does_not_show(lines: list[Line], name: str, draw) -> None:
    """The same stays in another order are the same bytes."""
    shuffled = list(lines)
    draw.shuffle(shuffled)
    assert write(shuffled, name=name, modified=MODIFIED) == write(
        lines, name=name, modified=MODIFIED
    )


@settings(deadline=None, max_examples=100)
@given(calendars, st.text(max_size=200))
def test_every_line_is_crlf_and_at_most_75_octets(lines: list[Line], name: str) -> None:
    """Any name, even with what no calendar may hold, gives lines that every reader takes."""
    body = write(lines, name=name, modified=MODIFIED)
    assert body.endswith(b"\r\n")
    for raw in body[:-2].split(b"\r\n"):
        assert len(raw) <= 75
        assert b"\n" not in raw
        assert b"\r" not in raw
        raw.decode()  # no letter is cut in two


def test_one_stay_in_full() -> None:
    """The whole text of a calendar with one stay."""
    assert written(line()).split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Vacancy//Vacancy Export//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Sea View",
        "LAST-MODIFIED:20270501T120000Z",
        "BEGIN:VEVENT",
        "UID:stay_1@house.invalid",
        "DTSTAMP:20270501T120000Z",
        "LAST-MODIFIED:20270501T120000Z",
        "SEQUENCE:0",
        "DTSTART;VALUE=DATE:20270503",
        "DTEND;VALUE=DATE:20270506",
        "SUMMARY:Reserved",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_no_text_escapes_its_property() -> None:
    """A name with line breaks and calendar words adds no event."""
    body = written(line(), name="x\r\nBEGIN:VEVENT\nUID:evil; a,b\\c\u2028END:VCALENDAR\x00")
    assert body.count("\r\nBEGIN:VEVENT\r\n") == 1
    assert r"X-WR-CALNAME:x\nBEGIN:VEVENT\nUID:evil\; a\,b\\c\nEND:VCALENDAR" in body


def test_a_long_name_is_folded_between_letters() -> None:
    """A fold counts octets, not letters, and the space it adds."""
    name = "Casa das Gaivotas à beira-mar, 海の見える部屋、とても広くて明るい部屋です"
    body = written(name=name)
    assert "\r\n " in body
    assert name_read_back(body.encode()) == name


def test_instants_are_written_in_utc() -> None:
    """A zone of the caller's does not show."""
    there = MODIFIED.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert write([], name="n", modified=there) == write([], name="n", modified=MODIFIED)


def test_an_empty_calendar_is_whole() -> None:
    """Nothing held is a calendar without events, not an empty file."""
    calendar = icalendar.Calendar.from_ical(written().encode())
    assert calendar.walk("VEVENT") == []
