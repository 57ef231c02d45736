"""What the planner of one unit is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from vacancy.domain.buffers import NO_BUFFERS, Buffers
from vacancy.domain.claims import KnownClaim
from vacancy.domain.stays import Conflict, Stay

#: Makes an id of a prefix: `stay`, `conflict`.
NewId = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What the planner must know of a feed.

    `is_hub`: it passes on what other channels sold, as a channel manager does. `is_source`: it is
    a booking system read over its API, which passes on such things too, and is the most direct.
    `position` orders the feeds of a unit as the host listed them.
    `rule_blocks_exported`: the feed says `rule_blocks = "export"`.
    `first_read_at` is its first good answer; None where unknown: then nothing counts as seen at
    the feed's first reading.
    """

    feed_id: str
    channel: str
    is_hub: bool = False
    retired: bool = False
    position: int = 0
    rule_blocks_exported: bool = False
    first_read_at: datetime | None = None
    is_source: bool = False

    @property
    def passes_on(self) -> bool:
        """Whether another feed of the unit may list the same booking."""
        return self.is_hub or self.is_source


@dataclass(frozen=True, slots=True)
class UnitState:
    """All that is known of one unit.

    `claims`: the standing ones of all feeds, retired ones included, and those released that are
    still linked to a live stay.
    `stays`: the live ones, those closed within 60 days, and any that a standing claim is linked to.
    `conflicts`: those not resolved, and those resolved between two of these stays; not those with
    other units. `buffers`: nights kept free around reservations.
    """

    unit_id: str
    claims: tuple[KnownClaim, ...] = ()
    stays: tuple[Stay, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    feeds: Mapping[str, FeedFacts] = field(default_factory=dict[str, FeedFacts])
    buffers: Buffers = NO_BUFFERS


@dataclass(frozen=True, slots=True)
class Moment:
    """The unit, its feeds, and when it is looked at."""

    unit_id: str
    feeds: Mapping[str, FeedFacts]
    now: datetime
    today: date
    new_id: NewId


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the host should know about a stay, in one sentence that says what to do."""

    code: str
    stay_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass decided.

    `stays` and `conflicts` hold only what is new or changed. `links` maps claim id to the stay it
    supports from now on, only for those that change. `nights` is the unit's WHOLE new map: every
    night that is closed, and the stay that holds it; nights of completed stays are not in it.
    `again_at` is the first instant at which the passing of time alone would change the plan,
    midnight apart; None if there is none.
    """

    stays: tuple[Stay, ...]
    links: Mapping[str, str | None]
    nights: Mapping[date, str]
    conflicts: tuple[Conflict, ...]
    notices: tuple[Notice, ...] = ()
    again_at: datetime | None = None
