"""From the claims of a stay to the stay: its nights, its status, its place in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vacancy.domain.bonds import canceled_by_winner
from vacancy.domain.claims import ClaimStatus, KnownClaim
from vacancy.domain.holds import expired
from vacancy.domain.nights import Nights, joined
from vacancy.domain.stays import Span, Stay, StayStatus
from vacancy.domain.support import channel_of, directness, owns_nights
from vacancy.domain.unit import FeedFacts, Moment


@dataclass(frozen=True, slots=True)
class Formed:
    """A stay and the claims that support it from now on."""

    stay: Stay
    claims: tuple[KnownClaim, ...]


def form(
    stay_id: str, old: Stay | None, members: Sequence[KnownClaim], at: Moment
) -> Iterator[Formed]:
    """The stay that these standing claims make of `old`; more than one where its nights got a gap.

    The most direct source decides the nights. The first run keeps the stay and its id, every later
    run becomes a stay of its own. At least one claim must be given.
    """
    if old is not None and len(members) == 1 and _says_the_same(members[0], old, at):
        yield Formed(old, tuple(members))
        return
    winner = min(members, key=lambda claim: directness(claim, at.feeds)).feed_id
    own = [claim for claim in members if claim.feed_id == winner]
    wanted = joined((*(claim.nights for claim in own), *_slept(old, own, at.today)))
    for place, (run, claims) in enumerate(_shared_out(wanted, own, members)):
        key = stay_id if place == 0 else at.new_id("stay")
        if claims:
            yield Formed(_stay(key, old, run, claims, at), tuple(claims))
        elif old is not None:
            # Only nights already slept are upheld by no claim, and they are the first run.
            spans = _spans(run, old.spans, at.now)
            ended = replace(old, spans=spans, status=StayStatus.COMPLETED, closed_at=at.now)
            yield Formed(ended, ())


def closed(old: Stay, linked: Sequence[KnownClaim], at: Moment) -> Stay:
    """What becomes of a live stay that no claim supports: `linked` are those that did.

    A direct stay stands on its own until it is over, a hold until its time is.
    """
    if old.lapsed(at.now):
        return expired(old, at.now)
    if old.feed_id is None:
        over = old.nights.departure < at.today
        return replace(old, status=StayStatus.COMPLETED, closed_at=at.now) if over else old
    return replace(old, status=_end(old, linked, at.today), closed_at=at.now)


def moved(stay: Stay, nights: Nights, now: datetime) -> Stay:
    """A stay of ours on other nights: behind everyone for those that it did not want before."""
    return replace(stay, spans=_spans(nights, stay.spans, now))


def _says_the_same(claim: KnownClaim, old: Stay, at: Moment) -> bool:
    """Whether the stay's only claim leaves it as it is: most stays, in most passes."""
    said = claim.said
    return (
        old.live
        and (old.feed_id, old.kind, old.reason) == (claim.feed_id, said.kind, said.reason)
        and old.nights == said.nights
        and said.nights.departure >= at.today
        and old.status is _standing((claim,))
        and said.reservation_code in (None, old.reservation_code)
        and old.channel == channel_of(claim, at.feeds)
    )


def _end(old: Stay, linked: Sequence[KnownClaim], today: date) -> StayStatus:
    if old.nights.departure <= today:
        return StayStatus.COMPLETED
    if canceled_by_winner(old, linked):
        return StayStatus.CANCELED
    return StayStatus.WITHDRAWN


def _slept(old: Stay | None, own: Sequence[KnownClaim], today: date) -> Iterator[Nights]:
    """The nights already slept of a running stay: no answer takes them away."""
    if old is None or not (old.live or old.status is StayStatus.COMPLETED):
        return
    if old.nights.arrival >= today or not owns_nights(old.reason):
        return
    if all(owns_nights(claim.said.reason) for claim in own):
        yield Nights(old.nights.arrival, min(old.nights.departure, today))


def _shared_out(
    wanted: Sequence[Nights], own: Sequence[KnownClaim], members: Sequence[KnownClaim]
) -> list[tuple[Nights, list[KnownClaim]]]:
    """Each run with its claims; a supporter of another feed goes with the first it overlaps."""
    if len(wanted) == 1:
        return [(wanted[0], list(members))]
    runs: list[tuple[Nights, list[KnownClaim]]] = [
        (run, [claim for claim in own if claim.nights.overlaps(run)]) for run in wanted
    ]
    upheld = [(run, claims) for run, claims in runs if claims]
    winner = own[0].feed_id
    for claim in members:
        if claim.feed_id != winner:
            fitting = (claims for run, claims in upheld if claim.nights.overlaps(run))
            next(fitting, upheld[0][1]).append(claim)
    return runs


def _stay(
    stay_id: str, old: Stay | None, run: Nights, claims: Sequence[KnownClaim], at: Moment
) -> Stay:
    lead = min(claims, key=lambda claim: _rank(claim, at.feeds))
    over = run.departure < at.today
    return Stay(
        id=stay_id,
        unit_id=at.unit_id,
        kind=lead.said.kind,
        reason=lead.said.reason,
        status=StayStatus.COMPLETED if over else _standing(claims),
        channel=channel_of(lead, at.feeds),
        feed_id=lead.feed_id,
        spans=_spans(run, _queued(old, lead), at.now),
        opened_at=old.opened_at if old is not None and old.id == stay_id else at.now,
        reservation_code=_code(lead, claims, old),
        mirrored=old is not None and old.mirrored,
        closed_at=at.now if over else None,
    )


def _rank(claim: KnownClaim, feeds: Mapping[str, FeedFacts]) -> tuple[object, ...]:
    """Sorts first the claim that says what a stay is."""
    missing = claim.status is not ClaimStatus.LIVE
    return (directness(claim, feeds), missing, claim.nights, claim.id)


def _standing(claims: Iterable[KnownClaim]) -> StayStatus:
    seen = any(claim.status is ClaimStatus.LIVE for claim in claims)
    return StayStatus.CONFIRMED if seen else StayStatus.MISSING


def _code(lead: KnownClaim, claims: Iterable[KnownClaim], old: Stay | None) -> str | None:
    shown = (claim.said.reservation_code for claim in (lead, *claims))
    return next((code for code in shown if code), old.reservation_code if old else None)


def _queued(old: Stay | None, lead: KnownClaim) -> tuple[Span, ...]:
    """The places in the queue that a stay keeps: none after it was let go, or owned no night."""
    if old is None or not (old.live or old.status is StayStatus.COMPLETED):
        return ()
    if owns_nights(lead.said.reason) and not owns_nights(old.reason):
        return ()
    return old.spans


def _spans(run: Nights, queued: Sequence[Span], now: datetime) -> tuple[Span, ...]:
    """Every night of the run with its place in the queue: the end of it for new nights."""
    if len(queued) == 1 and queued[0].nights == run:
        return tuple(queued)
    found: list[Span] = []
    night = run.arrival
    for span in queued:
        if span.nights.overlaps(run):
            arrival = max(span.nights.arrival, run.arrival)
            departure = min(span.nights.departure, run.departure)
            _append(found, night, arrival, now)
            _append(found, arrival, departure, span.since)
            night = departure
    _append(found, night, run.departure, now)
    return tuple(found)


def _append(found: list[Span], arrival: date, departure: date, since: datetime) -> None:
    if arrival >= departure:
        return
    if found and found[-1].since == since:
        found[-1] = Span(Nights(found[-1].nights.arrival, departure), since)
    else:
        found.append(Span(Nights(arrival, departure), since))
