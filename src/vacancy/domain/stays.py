"""What the house holds true: stays, the nights they want, and the conflicts between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights


class StayStatus(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    MISSING = "missing"
    CANCELED = "canceled"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


#: Looked through by identity, which costs less than one hash of a member.
_LIVE = (StayStatus.CONFIRMED, StayStatus.MISSING, StayStatus.HELD)
LIVE_STATUSES = frozenset(_LIVE)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Nights that a stay wants, and since when: its place in the queue for them."""

    nights: Nights
    since: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A guest's nights or a block, held true.

    `spans` together are one unbroken range, in order. `feed_id` is None for a direct stay.
    `mirrored`: a block that only repeats stays of other feeds (channels linked directly).
    `expires_at` is set for a hold alone, `held_by` says whose it is.
    """

    id: str
    unit_id: str
    kind: Kind
    reason: Reason | None
    status: StayStatus
    channel: str
    feed_id: str | None
    spans: tuple[Span, ...]
    opened_at: datetime
    reservation_code: str | None = None
    mirrored: bool = False
    closed_at: datetime | None = None
    expires_at: datetime | None = None
    held_by: str | None = None

    @property
    def nights(self) -> Nights:
        first, last = self.spans[0].nights, self.spans[-1].nights
        return first if first is last else Nights(first.arrival, last.departure)

    @property
    def live(self) -> bool:
        return self.status in _LIVE

    def lapsed(self, now: datetime) -> bool:
        """Whether this is a hold whose time is over, though nobody has ended it yet."""
        if self.status is not StayStatus.HELD or self.expires_at is None:
            return False
        return now >= self.expires_at


class ConflictKind(StrEnum):
    DOUBLE_BOOKING = "double_booking"
    BLOCKED_NIGHT_SOLD = "blocked_night_sold"
    TURNOVER = "turnover"
    LINKED_UNIT = "linked_unit"


class ConflictStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two stays that want the same nights. `first` wanted them first; nights are in order.

    A `resolution` on a conflict that is not resolved yet was decided, and waits for evidence.
    """

    id: str
    unit_id: str
    kind: ConflictKind
    status: ConflictStatus
    first: str
    second: str
    nights: tuple[date, ...]
    opened_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None
