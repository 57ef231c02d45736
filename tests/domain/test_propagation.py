"""A reader's habit, its silence, and how long a stay was unknown to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vacancy.domain.nights import Nights
from vacancy.domain.propagation import (
    Exposure,
    Habit,
    Visits,
    habit,
    main_reader,
    readers_of_channel,
)

NOW = datetime(2027, 1, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def visits(*hours: float) -> list[Visits]:
    """A visit at each of these hours, each to a version of its own."""
    return [Visits(n, NOW + h * HOUR, NOW + h * HOUR) for n, h in enumerate(hours, start=1)]


def a_habit(*hours: float) -> Habit:
    found = habit(visits(*hours))
    assert found is not None
    return found


def test_too_few_visits_are_no_habit() -> None:
    """Twice may have been a person trying the address."""
    assert habit([]) is None
    assert a_habit(0, 1).silent_from is None
    assert a_habit(0, 1, 2).usual == HOUR


def test_silence_is_four_intervals_but_at_least_twelve_hours() -> None:
    """Of a quick reader, and of a slow one."""
    quick, slow = a_habit(0, 1, 2, 3), a_habit(0, 8, 16, 24)
    assert quick.silent_from == quick.last_at + 12 * HOUR
    assert slow.silent_from == slow.last_at + 32 * HOUR


def test_one_long_gap_is_no_habit() -> None:
    """An outage of two days among many readings changes nothing."""
    found = a_habit(*range(10), *range(58, 68))
    assert (found.median, found.usual) == (HOUR, HOUR)


@given(st.lists(st.floats(0, 1000), min_size=3, max_size=30))
def test_the_usual_interval_lies_between_the_median_and_the_longest(hours: list[float]) -> None:
    """Whatever the visits; and none is below zero."""
    found = a_habit(*hours)
    ordered = sorted(NOW + h * HOUR for h in hours)
    longest = max(after - before for before, after in pairwise(ordered))
    assert found.median is not None
    assert found.usual is not None
    assert timedelta() <= found.median <= found.usual <= longest


def test_exposure_runs_until_it_was_read_or_withdrawn() -> None:
    """In minutes; of one not known there, until now."""
    nights = Nights(date(2027, 2, 3), date(2027, 2, 5))
    waiting = Exposure("stay_1", nights, NOW, None, None)
    read = Exposure("stay_1", nights, NOW, NOW + HOUR, NOW + HOUR)
    assert waiting.minutes(NOW + 2 * HOUR) == 120
    assert read.minutes(NOW + 2 * HOUR) == 60
    assert waiting.minutes(NOW - HOUR) == 0


@dataclass(frozen=True)
class Read:
    reader: str
    first_at: datetime
    last_at: datetime
    count: int = 1


def test_a_reader_with_a_new_name_is_the_channel_still() -> None:
    """One that came only after the main reader's last visit goes on for it; a phone does not."""
    read = [
        Read("Airbnb", NOW, NOW + 50 * HOUR, 40),
        Read("phone", NOW + 10 * HOUR, NOW + 60 * HOUR, 3),
        Read("Airbnb Importer", NOW + 52 * HOUR, NOW + 54 * HOUR, 2),
    ]
    assert main_reader(read) == "Airbnb"
    assert readers_of_channel(read) == {"Airbnb", "Airbnb Importer"}
    assert readers_of_channel([]) == frozenset()
