"""What a feed showed before, as far as it decides what an entry is now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import cached_property

from vacancy.domain.claims import Claim, Kind, KnownClaim, Reason
from vacancy.domain.nights import Nights, joined


class Remembered:
    """The standing claims of one feed, by what a new claim may continue."""

    def __init__(self, known: Sequence[KnownClaim], today: date) -> None:
        standing = [claim for claim in known if claim.stands]
        self._today = today
        blocks = [claim for claim in standing if claim.said.kind is Kind.BLOCK]
        self._by_nights = {(one.said.provider, one.nights): one for one in blocks}
        self._by_start = {
            (one.said.provider, one.said.uid, one.nights.arrival): one for one in blocks
        }
        self._by_end = {(one.said.provider, one.nights.departure): one for one in blocks}
        tails = [one for one in blocks if one.said.reason is Reason.RULE_WINDOW]
        self._tails = {(one.said.provider, one.nights.arrival): one for one in tails}
        self._tail_starts = sorted(self._tails)
        self._standing = standing

    def block(self, claim: Claim) -> KnownClaim | None:
        """The known block that this one is: the same nights, the same UID from the same day on,
        or what is left of a running one.
        """
        nights = claim.nights
        same = self._by_nights.get((claim.provider, nights)) or self._by_start.get(
            (claim.provider, claim.uid, nights.arrival)
        )
        if same is not None:
            return same
        running = self._by_end.get((claim.provider, nights.departure))
        if running is None or not running.nights.arrival < nights.arrival <= self._today:
            return None
        return running

    def tail_after(self, claim: Claim, first: date) -> KnownClaim | None:
        """The known tail that starts inside the claim, after the day `first`."""
        place = bisect_right(self._tail_starts, (claim.provider, first))
        if place == len(self._tail_starts):
            return None
        provider, arrival = self._tail_starts[place]
        inside = provider == claim.provider and arrival < claim.nights.departure
        return self._tails[provider, arrival] if inside else None

    def runs_on(self, claim: Claim) -> bool:
        """Whether the claim shares nights with a known tail: one that today has reached is cut."""
        return any(
            tail.said.provider == claim.provider and tail.nights.overlaps(claim.nights)
            for tail in self._tails.values()
        )

    @cached_property
    def _by_kind(self) -> dict[Kind, list[Nights]]:
        return {
            kind: joined(one.nights for one in self._standing if one.said.kind is kind)
            for kind in Kind
        }

    @cached_property
    def _arrivals(self) -> set[date]:
        return {one.nights.arrival for one in self._standing}

    @cached_property
    def _departures(self) -> set[date]:
        return {one.nights.departure for one in self._standing}

    def kind(self, nights: Nights) -> Kind | None:
        """The one kind that these nights were shown with, where they are whole known claims,
        merged or cut at today: then no guest can have changed, only the listing.
        """
        begins = nights.arrival in self._arrivals or nights.arrival <= self._today
        if not begins or nights.departure not in self._departures:
            return None
        for kind, other in ((Kind.RESERVATION, Kind.BLOCK), (Kind.BLOCK, Kind.RESERVATION)):
            if covered(nights, self._by_kind[kind]) and not touched(nights, self._by_kind[other]):
                return kind
        return None


def covered(nights: Nights, ranges: Sequence[Nights]) -> bool:
    """Whether one of the joined ranges holds all of the nights."""
    place = bisect_right(ranges, nights.arrival, key=lambda one: one.arrival)
    return place > 0 and ranges[place - 1].covers(nights)


def touched(nights: Nights, ranges: Sequence[Nights]) -> bool:
    """Whether any of the joined ranges shares a night."""
    place = bisect_right(ranges, nights.arrival, key=lambda one: one.arrival)
    return any(one.overlaps(nights) for one in ranges[max(place - 1, 0) : place + 1])
