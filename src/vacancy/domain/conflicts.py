"""Stays that want the same nights: who, of what kind, how urgent, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

from vacancy.domain.buffers import BETWEEN, Buffers, keeps_free, sharing
from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Conflict, ConflictKind, ConflictStatus, Stay, StayStatus
from vacancy.domain.support import owns_nights
from vacancy.domain.unit import Moment

Severity = Literal["critical", "high", "medium", "low"]

#: How a conflict was resolved when the nights were no more shared.
BY_EVIDENCE = "evidence"

#: What a person may decide about a conflict: who keeps the nights, or that nobody has to go.
KEEPS = ("keep_first", "keep_second")
FINE = ("both_fine", "false_alarm")

#: A day as a number, or as text or date: whatever sorts in the order of days.
Day = TypeVar("Day", int, str, date)


def sweep(wants: Iterable[tuple[Day, Day, str]]) -> list[tuple[str, str]]:
    """Every pair of ids whose ranges (arrival, departure, id) share a night, in one pass.

    The earlier arrival comes first in a pair. Costs a sort and the pairs found. For the audit of
    many units call it once a unit, with days as numbers.
    """
    pairs: list[tuple[str, str]] = []
    open_wants: list[tuple[Day, str]] = []
    latest: Day | None = None
    for arrival, departure, key in sorted(wants):
        if latest is None or arrival >= latest:
            open_wants = [(departure, key)]
            latest = departure
            continue
        open_wants = [want for want in open_wants if want[0] > arrival]
        pairs += [(other, key) for _, other in open_wants]
        open_wants.append((departure, key))
        latest = max(latest, departure)
    return pairs


@dataclass(frozen=True, slots=True)
class Clash:
    """Two live stays that share nights in a way that a host must know of."""

    kind: ConflictKind
    first: str
    second: str
    nights: tuple[date, ...]


def clashes(stays: Iterable[Stay], guests: Set[str] = frozenset()) -> list[Clash]:
    """What these stays of one unit, all live, clash over; in order of the nights.

    `guests`: blocks that may hide a guest. Shown on nights sold before, they are a double booking.
    """
    known = {stay.id: stay for stay in stays if owns_nights(stay.reason) and not stay.mirrored}
    wants = [
        (stay.spans[0].nights.arrival, stay.spans[-1].nights.departure, stay.id)
        for stay in known.values()
    ]
    found = [_clash(known[one], known[other], guests) for one, other in sweep(wants)]
    return sorted((clash for clash in found if clash is not None), key=lambda c: c.nights)


def turnovers(stays: Iterable[Stay], buffers: Buffers, today: date) -> list[Clash]:
    """The reservations of one unit that lie on nights kept free for another; in order of nights.

    `stays` are those of the unit: around one that is over nights may still be kept free.
    """
    if not buffers:
        return []
    known = {stay.id: stay for stay in stays if keeps_free(stay, buffers, today)}
    reach = timedelta(days=max(buffers.before, buffers.after))
    wants = [(s.nights.arrival, s.nights.departure + reach, s.id) for s in known.values()]
    found: list[Clash] = []
    for one, other in ((known[a], known[b]) for a, b in sweep(wants)):
        shared = sharing(one.nights, other.nights, buffers)
        if shared and (one.live or other.live) and not _parts_of_one(one, other):
            first, second = sorted((one, other), key=_waiting)
            found.append(Clash(ConflictKind.TURNOVER, first.id, second.id, shared))
    return sorted(found, key=lambda clash: clash.nights)


def settle_conflicts(
    known: Iterable[Conflict],
    found: Sequence[Clash],
    changed: Set[str],
    at: Moment,
) -> list[Conflict]:
    """The conflicts that are new or changed, given those known and what clashes now.

    `changed` are the stays whose nights or kind are not what they were. A conflict ends when
    nothing is shared any more, and opens again when its nights or a side change.
    """
    before = _by_pair(known)
    after: list[Conflict] = []
    for clash in found:
        old = before.pop(frozenset((clash.first, clash.second)), None)
        if old is None:
            # Found in nights already slept, as at a first import: there is nothing left to do.
            if clash.nights[-1] >= at.today:
                after.append(_opened(clash, at))
            continue
        new = _gone_on(old, clash, changed, at.now)
        if new != old:
            after.append(new)
    after += [_ended(old, at.now) for old in before.values() if _is_open(old)]
    return after


def wakes_at(conflicts: Iterable[Conflict]) -> datetime | None:
    """When the first of the snoozed ones returns; None where none is snoozed."""
    until = (one.snoozed_until for one in conflicts if one.status is ConflictStatus.SNOOZED)
    return min((instant for instant in until if instant is not None), default=None)


def acknowledged(conflict: Conflict, now: datetime) -> Conflict:
    """The conflict as a person has seen it; one that was put aside is back."""
    return replace(
        conflict,
        status=ConflictStatus.ACKNOWLEDGED,
        acknowledged_at=conflict.acknowledged_at or now,
        snoozed_until=None,
    )


def snoozed(conflict: Conflict, until: datetime) -> Conflict:
    """The conflict put aside until then."""
    return replace(conflict, status=ConflictStatus.SNOOZED, snoozed_until=until)


def decided(conflict: Conflict, resolution: str, now: datetime) -> Conflict:
    """The conflict as a person decided it.

    Where one of the two is kept, it waits (`to_be_canceled`) until the other is gone by evidence.
    """
    over = resolution in FINE
    return replace(
        conflict,
        status=ConflictStatus.RESOLVED if over else ConflictStatus.ACKNOWLEDGED,
        resolution=resolution,
        resolved_at=now if over else None,
        acknowledged_at=conflict.acknowledged_at or now,
        snoozed_until=None,
    )


def to_be_canceled(conflict: Conflict) -> str | None:
    """The stay that a person decided to let go and that is not gone yet."""
    if conflict.status is ConflictStatus.RESOLVED or conflict.resolution not in KEEPS:
        return None
    return conflict.second if conflict.resolution == "keep_first" else conflict.first


def severity(conflict: Conflict, today: date) -> Severity:
    """How urgent, by the days to the first night that is still to come."""
    to_come = [night for night in conflict.nights if night >= today]
    days = (to_come[0] - today).days if to_come else 0
    if days <= 2:
        return "critical"
    if days <= 7:
        return "high"
    return "medium" if days <= 30 else "low"


def suggestion(conflict: Conflict, first: Stay, second: Stay) -> str:
    """What the host should do, in one sentence; `first` and `second` as in the conflict."""
    leaving = to_be_canceled(conflict)
    if leaving is not None:
        stay = first if leaving == first.id else second
        return f"You decided to let go {_named(stay)}: cancel it at {stay.channel}."
    unlisted = [s for s in (first, second) if s.status is StayStatus.MISSING]
    if unlisted:
        return _look_there(unlisted)
    match conflict.kind:
        case ConflictKind.DOUBLE_BOOKING if second.kind is Kind.BLOCK:
            return (
                f"Look at {second.channel}, which closed nights of {_named(first)} and does not say"
                " why: if a guest booked there, move or cancel one; if not, open them there."
            )
        case ConflictKind.DOUBLE_BOOKING:
            return (
                f"Call both guests: keep {_named(first)}, which came first,"
                f" and move or cancel {_named(second)}."
            )
        case ConflictKind.BLOCKED_NIGHT_SOLD:
            return (
                f"Shorten {_named(first)} if you can host the guest,"
                f" or else cancel {_named(second)}."
            )
        case ConflictKind.TURNOVER:
            return "Make sure that the unit can be made ready in time, or move one of the guests."
        case ConflictKind.LINKED_UNIT:
            return (
                "A house and one of its rooms are both sold: move or cancel"
                f" {_named(second)}, which came later."
            )


def _look_there(unlisted: Sequence[Stay]) -> str:
    """A channel may leave a guest out for having been told of the other: no answer will tell."""
    where = " and ".join(f"{_named(stay)} (vacancy release {stay.id})" for stay in unlisted)
    return (
        f"Look there and release what is gone: {where}. The calendar lists it no more, but it may"
        " be left out only because the channel was told of the other."
    )


def _named(stay: Stay) -> str:
    """A stay as the host knows it."""
    what = "booking" if stay.kind is Kind.RESERVATION else "block"
    return f"your own {what}" if stay.feed_id is None else f"the {what} at {stay.channel}"


def _clash(one: Stay, other: Stay, guests: Set[str]) -> Clash | None:
    if one.feed_id is not None and one.feed_id == other.feed_id:
        return None
    if one.kind is Kind.BLOCK and other.kind is Kind.BLOCK:
        return None
    shared = tuple(_shared(one.nights, other.nights))
    first, second = sorted((one, other), key=lambda stay: _place(stay, shared))
    if one.kind is other.kind:
        return Clash(ConflictKind.DOUBLE_BOOKING, first.id, second.id, shared)
    block, guest = (one, other) if one.kind is Kind.BLOCK else (other, one)
    if block.reason in BETWEEN:
        return Clash(ConflictKind.TURNOVER, first.id, second.id, shared)
    sold = tuple(night for night in shared if _since(block, night) < _since(guest, night))
    if sold:
        return Clash(ConflictKind.BLOCKED_NIGHT_SOLD, block.id, guest.id, sold)
    if block.id in guests:
        return Clash(ConflictKind.DOUBLE_BOOKING, guest.id, block.id, shared)
    return None


def _parts_of_one(one: Stay, other: Stay) -> bool:
    """A booking whose nights have a gap stands as two stays."""
    code = one.reservation_code
    return code is not None and (code, one.feed_id) == (other.reservation_code, other.feed_id)


def _waiting(stay: Stay) -> tuple[datetime, str]:
    return (min(span.since for span in stay.spans), stay.id)


def _shared(one: Nights, other: Nights) -> Nights:
    return Nights(max(one.arrival, other.arrival), min(one.departure, other.departure))


def _place(stay: Stay, nights: Sequence[date]) -> tuple[datetime, bool, str]:
    """The better place wanted one of these nights first."""
    return (min(_since(stay, night) for night in nights), stay.kind is Kind.BLOCK, stay.id)


def _since(stay: Stay, night: date) -> datetime:
    return next(span.since for span in stay.spans if night in span.nights)


def _by_pair(known: Iterable[Conflict]) -> dict[frozenset[str], Conflict]:
    """The latest conflict of each pair of stays."""
    ordered = sorted(known, key=lambda one: (one.opened_at, one.id))
    return {frozenset((one.first, one.second)): one for one in ordered}


def _is_open(conflict: Conflict) -> bool:
    return conflict.status is not ConflictStatus.RESOLVED


def _opened(clash: Clash, at: Moment) -> Conflict:
    return Conflict(
        id=at.new_id("conflict"),
        unit_id=at.unit_id,
        kind=clash.kind,
        status=ConflictStatus.OPEN,
        first=clash.first,
        second=clash.second,
        nights=clash.nights,
        opened_at=at.now,
    )


def _gone_on(old: Conflict, clash: Clash, changed: Set[str], now: datetime) -> Conflict:
    new = replace(old, kind=clash.kind, first=clash.first, second=clash.second, nights=clash.nights)
    if _is_open(old):
        if _worse(old, new):
            return replace(_open_again(new), resolution=None)
        return _open_again(new) if _is_due(old, now) else new
    same = new == old and changed.isdisjoint({old.first, old.second})
    if same and old.resolution != BY_EVIDENCE:
        return old
    return replace(_open_again(new), opened_at=now, resolved_at=None, resolution=None)


def _worse(old: Conflict, new: Conflict) -> bool:
    """Whether what a person acknowledged, snoozed or decided was less than this, or otherwise."""
    if old.resolution is not None and (old.first, old.second) != (new.first, new.second):
        return True
    return new.kind is not old.kind or not set(new.nights) <= set(old.nights)


def _is_due(old: Conflict, now: datetime) -> bool:
    """Whether it was snoozed, and returns."""
    if old.status is not ConflictStatus.SNOOZED:
        return False
    return old.snoozed_until is None or old.snoozed_until <= now


def _open_again(conflict: Conflict) -> Conflict:
    return replace(conflict, status=ConflictStatus.OPEN, acknowledged_at=None, snoozed_until=None)


def _ended(old: Conflict, now: datetime) -> Conflict:
    """Over by evidence; what a person had decided about it stays on record."""
    said = old.resolution or BY_EVIDENCE
    ended = replace(old, status=ConflictStatus.RESOLVED, resolved_at=now, resolution=said)
    return replace(ended, snoozed_until=None)
