"""What a feed shows when it is first read is judged once, and the same from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from calendars import Shown, airbnb, calendar
from flows.house import house

BUSY = Shown("x1@example.org", "2027-02-03", "2027-02-06", "Busy")
SOLD = airbnb("FEB", "2027-02-03", "2027-02-06")


@pytest.mark.parametrize("connected_later", [False, True])
def test_what_was_there_at_the_first_reading_is_no_incident_that_ends_by_itself(
    tmp_path: Path, connected_later: bool
) -> None:
    """It repeats what was sold for all anybody knows: the host is told, and midnight changes it
    no more.
    """
    with house(tmp_path) as home:
        home.says("airbnb", calendar(SOLD))
        home.says("other", calendar(BUSY, prodid="-//x//EN"))
        if connected_later:
            home.step()
        home.declare({"airbnb": "", "other": ""})
        home.apply()
        report = home.step(minutes=20)
        assert any("look whether a guest booked there" in one.text for one in report.polls)
        home.step(hours=16)
        assert home.events("conflict.opened", "conflict.resolved", "block.updated") == []
