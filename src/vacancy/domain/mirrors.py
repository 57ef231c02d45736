"""Blocks that only repeat stays of other feeds: channels linked directly (rules 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from vacancy.domain.buffers import BETWEEN
from vacancy.domain.claims import Kind, KnownClaim
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Stay
from vacancy.domain.support import owns_nights
from vacancy.domain.unit import FeedFacts


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
) -> set[str]:
    """Ids of the blocks whose nights to come all were wanted first by stays of other feeds.

    First, or each at its feed's first reading: then nobody can know the order.
    `stays` are the live ones, `claims` those that support each. A mirrored block is no cover.
    """
    blocks = [stay for stay in stays if _may_be(stay)]
    if not blocks:
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
        if _covered(block.stay.nights, ahead, today):
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


def _covered(nights: Nights, covers: Sequence[Nights], today: date) -> bool:
    """Whether these ranges together hold every night from today on, and there is one."""
    reached = max(nights.arrival, today)
    if reached >= nights.departure:
        return False
    for cover in sorted(covers):
        if cover.arrival <= reached < cover.departure:
            reached = cover.departure
    return reached >= nights.departure
