"""When a night that an answer lacks is freed (rules 4): absences counted over time, and masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from vacancy.domain.claims import Change, ChangeKind, ClaimStatus, Ending, Kind, KnownClaim
from vacancy.domain.echoes import ExportHistory
from vacancy.domain.identity import names, running
from vacancy.domain.nights import Nights, runs

#: By how much answers may lie closer together than the polls that asked for them.
_ANSWERING = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ReleaseRules:
    """How much evidence frees a night, and what is too much to believe at once.

    `absences` good answers over `span` withdraw a claim; in an empty calendar `empty_absences` over
    `empty_span`; after a mask was lifted not before `mask_span`. An answer is doubted when it lacks
    `doubt_claims` and one in `doubt_share` of the claims or of their nights; `suspicion_span` of
    agreement ends the doubt (zero: only a person), but for arrivals within `person_days`.
    """

    absences: int = 2
    span: timedelta = timedelta(minutes=60)
    suspicion_span: timedelta = timedelta(hours=24)
    empty_absences: int = 3
    empty_span: timedelta = timedelta(hours=6)
    mask_span: timedelta = timedelta(hours=24)
    doubt_claims: int = 3
    doubt_share: int = 3
    rule_nights: int = 30
    person_days: int = 7
    reminder: timedelta = timedelta(hours=24)
    flood_days: int = 330


@dataclass(frozen=True, slots=True)
class Absence:
    """One good, believed answer that lacks a claim.

    `good_before` is the good answer before it. `empty`: it showed nothing at all; `first_empty`:
    and the answer before did.
    """

    now: datetime
    today: date
    good_before: datetime | None
    empty: bool = False
    first_empty: bool = False


@dataclass(frozen=True, slots=True)
class Mask:
    """Nights of a claim whose absence proves nothing, and since when the others' does."""

    nights: frozenset[date]
    lifted: datetime | None


NO_MASK = Mask(frozenset(), None)


def mask_of(
    known: KnownClaim, history: ExportHistory, absence: Absence, shows_own: bool | None
) -> Mask:
    """The nights that the feed's export held closed, in a version read before they went missing.

    Never for a claim with a strong key, nor where the channel goes on showing its own stays.
    """
    if shows_own or names(known.said) or not history.readings:
        return NO_MASK
    went = absence.now if known.missing_since is None else known.missing_since
    masked: set[date] = set()
    lifted: list[datetime] = []
    for night in known.nights:
        if night < absence.today or (held := history.last_held(night, went)) is None:
            continue
        since = history.read_after(held, absence.now)
        if since is None:
            masked.add(night)
        else:
            lifted.append(since)
    return Mask(frozenset(masked), max(lifted, default=None))


def split_by_mask(nights: Nights, mask: Mask, today: date) -> list[tuple[Nights, bool]]:
    """The nights as ranges of masked and unmasked ones; nights already slept go with tonight."""
    if not mask.nights:
        return [(nights, False)]
    closed = {n for n in nights if n in mask.nights}
    past = {n for n in nights if n < today}
    if max(nights.arrival, today) in closed:
        closed |= past
    parts = [(r, True) for r in runs(closed)]
    parts += [(r, False) for r in runs(n for n in nights if n not in closed)]
    return sorted(parts)


def count(known: KnownClaim, absence: Absence) -> KnownClaim:
    """The claim with one more absence; the first one, or the first of an empty run, starts anew."""
    first = known.missing_since is None or not known.absences or absence.first_empty
    live = known.status is ClaimStatus.LIVE
    return replace(
        known,
        status=ClaimStatus.MISSING,
        masked=False,
        missing_since=absence.now if first else known.missing_since,
        absences=1 if first else known.absences + 1,
        last_seen=(absence.good_before or known.last_seen) if live else known.last_seen,
    )


def hide(known: KnownClaim, absence: Absence) -> KnownClaim:
    """The claim missing behind a mask: kept, and not counted."""
    live = known.status is ClaimStatus.LIVE
    return replace(
        known,
        status=ClaimStatus.MISSING,
        masked=True,
        missing_since=None,
        absences=0,
        last_seen=(absence.good_before or known.last_seen) if live else known.last_seen,
    )


def guest_is_in(known: KnownClaim, today: date) -> bool:
    """A reservation in progress is never withdrawn by absence."""
    return known.said.kind is Kind.RESERVATION and running(known.nights, today)


def due(known: KnownClaim, absence: Absence, rules: ReleaseRules, lifted: datetime | None) -> bool:
    """Whether the counted absences are evidence enough that the claim is gone."""
    if known.missing_since is None or guest_is_in(known, absence.today):
        return False
    needed, span = rules.absences, rules.span
    if absence.empty:
        needed, span = max(needed, rules.empty_absences), max(span, rules.empty_span)
    if lifted is not None and not lasted(lifted, absence.now, rules.mask_span):
        return False
    return known.absences >= needed and lasted(known.missing_since, absence.now, span)


def lasted(since: datetime, now: datetime, span: timedelta) -> bool:
    """Whether a span is over. A poll takes time itself, and now more, now less: of two that begin
    an hour apart the answers may lie some seconds under an hour apart, and an hour is what counts.
    """
    return now - since >= span - min(_ANSWERING, span / 100)


def end(known: KnownClaim, status: ClaimStatus, now: datetime, by: Ending) -> KnownClaim:
    """The claim as it stops closing its nights, by this evidence."""
    return replace(known, status=status, released_at=now, masked=False, ended_by=by)


def release_by_person(
    claims: Iterable[KnownClaim], now: datetime
) -> tuple[tuple[KnownClaim, ...], tuple[Change, ...]]:
    """A person knows that these are gone: every standing one is withdrawn now, and reported."""
    gone = tuple(end(k, ClaimStatus.WITHDRAWN, now, Ending.PERSON) for k in claims if k.stands)
    return gone, tuple(report(ChangeKind.WITHDRAWN, k) for k in gone)


def report(change: ChangeKind, known: KnownClaim, previous: Nights | None = None) -> Change:
    """One change of a claim, as people and programs read it."""
    return Change(change, known.said.uid, known.said.kind, known.nights, known.id, previous)
