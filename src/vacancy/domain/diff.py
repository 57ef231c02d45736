"""What a complete answer says about the claims already known: identity, night by night (rules 3).

Nothing is decided here but who is who. A `Fate` says what a known claim holds from now on, which of
its nights the answer lacks, and which it gives up at once; whether a lacking night is freed, and
when, is for `release` and `doubt`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from vacancy.domain.claims import Claim, Identity, Kind, KnownClaim, Reason
from vacancy.domain.identity import equal_uid, match, names, running
from vacancy.domain.nights import Nights, night_set, runs


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one known claim.

    `says` is the claim that stands for it now, None when the answer shows none of its nights.
    `holds`: the ranges it holds from now on, nights already slept and grown ones included; the
    first keeps its id. `lost`: nights that go missing on their own. `freed`: nights given up at
    once, by a move under a strong key or because another claim of the answer shows them.
    """

    known: KnownClaim
    says: Claim | None = None
    holds: tuple[Nights, ...] = ()
    lost: tuple[Nights, ...] = ()
    freed: tuple[Nights, ...] = ()

    @property
    def lacking(self) -> bool:
        """Whether the answer shows nothing of it, and no key says that it moved."""
        return self.says is None


@dataclass(frozen=True, slots=True)
class Diff:
    """Every known claim's fate, what is new, and the lacking claims that a new key replaces."""

    fates: tuple[Fate, ...]
    new: tuple[Claim, ...]
    replaced: frozenset[str]


def diff(
    known: Sequence[KnownClaim],
    claims: Sequence[Claim],
    today: date,
    tails: Collection[date] = frozenset(),
) -> Diff:
    """The fate of each standing claim in this answer.

    Both sides come without echoes, rule blocks and canceled entries. `tails` are the nights of the
    known rolling tails of a channel known by nights: what grows into them is a claim of its own.
    """
    named = [k for k in known if k.said.identity is not Identity.NIGHTS]
    fates, new = _by_identity(
        named, [c for c in claims if c.identity is not Identity.NIGHTS], today
    )
    dated = [k for k in known if k.said.identity is Identity.NIGHTS]
    more, more_new = _by_nights(
        dated, [c for c in claims if c.identity is Identity.NIGHTS], today, frozenset(tails)
    )
    return Diff((*fates, *more), (*new, *more_new), _replaced(fates, new, today))


# --- channels whose UIDs or keys say something ---------------------------------------------


def _by_identity(
    known: Sequence[KnownClaim], claims: Sequence[Claim], today: date
) -> tuple[list[Fate], list[Claim]]:
    pairs, left, new = match(known, claims, today)
    pieces = {k.id: c for k in left for _, c in pairs if _piece_of(k, c)}
    fates: list[Fate] = []
    for one, claim in pairs:
        if one.nights == claim.nights and not pieces:
            fates.append(Fate(one, claim, (claim.nights,)))
            continue
        if names(one.said) & names(claim):
            fates.append(_moved(one, claim, today))
            continue
        kin = [k for k in left if pieces.get(k.id) is claim]
        others = [c for c in claims if c is not claim]
        fates.extend(_narrowed(one, claim, kin, others, today))
    paired = [c for _, c in pairs]
    for one in left:
        if one.id not in pieces:
            fates.append(_left_over(one, paired, today))
    return fates, new


def _piece_of(known: KnownClaim, claim: Claim) -> bool:
    """Whether a known claim is part of this entry: nights that went missing, shown again."""
    return not names(claim) and equal_uid(known.said, claim) and known.nights.overlaps(claim.nights)


def _left_over(known: KnownClaim, paired: Iterable[Claim], today: date) -> Fate:
    """A claim that nothing matched; under a key that is shown elsewhere it is what a move left."""
    moved = next((c for c in paired if names(c) & names(known.said)), None)
    if moved is None or known.nights.departure <= today:
        return Fate(known)
    return Fate(known, says=moved, freed=(known.nights,))


def _moved(known: KnownClaim, claim: Claim, today: date) -> Fate:
    """New dates under a strong key are one move; a running stay keeps the nights already slept."""
    if known.nights == claim.nights:
        return Fate(known, claim, (claim.nights,))
    holds = runs({*_slept(known.nights, today), *claim.nights})
    holds.sort(key=lambda range_: not range_.overlaps(claim.nights))
    freed = {n for n in known.nights if n >= today} - set(claim.nights)
    return Fate(known, claim, tuple(holds), freed=tuple(runs(freed)))


def _narrowed(
    known: KnownClaim, claim: Claim, kin: list[KnownClaim], others: list[Claim], today: date
) -> list[Fate]:
    """The fate of a claim whose UID does not carry its dates, and of its missing pieces."""
    if known.nights == claim.nights and not kin:
        return [Fate(known, claim, (claim.nights,))]
    held = night_set([known.nights, *(k.nights for k in kin)])
    # Of a reservation known by name from now on, the nights already slept are its own too.
    grown = {n for n in claim.nights if n not in held and (n >= today or names(claim))}
    elsewhere = night_set(c.nights for c in others)
    fates = [_part(known, claim, grown, today), *(_part(k, claim, set(), today) for k in kin)]
    return [_free_elsewhere(fate, elsewhere) for fate in fates]


def _part(known: KnownClaim, claim: Claim, grown: set[date], today: date) -> Fate:
    """What the entry still shows of a claim, what it adds, and what goes missing."""
    future = {n for n in known.nights if n >= today}
    shown = {n for n in known.nights if n in claim.nights} | grown
    if future and not shown:
        return Fate(known)
    slept = set(known.nights) - future
    lost = runs(n for n in future if n not in claim.nights)
    return Fate(known, claim, tuple(runs(shown | slept)), tuple(lost))


def _free_elsewhere(fate: Fate, elsewhere: Collection[date]) -> Fate:
    """Lost nights that another claim of the answer shows are given up at once: they stay closed."""
    lost = night_set(fate.lost)
    freed = runs(n for n in lost if n in elsewhere)
    if not freed:
        return fate
    kept = runs(n for n in lost if n not in elsewhere)
    return replace(fate, lost=tuple(kept), freed=tuple(freed))


def _slept(nights: Nights, today: date) -> list[date]:
    return [n for n in nights if n < today] if nights.arrival < today else []


def _replaced(fates: Iterable[Fate], new: Iterable[Claim], today: date) -> frozenset[str]:
    """Lacking claims whose every night to come a new strong key of the same answer takes."""
    taken = night_set(c.nights for c in new if c.kind is Kind.RESERVATION and names(c))
    if not taken:
        return frozenset()
    return frozenset(
        fate.known.id
        for fate in fates
        if fate.lacking and not _guest_is_in(fate.known, today)
        if all(n in taken for n in fate.known.nights if n >= today)
    )


def _guest_is_in(known: KnownClaim, today: date) -> bool:
    return known.said.kind is Kind.RESERVATION and running(known.nights, today)


# --- channels known by their nights only ---------------------------------------------------


def _by_nights(
    known: Sequence[KnownClaim], claims: Sequence[Claim], today: date, tails: frozenset[date]
) -> tuple[list[Fate], list[Claim]]:
    """Sets of nights: however they are split or merged, what is in both changes nothing."""
    shown = night_set(c.nights for c in claims)
    owned = night_set(k.nights for k in known)
    grown: dict[str, set[date]] = {}
    new: list[Claim] = []
    taken = set(owned)
    for claim in sorted(claims, key=lambda c: (c.nights.arrival, -len(c.nights))):
        fresh = {n for n in claim.nights if n not in taken}
        taken |= fresh
        if len(fresh) == len(claim.nights) and claim.nights.departure <= today:
            new.append(claim)  # The guest leaves today: nothing to close, but a stay.
        heir_less = _grow(known, claim, {n for n in fresh if n >= today}, grown, tails)
        new += [_stand_alone(claim, nights, fresh, tails) for nights in heir_less]
    return [_by_set(k, claims, shown, grown.get(k.id, set()), today) for k in known], new


def _grow(
    known: Sequence[KnownClaim],
    claim: Claim,
    fresh: set[date],
    grown: dict[str, set[date]],
    tails: frozenset[date],
) -> list[Nights]:
    """Gives an entry's new nights to the known claims that it touches; returns those without heir.

    An entry whose every night is new is a claim of its own, also where it touches another.
    """
    inside = [k for k in known if k.nights.overlaps(claim.nights)]
    alone = [*runs(fresh & tails)]
    for nights in runs(fresh - tails):
        heir = _heir(inside, claim, nights)
        if heir is None:
            alone.append(nights)
        else:
            grown.setdefault(heir.id, set()).update(nights)
    return alone


def _heir(known: Iterable[KnownClaim], claim: Claim, nights: Nights) -> KnownClaim | None:
    """The claim that these nights extend: same UID first, then the one before, then after."""
    touching = [k for k in known if k.nights.touches(nights)]
    touching.sort(key=lambda k: (k.said.uid != claim.uid, k.nights.departure != nights.arrival))
    return touching[0] if touching else None


def _stand_alone(
    claim: Claim, nights: Nights, fresh: Collection[date], tails: frozenset[date]
) -> Claim:
    """A new claim of these nights, with the nights before today that lead up to them."""
    if tails.intersection(nights):
        return replace(claim, nights=nights, kind=Kind.BLOCK, reason=Reason.UNKNOWN)
    whole = next(r for r in runs({*fresh, *nights}) if r.covers(nights))
    return replace(claim, nights=whole)


def _by_set(
    known: KnownClaim,
    claims: Sequence[Claim],
    shown: Collection[date],
    grown: set[date],
    today: date,
) -> Fate:
    mine = set(known.nights)
    future = {n for n in mine if n >= today}
    kept = {n for n in future if n in shown} | grown
    if future and not kept and not any(n in shown for n in mine):
        return Fate(known)
    lost = tuple(runs(n for n in future if n not in shown))
    return Fate(known, _voice(known, claims, today), tuple(runs(kept | (mine - future))), lost)


def _voice(known: KnownClaim, claims: Sequence[Claim], today: date) -> Claim:
    """The known reading, under the UID that its first night to come goes by now.

    Its kind stays: how long an entry is says nothing once the nights are known.
    """
    first = {known.nights.arrival, max(known.nights.arrival, today)}
    uid = next((c.uid for c in claims if c.nights.arrival in first), known.said.uid)
    return replace(known.said, uid=uid)
