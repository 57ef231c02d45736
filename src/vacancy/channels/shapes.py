"""Rule blocks by their shape: a channel's own settings among its blocks. Source: rules 2.

A shape decides only what is new. A block once read as the owner's stays the owner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from vacancy.channels.catalog import profile_of
from vacancy.channels.profile import Shapes
from vacancy.channels.remembered import Remembered
from vacancy.domain.claims import Claim, Kind, KnownClaim, Reason
from vacancy.domain.nights import ONE_NIGHT, Nights, joined, night_set

_YEAR = timedelta(days=365)
#: So many nights newly closed besides stays and tails make a closed listing.
_CLOSED_NIGHTS = 30
_STILL_DAYS = 2
_NO_SHAPES = Shapes()


@dataclass(frozen=True, slots=True)
class Scene:
    """What shapes are judged against.

    `moves_on`: the feed is not an old copy (its DTSTAMPs are of the last day, or it has none).
    `closed_before`: its last answer closed every free night as well. `stays` are joined ranges;
    `begun_by_end` gives the first arrival of the stays that end on a day.
    """

    today: date
    before: Remembered
    stays: tuple[Nights, ...]
    arrivals: frozenset[date]
    begun_by_end: Mapping[date, date]
    moves_on: bool
    closed_before: bool


def scene_of(
    claims: Sequence[Claim], before: Remembered, today: date, moves_on: bool, closed_before: bool
) -> Scene:
    """The scene that the reservations of a snapshot make."""
    stays = [one.nights for one in claims if one.kind is Kind.RESERVATION and not one.canceled]
    begun: dict[date, date] = {}
    for stay in stays:
        begun[stay.departure] = min(stay.arrival, begun.get(stay.departure, stay.arrival))
    arrivals = frozenset(stay.arrival for stay in stays)
    return Scene(today, before, tuple(joined(stays)), arrivals, begun, moves_on, closed_before)


def shaped(claims: Sequence[Claim], scene: Scene) -> tuple[list[Claim], bool]:
    """The claims with their reasons by shape, and whether they close every free night."""
    judged: list[Claim] = []
    fresh: list[int] = []
    for claim in claims:
        shapes = profile_of(claim.provider).shapes
        if not _may_be_rule(claim, shapes):
            judged.append(claim)
            continue
        for piece in _pieces(claim, shapes, scene):
            if shapes.closed and _unsettled(piece, scene):
                fresh.append(len(judged))
            judged.append(piece)
    if not _closes_all(judged, fresh, scene):
        return judged, False
    reason = Reason.RULE_CLOSED if scene.closed_before else Reason.UNKNOWN
    for place in fresh:
        judged[place] = _because(judged[place], _closed_reason(judged[place], reason, scene))
    return judged, True


def _may_be_rule(claim: Claim, shapes: Shapes) -> bool:
    return (
        claim.kind is Kind.BLOCK
        and not claim.canceled
        and ".tag_" not in claim.rule
        and claim.reason is not Reason.TENTATIVE
        and shapes != _NO_SHAPES
    )


def _pieces(claim: Claim, shapes: Shapes, scene: Scene) -> Iterator[Claim]:
    """The claim with its reason; a tail that starts earlier than before comes in two pieces."""
    tail = _tail_within(claim, shapes, scene)
    if tail is None:
        yield _because(claim, _reason(claim, shapes, scene))
        return
    yield replace(
        claim,
        nights=Nights(claim.nights.arrival, tail.nights.arrival),
        reason=_added_reason(claim, scene),
        rule=f"{claim.provider}.before_tail",
    )
    rest = Nights(tail.nights.arrival, claim.nights.departure)
    # The tail keeps the UID that it had: the first piece has the one that the channel gives now.
    uid = tail.said.uid if tail.said.uid != claim.uid else f"{claim.uid}/tail"
    yield _because(replace(claim, nights=rest, uid=uid), Reason.RULE_WINDOW)


def _tail_within(claim: Claim, shapes: Shapes, scene: Scene) -> KnownClaim | None:
    """The known tail that the claim holds besides nights before it."""
    if not _ends_as_tail(claim, shapes, scene.today):
        return None
    return scene.before.tail_after(claim, max(claim.nights.arrival, scene.today))


def _added_reason(claim: Claim, scene: Scene) -> Reason:
    known = scene.before.block(claim)
    if known is None or known.said.reason is None or known.said.reason is Reason.RULE_WINDOW:
        return Reason.UNKNOWN
    return known.said.reason


def _reason(claim: Claim, shapes: Shapes, scene: Scene) -> Reason | None:
    known = scene.before.block(claim)
    if known is None:
        return _new_reason(claim, shapes, scene)
    reason = known.said.reason
    if reason is Reason.RULE_CLOSED:
        return Reason.UNKNOWN
    if reason is Reason.RULE_PREPARATION and len(claim.nights) > 1:
        return claim.reason
    if reason is not Reason.RULE_WINDOW:
        return reason
    return claim.reason if _stands_still(claim, known, shapes, scene) else reason


def _new_reason(claim: Claim, shapes: Shapes, scene: Scene) -> Reason | None:
    nights, today = claim.nights, scene.today
    if _is_tail(claim, shapes, scene):
        return Reason.RULE_WINDOW
    if len(nights) == 1 and shapes.preparation and _beside(nights, scene):
        return Reason.RULE_PREPARATION
    if len(nights) == 1 and shapes.notice and nights.arrival == today:
        return Reason.RULE_NOTICE
    return claim.reason


def _ends_as_tail(claim: Claim, shapes: Shapes, today: date) -> bool:
    if shapes.tail_ends is None:
        return False
    first, last = shapes.tail_ends
    return first <= (claim.nights.departure - today).days <= last


def _is_tail(claim: Claim, shapes: Shapes, scene: Scene) -> bool:
    if not _ends_as_tail(claim, shapes, scene.today):
        return False
    if shapes.tail_starts is None:
        return claim.nights.arrival > scene.today or scene.before.runs_on(claim)
    away = (claim.nights.arrival - scene.today).days
    at_distance = any(abs(away - distance) <= 1 for distance in shapes.tail_starts)
    return at_distance or _behind_stay(claim, shapes.tail_starts, scene)


def _behind_stay(claim: Claim, distances: Sequence[int], scene: Scene) -> bool:
    """Whether it starts where a stay ends that covers the day at a settings' distance."""
    begun = scene.begun_by_end.get(claim.nights.arrival)
    if begun is None:
        return False
    first = (begun - scene.today).days - 1
    last = (claim.nights.arrival - scene.today).days + 1
    return any(first <= distance <= last for distance in distances)


def _stands_still(claim: Claim, known: KnownClaim, shapes: Shapes, scene: Scene) -> bool:
    """Whether a tail has kept its start for days in which it should have moved."""
    if shapes.tail_starts is None or not scene.moves_on:
        return False
    if _ends_as_tail(claim, shapes, scene.today) and _behind_stay(claim, shapes.tail_starts, scene):
        return False
    days = (scene.today - known.first_seen.date()).days
    return days >= _STILL_DAYS or not _is_tail(claim, shapes, scene)


def _beside(nights: Nights, scene: Scene) -> bool:
    return nights.arrival in scene.begun_by_end or nights.departure in scene.arrivals


def _unsettled(claim: Claim, scene: Scene) -> bool:
    """Whether a closed listing may be what it shows: it is new, or was doubted before."""
    if claim.reason is Reason.RULE_WINDOW or claim.nights.departure <= scene.today:
        return False
    known = scene.before.block(claim)
    return known is None or known.said.reason in (Reason.UNKNOWN, Reason.RULE_CLOSED)


def _closes_all(claims: Sequence[Claim], fresh: Sequence[int], scene: Scene) -> bool:
    if not fresh:
        return False
    year = Nights(scene.today + ONE_NIGHT, scene.today + _YEAR)
    blocks = [one.nights for one in claims if one.kind is Kind.BLOCK and not one.canceled]
    if not any(nights.covers(year) for nights in joined((*scene.stays, *blocks))):
        return False
    free = set(year) - _within(year, scene.stays)
    closed = _within(year, [claims[place].nights for place in fresh])
    return len(closed & free) >= _CLOSED_NIGHTS


def _within(year: Nights, ranges: Sequence[Nights]) -> frozenset[date]:
    """The nights of the year that the ranges hold."""
    return night_set(
        Nights(max(one.arrival, year.arrival), min(one.departure, year.departure))
        for one in joined(ranges)
        if one.overlaps(year)
    )


def _closed_reason(claim: Claim, reason: Reason, scene: Scene) -> Reason:
    known = scene.before.block(claim)
    believed = known is not None and known.said.reason is Reason.RULE_CLOSED
    return Reason.RULE_CLOSED if believed else reason


def _because(claim: Claim, reason: Reason | None) -> Claim:
    if reason is claim.reason:
        return claim
    name = reason.value if reason else "blocked"
    return replace(claim, reason=reason, rule=f"{claim.provider}.{name}")
