"""What a source says: an entry as read, a claim as understood, a claim as known, a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from vacancy.domain.nights import Nights


class Kind(StrEnum):
    """A guest's nights, or nights withheld."""

    RESERVATION = "reservation"
    BLOCK = "block"


class Reason(StrEnum):
    """Why a block closes its nights. The `rule_` ones are a channel's own settings."""

    OWNER = "owner"
    TENTATIVE = "tentative"
    RULE_WINDOW = "rule_window"
    RULE_NOTICE = "rule_notice"
    RULE_PREPARATION = "rule_preparation"
    RULE_CLOSED = "rule_closed"
    BUFFER = "buffer"
    UNKNOWN = "unknown"


#: Rule blocks are shown, own no night and are never missing. The exception: a preparation night
#: owns its night.
RULE_REASONS = frozenset(
    {Reason.RULE_WINDOW, Reason.RULE_NOTICE, Reason.RULE_PREPARATION, Reason.RULE_CLOSED}
)


class Identity(StrEnum):
    """What the UID of a claim is worth in recognising it at the next poll."""

    #: Names the reservation for ever: new dates under it are one move, and free the old nights.
    KEY = "key"
    #: Names the same thing, but not its dates: nights that leave go missing.
    HINT = "hint"
    #: Says nothing: recognise by dates.
    NONE = "none"
    #: The provider is known by its set of nights only (Booking.com).
    NIGHTS = "nights"


class ClaimStatus(StrEnum):
    LIVE = "live"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
    CANCELED = "canceled"
    AGED_OUT = "aged_out"


_STANDING = (ClaimStatus.LIVE, ClaimStatus.MISSING)


class Ending(StrEnum):
    """By what evidence a claim stopped closing its nights."""

    ABSENCE = "absence"  #: enough good answers lacked it
    CANCELED = "canceled"  #: the source said so
    REPLACED = "replaced"  #: another reservation took its nights
    MOVED = "moved"  #: the source gave the same reservation other nights
    PERSON = "person"  #: somebody said that it is gone
    DEPARTED = "departed"  #: it is over
    TAKEN_OVER = "taken_over"  #: another feed of the channel goes on with it
    NOT_SHOWN = "not_shown"  #: a setting of the channel's, or an echo, that is shown no more


@dataclass(frozen=True, slots=True)
class Entry:
    """One VEVENT as read: text made of it, dates turned to nights of the property's zone.

    `uid` is "" where the file gives none. `status` is upper case, CANCELED spelled CANCELLED.
    `prodid` is that of the calendar that holds it. `recurs` marks an instance of a recurrence,
    whose set depends on the day of reading, and `instance` is the day that its rule names it by:
    what tells the instances of one UID apart, also when one of them is moved.
    """

    uid: str
    nights: Nights
    summary: str = ""
    description: str = ""
    status: str = ""
    sequence: int = 0
    prodid: str = ""
    recurs: bool = False
    instance: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry understood.

    `uid` is never empty: an entry without one gets a key made of provider, kind and dates.
    `key` is the provider's strong key (an Airbnb code, a Beds24 number), where there is one.
    `worded` tells that the provider's words distinguish reservations from blocks.
    `rule` names the profile and the rule that decided, as `airbnb.reserved`.
    """

    uid: str
    nights: Nights
    kind: Kind
    reason: Reason | None
    provider: str
    rule: str
    identity: Identity
    key: str | None = None
    reservation_code: str | None = None
    worded: bool = True
    canceled: bool = False

    @property
    def is_rule_block(self) -> bool:
        return self.reason is not None and self.reason in RULE_REASONS


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """A claim of one feed as the store knows it, with what has been seen of it over time.

    One entry may stand as several known claims: nights that went missing on their own, and nights
    that are an echo, are claims apart with the same `uid`.
    `absences` counts the good answers in a row that lacked it, `missing_since` is the first.
    `echo_of` is the stay whose exported nights came back; `proven` is False for an unproven echo.
    `masked` tells that its absence proves nothing at present. `released_at` is when it stopped
    closing its nights (withdrawn, canceled, aged out), `ended_by` is the evidence for that.
    """

    id: str
    feed_id: str
    said: Claim
    status: ClaimStatus
    first_seen: datetime
    last_seen: datetime
    missing_since: datetime | None = None
    absences: int = 0
    masked: bool = False
    released_at: datetime | None = None
    stay_id: str | None = None
    echo_of: str | None = None
    proven: bool = True
    ended_by: Ending | None = None

    @property
    def nights(self) -> Nights:
        return self.said.nights

    @property
    def stands(self) -> bool:
        """Whether it still closes its nights: live, or missing and not yet released."""
        return self.status in _STANDING


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that was not taken, and why, in words for the host.

    `unreadable`: it is listed, but when it is cannot be told; what was known of it stands.
    """

    uid: str
    why: str
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All claims of one complete answer, past ones included; what was skipped and noticed.

    `closes_all`: blocks close every night of the coming year that no reservation takes, and more
    than a booking window does (rules 2 and 5: to be believed when a second fetch agrees).
    `partial`: only what changed is in it, so that what it lacks is neither missing nor seen.
    """

    claims: tuple[Claim, ...]
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    closes_all: bool = False
    partial: bool = False


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
    CANCELED = "canceled"
    REINSTATED = "reinstated"
    HELD_BACK = "held_back"
    ECHO = "echo"
    AGED_OUT = "aged_out"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a poll changed, as reported to people and programs."""

    change: ChangeKind
    uid: str
    kind: Kind
    nights: Nights
    claim_id: str | None = None
    previous: Nights | None = None
