"""An entry that is listed, but whose dates cannot be read, is not gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from calendars import Shown, airbnb, booking, calendar
from flows.house import house

STAY = ("2027-02-03", "2027-02-06")


@pytest.mark.parametrize(
    ("line", "damaged"),
    [
        (b"DTSTART;VALUE=DATE:20270203", b"DTSTART;VALUE=DATE:2027O203"),
        (b"DTSTART;VALUE=DATE:20270203", b"X-STARTS:20270203"),
        (b"DTSTART;VALUE=DATE:20270203", b"DTSTART;VALUE=DATE:19270203"),
        (b"DTEND;VALUE=DATE:20270206", b"DTEND;VALUE=DATE:20270106"),
    ],
)
@pytest.mark.parametrize(
    ("key", "entry"), [("airbnb", airbnb("A", *STAY)), ("booking_com", booking(*STAY))]
)
def test_its_nights_stay_taken(
    tmp_path: Path, key: str, entry: Shown, line: bytes, damaged: bytes
) -> None:
    """However often it is shown so; and they are freed as ever once it is listed no more."""
    body = calendar(entry)
    assert line in body
    with house(tmp_path, feeds={key: ""}) as home:
        home.polled(body, key)
        nights = set(home.taken())
        assert len(nights) == 3
        for _ in range(4):
            report = home.polled(body.replace(line, damaged), key, hours=5)
            assert set(home.taken()) == nights
            assert not report.polls[0].changes
        home.polled(body, key, hours=5)
        assert set(home.taken()) == nights
        for _ in range(8):
            home.polled(calendar(), key, hours=5)
        assert not home.taken()
