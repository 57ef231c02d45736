"""When a person is due a word of an incident, and when it must wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from vacancy.domain.alerts import (
    Standing,
    Told,
    Word,
    is_pressing,
    next_word,
    quiet_until,
    wait_after,
)

NOW = datetime(2027, 1, 10, 9, tzinfo=UTC)
ON = frozenset({"conflict.opened"})
OPEN = Standing(2, "conflict.opened", "conflict.resolved", frozenset({"2027-02-03"}))
OVER = replace(OPEN, level=0)
TOLD = Told(2, OPEN.extent, NOW)


@pytest.mark.parametrize(
    ("standing", "told", "word"),
    [
        (OPEN, None, Word.OPENED),
        (OPEN, TOLD, None),
        (replace(OPEN, level=3), TOLD, Word.WORSE),
        (replace(OPEN, level=1), TOLD, None),
        (replace(OPEN, level=3, known=True), TOLD, None),
        (replace(OPEN, extent=OPEN.extent | {"2027-02-04"}, known=True), TOLD, Word.WORSE),
        (replace(OPEN, extent=frozenset()), TOLD, None),
        (replace(OPEN, reminded_at=NOW + timedelta(hours=24)), TOLD, Word.REMINDER),
        (replace(OPEN, reminded_at=NOW), TOLD, None),
        (OVER, TOLD, Word.OVER),
        (OVER, None, None),
        (OVER, Told(0, OPEN.extent, NOW), None),
        (OPEN, Told(0, OPEN.extent, NOW), Word.OPENED),
        (replace(OPEN, type="feed.failing"), None, None),
        (replace(OVER, over_type="conflict.opened"), None, Word.OVER),
    ],
)
def test_one_word_when_it_opens_gets_worse_or_is_over(
    standing: Standing, told: Told | None, word: Word | None
) -> None:
    """And none in between, nor for what nobody asked to hear of."""
    assert next_word(standing, told, ON) is word


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2027-01-10T21:59:00+00:00", None),
        ("2027-01-10T22:00:00+00:00", "2027-01-11T06:00:00+00:00"),
        ("2027-01-11T03:00:00+00:00", "2027-01-11T06:00:00+00:00"),
        ("2027-01-11T06:00:00+00:00", None),
        # The night in which Rome's clocks go forward ends an hour earlier.
        ("2027-03-27T22:30:00+00:00", "2027-03-28T05:00:00+00:00"),
    ],
)
def test_quiet_hours_are_the_units_own(at: str, ends: str | None) -> None:
    """Over midnight and over a change of clocks, in the unit's zone."""
    until = quiet_until("23:00-07:00", "Europe/Rome", datetime.fromisoformat(at))
    assert until == (None if ends is None else datetime.fromisoformat(ends))


def test_quiet_hours_may_lie_within_a_day() -> None:
    """13:00-15:00 is quiet at two, and not at night."""
    two, night = NOW.replace(hour=13), NOW.replace(hour=23)
    assert quiet_until("13:00-15:00", "Europe/Rome", two) is not None
    assert quiet_until("13:00-15:00", "Europe/Rome", night) is None
    assert quiet_until(None, "Europe/Rome", night) is None


def test_an_arrival_within_48_hours_is_pressing() -> None:
    """Counted to the midnight that its day begins with; one that has begun is pressing too."""
    assert is_pressing(date(2027, 1, 12), "Europe/Rome", NOW)
    assert is_pressing(date(2027, 1, 9), "Europe/Rome", NOW)
    assert not is_pressing(date(2027, 1, 13), "Europe/Rome", NOW)
    assert not is_pressing(None, "Europe/Rome", NOW)


def test_the_wait_doubles_and_ends_at_an_hour() -> None:
    """However often it was in vain."""
    waits = [wait_after(tries) for tries in (0, 1, 2, 3, 8, 1000)]
    seconds = [wait.total_seconds() for wait in waits]
    assert seconds == [30, 30, 60, 120, 3600, 3600]
