"""Which claims speak of the same booking (rules 7)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import date

from vacancy.domain.claims import (
    RULE_REASONS,
    Claim,
    ClaimStatus,
    Identity,
    KnownClaim,
    Reason,
)
from vacancy.domain.stays import Stay, StayStatus
from vacancy.domain.unit import FeedFacts

#: The provider of an entry that nobody recognised: two of these are not known to be the same.
UNRECOGNISED = "other"

#: How two claims were found to be alike, and the values that must be equal.
Mark = tuple[str, tuple[Hashable, ...]]


def is_genuine(claim: KnownClaim) -> bool:
    """Whether it closes nights on its own account: standing, and no echo of ours."""
    return claim.stands and claim.echo_of is None


#: Sorts the most direct first.
Directness = tuple[bool, bool, bool, int, str]


def directness(claim: KnownClaim, feeds: Mapping[str, FeedFacts]) -> Directness:
    """Sorts the most direct feed first: in use, a booking system, no hub, then as the host listed
    them.
    """
    facts = feeds.get(claim.feed_id)
    if facts is None:
        return (True, True, True, 0, claim.feed_id)
    return (facts.retired, not facts.is_source, facts.is_hub, facts.position, claim.feed_id)


def channel_of(claim: KnownClaim, feeds: Mapping[str, FeedFacts]) -> str:
    """Where it was sold: the feed's channel, or what the entry of a hub or source shows of it."""
    facts = feeds.get(claim.feed_id)
    if facts is None:
        return claim.said.provider
    if facts.passes_on and claim.said.provider != UNRECOGNISED:
        return claim.said.provider
    return facts.channel


def owns_nights(reason: Reason | None) -> bool:
    """Whether nights closed for this reason are taken: all but a channel's own settings."""
    return reason not in RULE_REASONS or reason is Reason.RULE_PREPARATION


def keys_differ(one: KnownClaim, other: KnownClaim) -> bool:
    """Whether each carries a strong key, and not the same one: two bookings for certain."""
    mine, theirs = strong_keys(one.said), strong_keys(other.said)
    return bool(mine) and bool(theirs) and mine.isdisjoint(theirs)


def surely_same(one: KnownClaim, other: KnownClaim) -> bool:
    """Whether a key or a UID of worth makes the two one booking, wherever its nights are."""
    if strong_keys(one.said) & strong_keys(other.said):
        return True
    return one.said.uid == other.said.uid and Identity.KEY in (
        one.said.identity,
        other.said.identity,
    )


def reopens(claim: KnownClaim, stay: Stay, today: date) -> bool:
    """Whether this claim brings back the closed stay that it is linked to.

    What merely still stands after the winner canceled brings nothing back: only the winner does.
    """
    if claim.status is not ClaimStatus.LIVE or claim.nights.departure <= today:
        return False
    if stay.feed_id is None:
        return False
    return stay.status is not StayStatus.CANCELED or stay.feed_id == claim.feed_id


def strong_keys(said: Claim) -> frozenset[str]:
    """The strong key and the reservation code: one provider's hub may show either as the other."""
    return frozenset(key for key in (said.key, said.reservation_code) if key)


class Kin:
    """Finds, among the claims shown to it so far, those of the same booking in other feeds."""

    def __init__(self, feeds: Mapping[str, FeedFacts]) -> None:
        self._feeds = feeds
        self._by_mark: dict[Mark, list[KnownClaim]] = {}

    def add(self, claim: KnownClaim) -> None:
        for mark in _marks(claim.said):
            self._by_mark.setdefault(mark, []).append(claim)

    def of(self, claim: KnownClaim) -> Iterator[KnownClaim]:
        """The claims it goes with, the surest first. Two entries of one feed are never one."""
        for mark in _marks(claim.said):
            for other in self._by_mark.get(mark, ()):
                if other.feed_id != claim.feed_id and self._same(mark[0], claim, other):
                    yield other

    def successor(self, retired: KnownClaim) -> KnownClaim | None:
        """The claim of a feed in use, of the same channel, that says what the retired feed said."""
        channel = self._channel(retired)
        for mark in _marks(retired.said):
            for other in self._by_mark.get(mark, ()):
                facts = self._feeds.get(other.feed_id)
                in_use = facts is not None and not facts.retired and facts.channel == channel
                if in_use and _alike(mark[0], retired, other):
                    return other
        return None

    def _same(self, how: str, one: KnownClaim, other: KnownClaim) -> bool:
        if how == "nights alone" or not _alike(how, one, other):
            return False
        return how != "nights" or self._passes_on(one) or self._passes_on(other)

    def _passes_on(self, claim: KnownClaim) -> bool:
        facts = self._feeds.get(claim.feed_id)
        return facts is not None and facts.passes_on

    def _channel(self, claim: KnownClaim) -> str | None:
        facts = self._feeds.get(claim.feed_id)
        return None if facts is None else facts.channel


def _alike(how: str, one: KnownClaim, other: KnownClaim) -> bool:
    if keys_differ(one, other):
        return False
    if how != "uid" or Identity.KEY in (one.said.identity, other.said.identity):
        return True
    # Instances of a recurrence share a UID: their nights tell them apart.
    return one.nights.overlaps(other.nights)


def _marks(said: Claim) -> Iterator[Mark]:
    """What another claim must have in common to be the same booking, strongest first."""
    for key in sorted(strong_keys(said)):
        yield ("key", (said.provider, key))
        # A hub may show a channel's code under a provider's name of its own.
        yield ("key and nights", (key, said.nights))
    if said.identity is Identity.NIGHTS:
        yield ("uid and nights", (said.uid, said.nights))
    elif said.identity is not Identity.NONE:
        yield ("uid", (said.uid,))
    if said.provider != UNRECOGNISED:
        yield ("nights", (said.provider, said.nights))
    # Enough only between a feed and the retired feed that it replaces.
    yield ("nights alone", (said.nights,))
