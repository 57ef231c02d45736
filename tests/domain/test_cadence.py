"""When a feed is asked again, and how it is doing (rules 1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.planning import NOON
from vacancy.domain.cadence import Health, Pulse, back_off, health, next_poll, retry_after

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 15), (1, 30), (2, 60), (3, 120), (4, 240), (5, 360), (99, 360)]
)
def test_the_interval_doubles_up_to_six_hours(failures: int, minutes: int) -> None:
    """Interval x 2^n, and polling never stops by itself."""
    assert back_off(QUARTER, failures) == timedelta(minutes=minutes)


@given(st.integers(0, 40), st.floats(-1, 1))
def test_jitter_is_a_fifth(failures: int, jitter: float) -> None:
    """At most 20 % sooner or later."""
    plain = back_off(QUARTER, failures)
    assert plain * 0.79 <= back_off(QUARTER, failures, jitter) <= plain * 1.21


def test_a_long_interval_is_not_shortened() -> None:
    """A feed that is asked once a day is not asked more often because it fails."""
    assert back_off(24 * HOUR, 3) == 24 * HOUR


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(timedelta(seconds=5), QUARTER), (HOUR, HOUR), (timedelta(days=9), timedelta(hours=24))],
)
def test_retry_after_is_bounded(asked: timedelta, waits: timedelta) -> None:
    """At least the interval, at most a day."""
    assert next_poll(NOON, QUARTER, 1, asked=asked) == NOON + waits


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Mon, 01 Mar 2027 12:10:00 GMT", 600),
        ("Mon, 01 Mar 2027 11:00:00 GMT", 0),
        ("99999999999999999999", 10**9),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str | None, seconds: int | None) -> None:
    """What cannot be read asks for nothing."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(value, NOON) == expected


@pytest.mark.parametrize(
    ("pulse", "word"),
    [
        (Pulse(QUARTER, NOON), Health.OK),
        (Pulse(QUARTER, NOON, failures=2), Health.OK),
        (Pulse(QUARTER, NOON, failures=3), Health.FAILING),
        (Pulse(QUARTER, NOON - 2 * HOUR), Health.STALE),
        (Pulse(HOUR, NOON - 3 * HOUR), Health.OK),
        (Pulse(HOUR, NOON - 4 * HOUR, failures=3), Health.STALE),
        (Pulse(QUARTER, NOON, doubted=True), Health.SUSPICIOUS),
        (Pulse(QUARTER, NOON, failures=1, gone=True), Health.GONE),
        (Pulse(QUARTER, NOON, gone=True, paused=True), Health.PAUSED),
        (Pulse(QUARTER, NOON, paused=True, retired=True), Health.RETIRED),
    ],
)
def test_health_is_one_word(pulse: Pulse, word: Health) -> None:
    """3 failures in a row are failing, 2 h or 4 intervals without an answer are stale."""
    assert health(pulse, NOON) is word
