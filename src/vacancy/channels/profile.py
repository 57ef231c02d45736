"""What a channel means by its words, as data. The facts themselves stand in `catalog`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from vacancy.domain.claims import Identity, Kind, Reason


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a provider is recognised (R10), lower case, in this order of worth.

    `uid_domains`: what follows the last `@` of a UID, or its end after a dot; `prodids`: words in
    the PRODID; `hosts`: ends of the host name of the address, whole labels only, and of a UID's
    domain too. A host ending in `.` stands for any country: `airbnb.` is airbnb.com and
    airbnb.co.uk.
    """

    uid_domains: tuple[str, ...] = ()
    prodids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What summaries say, folded: lower case, without accents.

    `reservation` and `tentative` words begin a summary; `block` words stand anywhere in it, whole.
    `markers` begin the summary of an entry of one day that is no claim at all.
    """

    reservation: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    tentative: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wordless:
    """How a provider with one word for all is read, by convention (R9).

    A closure is a block if it is longer than `longest_stay` nights or ends `horizon_days` or more
    after the fetch, else a reservation.
    """

    word: str
    longest_stay: int
    horizon_days: int


@dataclass(frozen=True, slots=True)
class Shapes:
    """How a channel's own settings look among its blocks (rules 2, rule blocks).

    `tail_ends`: where a booking window's tail ends, in days from today, first and last.
    `tail_starts`: the settings' distances in days, one either way; None where the tail keeps its
    start, wherever that is. `notice`: tonight alone; `preparation`: one night beside a stay;
    `closed`: every free night of the year.
    """

    tail_ends: tuple[int, int] | None = None
    tail_starts: tuple[int, ...] | None = None
    notice: bool = False
    preparation: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Codes:
    """Where a reservation's own code is found; each pattern's first group is the code.

    `codes` are looked for in description, then summary; `uid_key` finds the stable part of a UID.
    """

    codes: tuple[re.Pattern[str], ...] = ()
    uid_key: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Uids:
    """What a provider's UIDs are worth, and what they give away.

    `block` matches the UIDs of blocks; `tag` finds the rule that made a block (first group), and
    `tags` says which reason that is.
    """

    reservations: Identity = Identity.HINT
    blocks: Identity = Identity.HINT
    block: re.Pattern[str] | None = None
    tag: re.Pattern[str] | None = None
    tags: Mapping[str, Reason] = field(default_factory=dict[str, Reason])


@dataclass(frozen=True, slots=True)
class Release:
    """The profile's patience with what is missing (rules 4); None leaves it to the config."""

    absences: int | None = None
    absence_span: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider. `key` names it in the config, in claims and in rules.

    `default` is the kind of an entry that no word decides, `reason` that of such a block.
    `worded`: its words tell reservations from blocks, so that a reservation is never an echo
    (rules 6). `channel`: it may be named in the config. `subtracts` and `goes_on_showing` are
    what is known of its treatment of imported nights: nothing, until it is learned per feed.
    `is_hub`: it passes on what other channels sold. `placeholder`: its importer refuses a calendar
    without entries.
    """

    key: str
    name: str
    marks: Marks = Marks()
    words: Words = Words()
    default: Kind = Kind.BLOCK
    reason: Reason = Reason.UNKNOWN
    worded: bool = False
    uids: Uids = Uids()
    codes: Codes = Codes()
    wordless: Wordless | None = None
    shapes: Shapes = Shapes()
    release: Release = Release()
    channel: bool = True
    is_hub: bool = False
    subtracts: bool | None = None
    goes_on_showing: bool | None = None
    placeholder: bool = False
