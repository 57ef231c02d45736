"""Webhooks decided: who is told of a fact, when a delivery is tried again, when to give up on one.

Times of waiting may be scaled as every schedule is; see docs/events.md for what is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: How long after the one before it each try of a delivery is made: Standard Webhooks' schedule.
STEPS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2
#: What a Retry-After may ask for at most; never less than the step is waited.
LONGEST_OBEYED = timedelta(hours=24)

#: An endpoint is disabled that failed for so long, at so many tries or more, with no success.
PATIENCE = timedelta(hours=72)
FEWEST_FAILURES = 5
GONE = 410

#: How long the secret before goes on signing beside the new one.
OVERLAP = timedelta(hours=24)
#: How many endpoints a property may have, and an account for all its properties.
MOST_OF_PROPERTY = 3
MOST_OF_ACCOUNT = 10


class DeliveryState(StrEnum):
    """`waiting` for its next try, `delivered`, `failed` at every step, or `stopped`: its endpoint
    was disabled, and only a person or program sends it on.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    STOPPED = "stopped"


class Why(StrEnum):
    """Why an endpoint is disabled."""

    PERSON = "person"
    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint wants to be told: facts later than `since`, of these types (none named: of
    all) and of this property (None: of all, and of none).
    """

    since: int
    types: Sequence[str]
    property_id: str | None

    def includes(self, sequence: int, kind: str, property_id: str | None) -> bool:
        return self.covers(kind, property_id) and sequence > self.since

    def covers(self, kind: str, property_id: str | None) -> bool:
        """The same, whenever it was."""
        if self.property_id is not None and property_id != self.property_id:
            return False
        return not self.types or kind in self.types


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint fares: its failures in a row, since when, and why it is disabled if it is."""

    failing_since: datetime | None = None
    failures: int = 0
    disabled: Why | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: the answer's status (None: there was none), and its Retry-After."""

    at: datetime
    status: int | None
    retry_after: timedelta | None = None

    @property
    def good(self) -> bool:
        """Only 2xx says that it arrived."""
        return self.status is not None and 200 <= self.status < 300


def wait(tries: int, jitter: float, asked: timedelta | None, scale: float) -> timedelta | None:
    """How long to wait before the next try after so many; None when there is none.

    `jitter` from -1 to 1 shortens or lengthens the step by up to 20 %. `asked` is a Retry-After.
    """
    if tries >= len(STEPS):
        return None
    step = STEPS[tries] * (1 + JITTER * max(-1.0, min(1.0, jitter))) * scale
    return step if asked is None else max(step, min(asked, LONGEST_OBEYED))


def stands(standing: Standing, tried: Tried, scale: float) -> Standing:
    """How an endpoint stands after a try. One that is disabled stays so."""
    if tried.good:
        return replace(standing, failing_since=None, failures=0)
    since = standing.failing_since or tried.at
    after = replace(standing, failing_since=since, failures=standing.failures + 1)
    if after.disabled is not None:
        return after
    if tried.status == GONE:
        return replace(after, disabled=Why.GONE)
    if tried.at - since >= PATIENCE * scale and after.failures >= FEWEST_FAILURES:
        return replace(after, disabled=Why.FAILING)
    return after
