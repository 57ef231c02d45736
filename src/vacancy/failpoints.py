"""Named points at which a test breaks the process; nothing happens unless the environment says so.

`VACANCY_FAILPOINT=after_stay_insert:kill` ends the process there as kill -9 does; `:raise` raises
FailpointReached. A number, as in `after_claims:kill:3`, lets the point pass until its third time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

VARIABLE = "VACANCY_FAILPOINT"

#: Every point of taking an answer in, in the order in which it reaches them.
POINTS = (
    "after_claims",
    "after_stay_insert",
    "after_nights",
    "after_publish",
    "before_commit",
    "after_commit",
)

#: Every point of telling an endpoint: facts become deliveries, a delivery is tried and noted.
TELLING_POINTS = (
    "before_fan_out_commit",
    "after_fan_out",
    "before_attempt",
    "after_attempt",
    "before_attempt_commit",
    "after_attempt_commit",
)

#: Every point of a POST with an Idempotency-Key: what it did and its answer are kept, then told.
ANSWERING_POINTS = ("before_effect_commit", "after_effect_commit")

#: Every point of telling a booking system of a stay of ours.
PUSHING_POINTS = ("before_push", "after_push", "before_push_commit")

_ALL = PUSHING_POINTS + POINTS + TELLING_POINTS + ANSWERING_POINTS


class FailpointReached(Exception):
    """A point was reached that the environment has set to `raise`."""


def _kill(_point: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise(point: str) -> None:
    raise FailpointReached(point)


_ACTIONS: dict[str, Callable[[str], None]] = {"kill": _kill, "raise": _raise}


@dataclass(frozen=True, slots=True)
class _Armed:
    point: str
    action: Callable[[str], None]
    at: int
    passed: count[int]


def _armed(text: str | None) -> _Armed | None:
    """What the variable asks for. Raises ValueError where no such point or action is."""
    if not text:
        return None
    point, _, rest = text.partition(":")
    action, _, at = rest.partition(":")
    if point not in _ALL or action not in _ACTIONS or not (at or "1").isdigit():
        raise ValueError(f"{VARIABLE} is POINT:kill or POINT:raise, with POINT one of {_ALL}")
    return _Armed(point, _ACTIONS[action], int(at or "1"), count(1))


_ARMED = _armed(os.environ.get(VARIABLE))


def reach(point: str) -> None:
    """Say that this point is reached."""
    if _ARMED is not None and point == _ARMED.point and next(_ARMED.passed) == _ARMED.at:
        _ARMED.action(point)
