"""When a feed is asked again, and how it is doing (rules 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

LONGEST_BACK_OFF = timedelta(hours=6)
LONGEST_OBEYED = timedelta(hours=24)
JITTER = 0.2
STALE_AFTER = timedelta(hours=2)
STALE_INTERVALS = 4
FAILING_AFTER = 3


def back_off(interval: timedelta, failures: int, jitter: float = 0.0) -> timedelta:
    """How long to wait after so many failures in a row: the interval doubled for each, at most 6 h.

    `jitter` from -1 to 1 shortens or lengthens that by up to 20 %.
    """
    longest = max(LONGEST_BACK_OFF, interval)
    # Beyond a few doublings the cap decides; a larger power would only overflow.
    wait = min(interval * 2 ** min(failures, 16), longest)
    return wait * (1 + JITTER * max(-1.0, min(1.0, jitter)))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date; None if it cannot be read."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        asked = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=UTC)
    return max(asked - now, timedelta())


def next_poll(
    now: datetime,
    interval: timedelta,
    failures: int,
    jitter: float = 0.0,
    asked: timedelta | None = None,
) -> datetime:
    """When to ask a feed again. `asked` is its Retry-After: at least the interval, at most 24 h."""
    if asked is not None:
        return now + max(interval, min(asked, LONGEST_OBEYED))
    return now + back_off(interval, failures, jitter)


class Health(StrEnum):
    OK = "ok"
    FAILING = "failing"
    STALE = "stale"
    SUSPICIOUS = "suspicious"
    GONE = "gone"
    PAUSED = "paused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a feed's health is judged by. `failures` are those in a row; `good_at` is the last good
    answer, or when the feed was added if it never gave one."""

    interval: timedelta
    good_at: datetime
    failures: int = 0
    gone: bool = False
    doubted: bool = False
    paused: bool = False
    retired: bool = False


def health(pulse: Pulse, now: datetime) -> Health:
    """The one word for how a feed is doing: what a person must act on goes before what may pass."""
    if pulse.retired:
        return Health.RETIRED
    if pulse.paused:
        return Health.PAUSED
    if pulse.gone:
        return Health.GONE
    if now - pulse.good_at >= max(STALE_AFTER, pulse.interval * STALE_INTERVALS):
        return Health.STALE
    if pulse.failures >= FAILING_AFTER:
        return Health.FAILING
    return Health.SUSPICIOUS if pulse.doubted else Health.OK
