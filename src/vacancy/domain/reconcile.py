"""The planner of one unit: the claims of all its feeds become stays, nights and conflicts.

Pure, and the same again: planned twice, the second plan changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from vacancy.domain.availability import LINGER, lingering, night_map
from vacancy.domain.bonds import Bonds, link
from vacancy.domain.claims import KnownClaim, Reason
from vacancy.domain.conflicts import clashes, settle_conflicts, turnovers, wakes_at
from vacancy.domain.forming import closed, form
from vacancy.domain.mirrors import may_be_sold, mirrored
from vacancy.domain.stays import Conflict, Stay
from vacancy.domain.support import is_genuine
from vacancy.domain.unit import FeedFacts, Moment, Notice, Plan, UnitState

__all__ = ["FeedFacts", "Notice", "Plan", "UnitState", "reconcile", "reshaped"]


def reconcile(state: UnitState, now: datetime, today: date, new_id: Callable[[str], str]) -> Plan:
    """Decides what the unit's stays, night map and conflicts are from now on.

    `today` is the property's local date. An imported stay is a fact: it is kept whatever it
    clashes with. Only `new_id` is called from outside, once for each new stay or conflict.
    """
    at = Moment(state.unit_id, state.feeds, now, today, new_id)
    before = {stay.id: stay for stay in state.stays}
    after = _stays_after(state, link(state, today, new_id), at)
    stays = after.stays
    altered = [s for s in stays.values() if s is not before.get(s.id) and s != before.get(s.id)]
    live = [stay for stay in stays.values() if stay.live]
    still_closed = lingering(stays.values(), after.genuine_links(state.claims), now)
    found = [*clashes(live, after.guests), *turnovers(stays.values(), state.buffers, today)]
    conflicts = settle_conflicts(state.conflicts, found, reshaped(before, altered), at)
    return Plan(
        stays=tuple(altered),
        links=after.changed_links(state.claims),
        nights=night_map((*live, *still_closed)),
        conflicts=tuple(conflicts),
        notices=tuple(_notices(before, altered)),
        again_at=_again_at(live, still_closed, (*state.conflicts, *conflicts)),
    )


@dataclass(slots=True)
class _After:
    """All stays of the unit as they are from now on, and which stay each claim supports.

    `guests`: the blocks that may hide a guest, since their channel has no word for one.
    """

    stays: dict[str, Stay]
    stay_of: dict[str, str] = field(default_factory=dict[str, str])
    let_go: set[str] = field(default_factory=set[str])
    guests: frozenset[str] = frozenset()

    def stay_for(self, claim: KnownClaim) -> str | None:
        if claim.id in self.let_go:
            return None
        return self.stay_of.get(claim.id, claim.stay_id)

    def changed_links(self, claims: Iterable[KnownClaim]) -> dict[str, str | None]:
        return {
            claim.id: self.stay_for(claim)
            for claim in claims
            if self.stay_for(claim) != claim.stay_id
        }

    def genuine_links(self, claims: Iterable[KnownClaim]) -> list[str | None]:
        return [self.stay_for(claim) for claim in claims if is_genuine(claim)]


def _stays_after(state: UnitState, bonds: Bonds, at: Moment) -> _After:
    before = {stay.id: stay for stay in state.stays}
    after = _After(dict(before), dict(bonds.attached), bonds.let_go)
    upheld: dict[str, tuple[KnownClaim, ...]] = {}
    for stay_id, members in bonds.members.items():
        if not members:
            continue
        for formed in form(stay_id, before.get(stay_id), members, at):
            after.stays[formed.stay.id] = formed.stay
            upheld[formed.stay.id] = formed.claims
            after.stay_of.update((claim.id, formed.stay.id) for claim in formed.claims)
    linked = _linked(state.claims, after)
    for stay in state.stays:
        if stay.live and stay.id not in upheld:
            after.stays[stay.id] = closed(stay, linked.get(stay.id, ()), at)
    _mark_mirrored(after.stays, upheld, at)
    after.guests = frozenset(
        key for key, claims in upheld.items() if may_be_sold(after.stays[key], claims)
    )
    return after


def _linked(claims: Iterable[KnownClaim], after: _After) -> dict[str, list[KnownClaim]]:
    linked: dict[str, list[KnownClaim]] = {}
    for claim in claims:
        stay_id = after.stay_for(claim)
        if stay_id is not None:
            linked.setdefault(stay_id, []).append(claim)
    return linked


def _mark_mirrored(
    stays: dict[str, Stay], upheld: Mapping[str, tuple[KnownClaim, ...]], at: Moment
) -> None:
    """Marks the live blocks that only repeat others; one that is over stays as it is."""
    live = [stay for stay in stays.values() if stay.live]
    linked = {stay.feed_id for stay in stays.values() if stay.mirrored}
    found = mirrored(live, upheld, at.feeds, at.today, linked)
    for stay in live:
        if stay.mirrored != (stay.id in found) and stay.nights.departure > at.today:
            stays[stay.id] = replace(stay, mirrored=stay.id in found)


def reshaped(before: Mapping[str, Stay], altered: Iterable[Stay]) -> set[str]:
    """The stays whose nights or kind are not what they were, or that came back."""
    return {
        stay.id
        for stay in altered
        if stay.live and (stay.id not in before or _shape(stay) != _shape(before[stay.id]))
    }


def _shape(stay: Stay) -> tuple[object, ...]:
    return (stay.live, stay.kind, stay.nights)


def _notices(before: Mapping[str, Stay], altered: Iterable[Stay]) -> Iterable[Notice]:
    for stay in altered:
        if stay.mirrored and not (stay.id in before and before[stay.id].mirrored):
            yield Notice(
                "mirrored",
                stay.id,
                f"The block at {stay.channel} from {stay.nights.arrival} to"
                f" {stay.nights.departure} repeats stays of other channels: remove the calendar"
                f" link between the channels, Vacancy does its work.{_doubtful(stay)}",
            )


def _doubtful(stay: Stay) -> str:
    if stay.reason is not Reason.UNKNOWN:
        return ""
    return " If there is no such link, look whether a guest booked there: it does not say."


def _again_at(
    live: Iterable[Stay], still_closed: Iterable[Stay], conflicts: Iterable[Conflict]
) -> datetime | None:
    """When a stay lingers no more, a hold expires or a snoozed conflict returns: the first."""
    ends = [stay.expires_at for stay in live if stay.expires_at is not None]
    ends += [(stay.closed_at or stay.opened_at) + LINGER for stay in still_closed]
    waking = wakes_at({conflict.id: conflict for conflict in conflicts}.values())
    return min(ends if waking is None else [*ends, waking], default=None)
