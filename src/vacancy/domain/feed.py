"""One feed as the planner sees it before an answer, and what the answer settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vacancy.domain.claims import Change, KnownClaim
from vacancy.domain.doubt import Doubt
from vacancy.domain.echoes import ExportHistory, OurStay, Sighting
from vacancy.domain.release import ReleaseRules

#: What is learned of a channel, as the store keeps it. `shows_imports`: it shows what it read of
#: us, `shows_own`: it goes on showing its own stays on nights that we closed; absent while unknown.
#: `empty`: the last believed answer was empty. `clock_set_at`: when the clock last jumped.
Habits = Mapping[str, bool | str]
CLOCK_SET_AT = "clock_set_at"


def learned(habits: Habits, name: str) -> bool | None:
    """What is known of a habit, None while it is unknown."""
    value = habits.get(name)
    return value if isinstance(value, bool) else None


def counts_from(habits: Habits, instant: datetime) -> datetime:
    """Since when a span that began at this instant runs: anew since the clock jumped (rules 9)."""
    jumped = habits.get(CLOCK_SET_AT)
    return max(instant, datetime.fromisoformat(jumped)) if isinstance(jumped, str) else instant


@dataclass(frozen=True, slots=True)
class FeedState:
    """All that decides how the next good answer of a feed is taken.

    `known`: its standing claims, and the released ones that may be reinstated (400 days).
    `last_good_at`: its last believed answer. `our_stays`: by id, every stay of ours whose UID or
    nights the feed may show, ended ones included. `address_changed`: the first good answer since
    its address or reading settings were edited. `inherited`: standing claims of a retired feed of
    the same channel and unit, whose stays it takes over.
    """

    feed_id: str
    known: tuple[KnownClaim, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    doubt: Doubt | None = None
    last_good_at: datetime | None = None
    rules: ReleaseRules = field(default_factory=ReleaseRules)
    history: ExportHistory = field(default_factory=ExportHistory)
    our_stays: Mapping[str, OurStay] = field(default_factory=dict[str, OurStay])
    own_domain: str = ""
    habits: Habits = field(default_factory=dict[str, bool | str])
    address_changed: bool = False
    inherited: tuple[KnownClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the host should hear: a stable code, a sentence, and the claim it is about."""

    code: str
    text: str
    claim_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one good answer decides, to be stored in one transaction.

    `outcome`: "fresh", "unchanged" or "suspicious". `claims`: every known claim whose value changed
    (`last_seen` apart, which follows when something else does) and the new ones. `doubt`: the one
    from now on, None when there is none or it is over. `alarm`: raise feed.suspicious, once.
    `waiting`: something on this feed waits, so that an unchanged answer must be settled too.
    `wants_whole`: the answer held changes alone, and only a whole one decides about them.
    """

    outcome: str
    claims: tuple[KnownClaim, ...]
    changes: tuple[Change, ...]
    sightings: tuple[Sighting, ...]
    doubt: Doubt | None
    habits: Habits
    alarm: bool = False
    notices: tuple[Notice, ...] = ()
    waiting: bool = False
    wants_whole: bool = False
