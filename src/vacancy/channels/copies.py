"""Entries that share a UID. Source: R8."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vacancy.domain.claims import Claim, Identity, Kind, Skipped
from vacancy.domain.nights import Nights

COPY = "the same entry twice"
OLDER = "an older version of an entry (SEQUENCE)"

#: A claim with the SEQUENCE of its entry.
Version = tuple[Claim, int]


def without_copies(versions: Sequence[Version]) -> tuple[list[Claim], list[Skipped]]:
    """One claim for equal copies, those of the highest SEQUENCE of a UID, and what was left out.

    Claims of one UID with different nights are all kept; what they share tells them apart no
    longer, so that it is no key of theirs.
    """
    skipped: list[Skipped] = []
    by_uid: defaultdict[str, list[Version]] = defaultdict(list)
    for claim, sequence in versions:
        by_uid[claim.uid].append((claim, sequence))
    kept: list[Claim] = []
    for shared in by_uid.values():
        kept.extend(_resolved(shared, skipped) if len(shared) > 1 else (shared[0][0],))
    return _unkeyed(kept), skipped


def _resolved(shared: list[Version], skipped: list[Skipped]) -> Iterable[Claim]:
    highest = max(sequence for _, sequence in shared)
    by_nights: dict[Nights, Claim] = {}
    for claim, sequence in shared:
        if sequence < highest:
            skipped.append(Skipped(claim.uid, OLDER))
            continue
        other = by_nights.get(claim.nights)
        if other is not None:
            skipped.append(Skipped(claim.uid, COPY))
        if other is None or _says_more(claim, other):
            by_nights[claim.nights] = claim
    return by_nights.values()


def _says_more(claim: Claim, other: Claim) -> bool:
    """Of copies that differ, one that closes its nights, and then a reservation, is believed."""
    return (not claim.canceled, claim.kind is Kind.RESERVATION) > (
        not other.canceled,
        other.kind is Kind.RESERVATION,
    )


def _unkeyed(claims: list[Claim]) -> list[Claim]:
    keyed = [(claim.provider, claim.key) for claim in claims if claim.key]
    if len(set(keyed)) == len(keyed) and len({claim.uid for claim in claims}) == len(claims):
        return claims
    uids = Counter(claim.uid for claim in claims)
    keys = Counter((claim.provider, claim.key) for claim in claims)
    return [
        replace(claim, identity=Identity.HINT, key=None)
        if claim.identity is Identity.KEY
        and (uids[claim.uid] > 1 or (claim.key and keys[claim.provider, claim.key] > 1))
        else claim
        for claim in claims
    ]
