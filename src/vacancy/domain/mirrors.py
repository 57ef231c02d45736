"""Blocks that only repeat stays of other feeds: channels linked directly (rules 7).

A block of a channel whose words tell no guest from a closure may be a guest as well. It is taken
for a repetition only where nobody can know better: see `may_be_sold`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from vacancy.domain.answer import outlived
from vacancy.domain.buffers import BETWEEN
from vacancy.domain.claims import Kind, KnownClaim, Reason
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Stay
from vacancy.domain.support import owns_nights
from vacancy.domain.unit import FeedFacts

#: What is longer is nobody's holiday.
LONGEST_GUEST = 30


def may_be_sold(stay: Stay, claims: Collection[KnownClaim]) -> bool:
    """Whether a block may hide a guest: its channel has no words, and it is no old echo of ours."""
    wordless = stay.kind is Kind.BLOCK and stay.reason is Reason.UNKNOWN
    if not wordless or not claims or len(stay.nights) > LONGEST_GUEST:
        return False
    return not any(claim.said.worded or outlived(claim) for claim in claims)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A stay with the instant it was first seen, and whether its feed was then first read."""

    stay: Stay
    at: datetime
    at_first_reading: bool


def mirrored(
    stays: Sequence[Stay],
    claims: Mapping[str, Collection[KnownClaim]],
    feeds: Mapping[str, FeedFacts],
    today: date,
    linked: Collection[str | None] = (),
) -> set[str]:
    """Ids of the blocks whose nights to come all were wanted first by stays of other feeds.

    First, or each at its feed's first reading: then nobody can know the order.
    `stays` are the live ones, `claims` those that support each. A mirrored block is no cover.
    What may be a guest is one only if it begins and ends where those stays do, and was there at its
    feed's first reading or its feed is one of the `linked`, which repeated stays before.
    """
    blocks = [stay for stay in stays if _may_be(stay)]
    if not blocks or len({stay.feed_id for stay in stays}) < 2:
        return set()
    seen = {stay.id: _first_seen(stay, claims.get(stay.id, ()), feeds) for stay in stays}
    covers = [seen[stay.id] for stay in stays if owns_nights(stay.reason)]
    found: set[str] = set()
    # The oldest first, so that two blocks cannot be each other's mirror and leave a night open.
    for block in sorted((seen[stay.id] for stay in blocks), key=lambda one: (one.at, one.stay.id)):
        ahead = [
            cover.stay.nights
            for cover in covers
            if cover.stay.id not in found and _precedes(cover, block)
        ]
        nights = block.stay.nights
        if not _covered(nights, ahead, today):
            continue
        known = block.at_first_reading or block.stay.feed_id in linked
        guest = may_be_sold(block.stay, claims.get(block.stay.id, ()))
        if not guest or (known and _repeats(nights, ahead, today)):
            found.add(block.stay.id)
    return found


def _may_be(stay: Stay) -> bool:
    owner = stay.kind is Kind.BLOCK and stay.feed_id is not None
    return owner and owns_nights(stay.reason) and stay.reason not in BETWEEN


def _first_seen(
    stay: Stay, claims: Collection[KnownClaim], feeds: Mapping[str, FeedFacts]
) -> _Seen:
    own = [claim.first_seen for claim in claims if claim.feed_id == stay.feed_id]
    at = min(own, default=stay.opened_at)
    facts = feeds.get(stay.feed_id or "")
    first_read_at = None if facts is None else facts.first_read_at
    return _Seen(stay, at, first_read_at is not None and at <= first_read_at)


def _precedes(cover: _Seen, block: _Seen) -> bool:
    if cover.stay.feed_id == block.stay.feed_id:
        return False
    if cover.stay.kind is Kind.BLOCK:
        return (cover.at, cover.stay.id) < (block.at, block.stay.id)
    return cover.at <= block.at or (cover.at_first_reading and block.at_first_reading)


def _repeats(nights: Nights, covers: Iterable[Nights], today: date) -> bool:
    """Whether it begins and ends where these do; what has begun may be cut to any day."""
    edges = {edge for cover in covers for edge in (cover.arrival, cover.departure)}
    return nights.departure in edges and (nights.arrival <= today or nights.arrival in edges)


def _covered(nights: Nights, covers: Sequence[Nights], today: date) -> bool:
    """Whether these ranges together hold every night from today on, and there is one."""
    reached = max(nights.arrival, today)
    if reached >= nights.departure:
        return False
    for cover in sorted(covers):
        if cover.arrival <= reached < cover.departure:
            reached = cover.departure
    return reached >= nights.departure
