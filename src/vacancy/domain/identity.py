"""Who is who: the same reservation or block in two answers of one feed (rules 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from vacancy.domain.claims import Claim, Identity, Kind, KnownClaim
from vacancy.domain.nights import Nights

_NAMELESS: frozenset[str] = frozenset()


def names(claim: Claim) -> frozenset[str]:
    """What tells this reservation from every other for ever: strong keys, and a UID that is one."""
    uid = claim.uid if claim.identity is Identity.KEY else None
    given = [name for name in (claim.key, claim.reservation_code, uid) if name]
    return frozenset(given) if given else _NAMELESS


def running(nights: Nights, today: date) -> bool:
    """Whether the stay has begun: from the day of arrival on."""
    return nights.arrival <= today < nights.departure


_Step = Callable[[Claim, Claim], bool]


def _equal_name(known: Claim, claim: Claim) -> bool:
    return bool(names(known) & names(claim))


def equal_uid(known: Claim, claim: Claim) -> bool:
    worth = (Identity.KEY, Identity.HINT)
    return known.uid == claim.uid and known.identity in worth and claim.identity in worth


def _equal_nights(known: Claim, claim: Claim) -> bool:
    return known.nights == claim.nights and not _others(known, claim) and not _turned(known, claim)


def _same_departure(today: date) -> _Step:
    """A running stay or block that is listed from some day up to today on."""

    def step(known: Claim, claim: Claim) -> bool:
        if known.nights.departure != claim.nights.departure or claim.nights.arrival > today:
            return False
        return not _others(known, claim) and not _turned(known, claim)

    return step


def _others(known: Claim, claim: Claim) -> bool:
    """Whether both carry a strong key, and a different one."""
    mine, theirs = names(known), names(claim)
    return bool(mine and theirs and not mine & theirs)


def _turned(known: Claim, claim: Claim) -> bool:
    """Whether a block stands where a reservation known by its key stood: a host's cancellation.

    The reservation goes missing and is reported canceled in its time; the block is another thing.
    """
    return known.kind is Kind.RESERVATION and bool(names(known)) and claim.kind is Kind.BLOCK


def _and_nights(step: _Step) -> _Step:
    return lambda known, claim: known.nights == claim.nights and step(known, claim)


def _and_overlap(step: _Step) -> _Step:
    return lambda known, claim: known.nights.overlaps(claim.nights) and step(known, claim)


def _and_to_come(step: _Step, today: date) -> _Step:
    """What departs today has no night left to go on with anywhere else."""
    return lambda known, claim: claim.nights.departure > today and step(known, claim)


def _and_kind(step: _Step) -> _Step:
    return lambda known, claim: known.kind is claim.kind and step(known, claim)


def _steps(today: date) -> tuple[_Step, ...]:
    """rules 3, in order. Each step prefers equal nights, then nights shared."""
    return (
        _and_nights(_equal_name),
        _and_overlap(_equal_name),
        _equal_name,
        _and_nights(equal_uid),
        _and_overlap(equal_uid),
        _and_to_come(equal_uid, today),
        _and_kind(_equal_nights),
        _equal_nights,
        _same_departure(today),
    )


def match(
    known: Sequence[KnownClaim], claims: Sequence[Claim], today: date
) -> tuple[list[tuple[KnownClaim, Claim]], list[KnownClaim], list[Claim]]:
    """Pairs of the same thing; the known ones left over; the claims left over."""
    pairs, known_left, claims_left = _match_exact(known, claims)
    for step in _steps(today) if claims_left and known_left else ():
        for claim in list(claims_left):
            found = next((k for k in known_left if step(k.said, claim)), None)
            if found is not None:
                pairs.append((found, claim))
                known_left.remove(found)
                claims_left.remove(claim)
    return pairs, known_left, claims_left


def _match_exact(
    known: Sequence[KnownClaim], claims: Sequence[Claim]
) -> tuple[list[tuple[KnownClaim, Claim]], list[KnownClaim], list[Claim]]:
    """What says the very same as before: nearly everything, found without comparing all pairs."""
    waiting = {(k.said.uid, k.nights, k.said.kind, names(k.said)): k for k in reversed(known)}
    pairs: list[tuple[KnownClaim, Claim]] = []
    claims_left: list[Claim] = []
    for claim in claims:
        found = waiting.pop((claim.uid, claim.nights, claim.kind, names(claim)), None)
        if found is None:
            claims_left.append(claim)
        else:
            pairs.append((found, claim))
    taken = {k.id for k, _ in pairs}
    return pairs, [k for k in known if k.id not in taken], claims_left
