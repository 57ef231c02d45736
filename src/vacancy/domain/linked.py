"""Units that are parts of one another: a house and its rooms, and what each closes of the others.

A closure is derived, never stored as a stay and never imported again: it owns no night, so it can
hide no reservation, but it is exported and refuses what we sell ourselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from vacancy.domain.availability import KEPT, Held, refuse_taken
from vacancy.domain.buffers import BETWEEN, NO_BUFFERS, Buffers, keeps_free
from vacancy.domain.claims import Kind
from vacancy.domain.conflicts import Clash, sweep
from vacancy.domain.nights import Nights, runs
from vacancy.domain.stays import ConflictKind, Stay
from vacancy.domain.support import owns_nights


class Cause(StrEnum):
    """Why a closure closes: the last part of its id and of its UID in exports."""

    BEFORE = "before"
    AFTER = "after"
    LINKED = "linked"
    #: As many rooms of the house are taken as it sells.
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Closure:
    """Nights of a unit that a stay closes without holding them. `place` counts runs of one stay."""

    stay_id: str
    unit_id: str
    cause: Cause
    nights: Nights
    place: int = 1

    @property
    def id(self) -> str:
        """`<stay id>-<unit id>-<kind>`: no stay has such an id."""
        number = "" if self.place == 1 else str(self.place)
        return f"{self.stay_id}-{self.unit_id}-{self.cause}{number}"


@dataclass(frozen=True, slots=True)
class Member:
    """One unit of a tree, or a unit alone.

    `closing` are the stays that close its nights, lingering ones included; `past` those that are
    over. `capacity` is a house's: how many rooms it sells at once, None where it is sold whole.
    """

    unit_id: str
    parent_id: str | None = None
    capacity: int | None = None
    buffers: Buffers = NO_BUFFERS
    closing: tuple[Stay, ...] = ()
    past: tuple[Stay, ...] = ()


def split_id(key: str) -> tuple[str, str] | None:
    """The stay and the unit that a closure's id names; None for any other text."""
    parts = key.split("-")
    return (parts[0], parts[1]) if len(parts) == 3 else None


def derive(unit_id: str, members: Sequence[Member], today: date) -> tuple[Closure, ...]:
    """All that is closed in one unit by its own buffers and by its relatives, in order of nights.

    `members` is the whole tree of the unit, itself included. `today` is the property's date.
    """
    me = next(member for member in members if member.unit_id == unit_id)
    found = [*_kept_free(me, today), *_by_relatives(me, members)]
    return tuple(sorted(found, key=lambda closure: (closure.nights, closure.id)))


def closed_by(closures: Iterable[Closure]) -> dict[date, str]:
    """Every night that these close, with the stay that is the cause; of several, the first."""
    nights: dict[date, str] = {}
    for closure in closures:
        for night in closure.nights:
            nights.setdefault(night, closure.stay_id)
    return nights


def refuse_closed(
    wish: tuple[Nights, Kind], unit_id: str, members: Sequence[Member], today: date
) -> None:
    """Raises NightsTaken where a wish of ours lies on a closure, or where the nights to be kept
    free around it are another guest's.
    """
    wanted, kind = wish
    refuse_taken(wanted, closed_by(derive(unit_id, members, today)))
    if kind is not Kind.RESERVATION:
        return
    me = next(member for member in members if member.unit_id == unit_id)
    guests = {night: stay.id for stay in _guests(me) for night in stay.nights}
    for nights in me.buffers.around(wanted):
        refuse_taken(nights, guests)


def as_held(closures: Iterable[Closure], today: date) -> tuple[Held, ...]:
    """Closures as an export holds them, as long as it holds a stay."""
    return tuple(
        Held(closure.id, closure.nights, Kind.BLOCK)
        for closure in closures
        if closure.nights.departure + KEPT > today
    )


def tree_clashes(members: Sequence[Member]) -> list[Clash]:
    """The reservations of a house and of its rooms that cannot both be kept.

    Of a house that sells so many rooms, only on nights on which more are taken than it sells.
    """
    house = next((member for member in members if member.parent_id is None), None)
    if house is None:
        return []
    full = _takers(house, members) if house.capacity is not None else {}
    over = {night for night, taken in full.items() if len(taken) > (house.capacity or 0)}
    found: list[Clash] = []
    for room in members:
        if room.parent_id != house.unit_id:
            continue
        for one, other in _pairs(_guests(house), _guests(room)):
            nights = [n for n in one.nights if n in other.nights]
            if house.capacity is not None:
                nights = [night for night in nights if night in over]
            if nights:
                found.append(_clash(one, other, nights))
    return sorted(found, key=lambda clash: (clash.nights, clash.first, clash.second))


def _kept_free(me: Member, today: date) -> Iterator[Closure]:
    """The nights around each reservation. They stay kept free after the guest has left."""
    if not me.buffers:
        return
    for stay in (*me.closing, *me.past):
        if stay not in me.closing and not keeps_free(stay, me.buffers, today):
            continue
        if stay.kind is not Kind.RESERVATION:
            continue
        before, after = me.buffers.ahead_of(stay.nights), me.buffers.behind(stay.nights)
        if before is not None:
            yield Closure(stay.id, me.unit_id, Cause.BEFORE, before)
        if after is not None:
            yield Closure(stay.id, me.unit_id, Cause.AFTER, after)


def _by_relatives(me: Member, members: Sequence[Member]) -> Iterator[Closure]:
    house = _house_of(me, members)
    if house is None:
        return
    if house.capacity is not None:
        yield from _full(me, house, members)
        return
    for member in _relatives(me, members):
        for stay in _reaching(member, members):
            yield Closure(stay.id, me.unit_id, Cause.LINKED, stay.nights)


def _house_of(me: Member, members: Sequence[Member]) -> Member | None:
    """The house of this unit's tree; None for a unit alone."""
    if len(members) < 2:
        return None
    root = me.parent_id or me.unit_id
    return next((member for member in members if member.unit_id == root), None)


def _relatives(me: Member, members: Sequence[Member]) -> list[Member]:
    return [one for one in members if one.parent_id == me.unit_id or one.unit_id == me.parent_id]


def _reaching(member: Member, members: Sequence[Member]) -> list[Stay]:
    """The stays of a unit that close its relatives.

    Not a block that only repeats what a relative's reservation says: some channels link the
    calendars of a house and its rooms themselves.
    """
    guests = [stay for one in _relatives(member, members) for stay in _guests(one)]
    return [stay for stay in _own(member) if not _repeats(stay, guests)]


def _own(member: Member) -> list[Stay]:
    return [
        stay
        for stay in member.closing
        if owns_nights(stay.reason) and not stay.mirrored and stay.reason not in BETWEEN
    ]


def _guests(member: Member) -> list[Stay]:
    return [stay for stay in member.closing if stay.live and stay.kind is Kind.RESERVATION]


def _repeats(stay: Stay, guests: Sequence[Stay]) -> bool:
    if stay.kind is not Kind.BLOCK or stay.feed_id is None:
        return False
    return all(
        any(night in guest.nights and _since(guest) <= _since(stay) for guest in guests)
        for night in stay.nights
    )


def _takers(house: Member, members: Sequence[Member]) -> dict[date, list[tuple[datetime, str]]]:
    """Each night's takers of a room, the longest waiting first: one a unit, with its stay.

    A reservation of the house takes a room that nobody has named yet; a block of it takes none.
    """
    taken: dict[date, dict[str, tuple[datetime, str]]] = {}
    for member in members:
        stays = _own(member)
        if member.unit_id == house.unit_id:
            stays = [stay for stay in stays if stay.kind is Kind.RESERVATION]
        for stay in stays:
            for span in stay.spans:
                for night in span.nights:
                    of_night = taken.setdefault(night, {})
                    place = (span.since, stay.id)
                    of_night[member.unit_id] = min(place, of_night.get(member.unit_id, place))
    return {night: sorted(of_night.values()) for night, of_night in taken.items()}


def _full(me: Member, house: Member, members: Sequence[Member]) -> Iterator[Closure]:
    """The nights on which the house is full: closed by whichever stay took the last room."""
    mine = {stay.id for stay in _own(me)}
    capacity = house.capacity or 1
    by_stay: dict[str, list[date]] = {}
    for night, taken in _takers(house, members).items():
        if len(taken) >= capacity and mine.isdisjoint(stay_id for _, stay_id in taken):
            by_stay.setdefault(taken[capacity - 1][1], []).append(night)
    for stay_id, nights in by_stay.items():
        for place, run in enumerate(runs(nights), start=1):
            yield Closure(stay_id, me.unit_id, Cause.FULL, run, place)


def _pairs(ours: Sequence[Stay], theirs: Sequence[Stay]) -> Iterator[tuple[Stay, Stay]]:
    """The reservations of one and of the other that share a night."""
    known = {stay.id: stay for stay in (*ours, *theirs)}
    mine = {stay.id for stay in ours}
    wants = [(s.nights.arrival, s.nights.departure, s.id) for s in known.values()]
    for one, other in sweep(wants):
        if (one in mine) != (other in mine) and not _same_booking(known[one], known[other]):
            yield known[one], known[other]


def _same_booking(one: Stay, other: Stay) -> bool:
    """A channel may list one booking under the house and under its room."""
    code = one.reservation_code
    return code is not None and (code, one.channel) == (other.reservation_code, other.channel)


def _clash(one: Stay, other: Stay, nights: Sequence[date]) -> Clash:
    first, second = sorted((one, other), key=lambda stay: (_since(stay), stay.id))
    return Clash(ConflictKind.LINKED_UNIT, first.id, second.id, tuple(nights))


def _since(stay: Stay) -> datetime:
    return min(span.since for span in stay.spans)
