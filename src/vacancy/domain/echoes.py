"""Our own export coming back (rules 6): what a channel had read, since when it shows a night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from vacancy.domain.nights import Nights, joined, night_set


@dataclass(frozen=True, slots=True)
class Publication:
    """Nights that a stay held in an export, from a version to the first without them (if any)."""

    stay_id: str
    nights: Nights
    from_version: int
    to_version: int | None = None

    def in_version(self, version: int) -> bool:
        return self.from_version <= version and (
            self.to_version is None or version < self.to_version
        )


@dataclass(frozen=True, slots=True)
class ExportReading:
    """The main reader read this version of the export, first and last at these instants."""

    version: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ExportHistory:
    """What the export made for a feed held, and who could know it; empty when never read."""

    publications: tuple[Publication, ...] = ()
    readings: tuple[ExportReading, ...] = ()

    def version_read_before(self, instant: datetime) -> int | None:
        """The last version that had been read before this instant, None when none had."""
        return max((r.version for r in self.readings if r.first_at < instant), default=None)

    def held(self, version: int) -> dict[date, str]:
        """The stay that closed each night in this version; of two, the first by id."""
        nights: dict[date, str] = {}
        for publication in sorted(self.publications, key=lambda p: p.stay_id):
            if publication.in_version(version):
                for night in publication.nights:
                    nights.setdefault(night, publication.stay_id)
        return nights

    def holders(self, version: int, night: date) -> frozenset[str]:
        """Every stay that closed the night in this version."""
        return frozenset(
            p.stay_id for p in self.publications if night in p.nights and p.in_version(version)
        )

    def last_held(self, night: date, until: datetime) -> int | None:
        """The last version read up to then that held the night."""
        read = (r.version for r in self.readings if r.first_at <= until)
        return max((v for v in read if self.holders(v, night)), default=None)

    def read_after(self, version: int, until: datetime) -> datetime | None:
        """When a later version was first read, None when that has not happened by then."""
        later = (r.first_at for r in self.readings if r.version > version and r.first_at <= until)
        return min(later, default=None)

    def latest_within(self, span: timedelta, now: datetime) -> tuple[int, ...]:
        """The versions that were the last read at some moment of the span, newest first."""
        found: list[int] = []
        for reading in sorted(self.readings, key=lambda r: r.version, reverse=True):
            if reading.first_at > now:
                continue
            found.append(reading.version)
            if reading.first_at <= now - span:
                break
        return tuple(found)


#: When nights were first shown, and the last good answer before that.
_Start = tuple[datetime, "datetime | None"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Nights that a feed shows without a break.

    `good_before` is the last good answer that did not show them yet, None when there was none.
    """

    nights: Nights
    first_shown: datetime
    good_before: datetime | None
    last_shown: datetime


def advance(
    sightings: Iterable[Sighting],
    shown: Iterable[Nights],
    last_good_at: datetime | None,
    now: datetime,
) -> tuple[Sighting, ...]:
    """The sightings after a good answer: a night that it does not show starts anew next time."""
    known = sorted(sightings, key=_first_night)
    since: dict[_Start, list[Nights]] = {}
    place = 0
    for nights in joined(shown):
        while place < len(known) and known[place].nights.departure <= nights.arrival:
            place += 1
        seen = known[place] if place < len(known) else None
        if seen is not None and seen.nights.covers(nights):
            since.setdefault((seen.first_shown, seen.good_before), []).append(nights)
            continue
        for start, part in _parts(nights, known, place, (now, last_good_at)):
            since.setdefault(start, []).append(part)
    found = [
        Sighting(nights, first, before, now)
        for (first, before), group in since.items()
        for nights in joined(group)
    ]
    return tuple(sorted(found, key=_first_night))


def _first_night(sighting: Sighting) -> date:
    return sighting.nights.arrival


def _parts(
    nights: Nights, known: Sequence[Sighting], place: int, new: _Start
) -> Iterator[tuple[_Start, Nights]]:
    """The nights in ranges, each with its start: that of the sighting that it is in, or `new`.

    `known` are in order and share no night; those before `place` lie before these nights.
    """
    reached = nights.arrival
    for at in range(place, len(known)):
        seen = known[at]
        if seen.nights.arrival >= nights.departure:
            break
        arrival = max(seen.nights.arrival, reached)
        departure = min(seen.nights.departure, nights.departure)
        if reached < arrival:
            yield new, Nights(reached, arrival)
        yield (seen.first_shown, seen.good_before), Nights(arrival, departure)
        reached = departure
    if reached < nights.departure:
        yield new, Nights(reached, nights.departure)


@dataclass(frozen=True, slots=True)
class OurStay:
    """A stay of ours that a feed may show back: of this unit or of another, live or ended."""

    stay_id: str
    unit_is_this: bool
    nights: Nights
    live: bool

    def holds(self, night: date) -> bool:
        return self.live and night in self.nights


@dataclass(frozen=True, slots=True)
class Showing:
    """What the attribution of one answer rests on.

    `ranges` are the nights of every entry of the answer, to come and past. `shows_imports` is what
    was learned of the channel: None while it is unknown.
    """

    now: datetime
    today: date
    history: ExportHistory
    our_stays: Mapping[str, OurStay]
    sightings: tuple[Sighting, ...]
    ranges: tuple[Nights, ...]
    shows_imports: bool | None = None
    lag: timedelta = timedelta(hours=48)
    _before: dict[date, datetime | None] = field(default_factory=dict[date, "datetime | None"])

    def good_before(self, night: date) -> datetime | None:
        """The last good answer that did not yet show the night."""
        if not self._before:
            self._before.update({n: s.good_before for s in self.sightings for n in s.nights})
        return self._before.get(night)


@dataclass(frozen=True, slots=True)
class Role:
    """Whose a night is: the channel's own (`echo_of` None), or an echo of a stay of ours.

    `outlived`: an echo until now, and the channel's own since it read that the cause is gone.
    """

    echo_of: str | None = None
    proven: bool = True
    outlived: bool = False


GENUINE = Role()


def named_stay(uid: str, domain: str) -> str | None:
    """The stay that a UID of our own making names: `<stay id>@<domain>`, or the derived closure."""
    local, at, host = uid.rpartition("@")
    if not at or not domain or host.casefold() != domain.casefold():
        return None
    return local


def attribute(nights: Nights, night: date, showing: Showing, *, worded: bool) -> Role:
    """Whose a night is that a block or a wordless entry of these nights closes for the first time.

    `worded`: the provider's words tell reservations from blocks, so this is a block for certain.
    """
    if not worded and showing.shows_imports is False:
        return GENUINE
    stay = _proof(night, showing) or (_late_proof(night, showing) if worded else None)
    if stay is not None and not worded and _was_open_since(night, showing):
        return GENUINE
    if stay is not None:
        return still(Role(stay), night, showing, worded=worded)
    if worded:
        return GENUINE
    stay = _unproven(nights, night, showing)
    return GENUINE if stay is None else Role(stay, proven=False)


def _proof(night: date, showing: Showing) -> str | None:
    """The last version read before the last good answer that did not yet show the night."""
    before = showing.good_before(night)
    if before is None:
        return None
    version = showing.history.version_read_before(before)
    return None if version is None else _cause(version, night, showing)


def _was_open_since(night: date, showing: Showing) -> bool:
    """Whether the channel has read a version without the night since the one that proves an echo.

    It could sell the night from then on: what it shows without words may be a sale.
    """
    before = showing.good_before(night)
    proving = None if before is None else showing.history.version_read_before(before)
    return proving is not None and any(
        reading.version > proving and not showing.history.holders(reading.version, night)
        for reading in showing.history.readings
        if reading.first_at < showing.now
    )


def _late_proof(night: date, showing: Showing) -> str | None:
    """Any version that was the channel's latest shortly before: feeds lag behind what they read."""
    for version in showing.history.latest_within(showing.lag, showing.now):
        stay = _cause(version, night, showing)
        if stay is not None:
            return stay
    return None


def _cause(version: int, night: date, showing: Showing) -> str | None:
    """The stay that held the night in this version; of several, one that still lives."""
    holders = sorted(showing.history.holders(version, night))
    alive = [s for s in holders if s in showing.our_stays and showing.our_stays[s].holds(night)]
    return next(iter(alive or holders), None)


def _unproven(nights: Nights, night: date, showing: Showing) -> str | None:
    """The order of sale and reading is unknown: an echo only if it has the shape of one whole."""
    version = showing.history.version_read_before(showing.now)
    if version is None:
        return None
    stay = _cause(version, night, showing)
    if stay is None:
        return None
    held = showing.history.held(version)
    wanted = [n for n in _nights_of(stay, version, showing) if n >= showing.today]
    shown = night_set(showing.ranges)
    if not all(n in shown for n in wanted):
        return None
    return stay if _edges_fit(nights, held, showing) else None


def _nights_of(stay: str, version: int, showing: Showing) -> frozenset[date]:
    return night_set(
        p.nights
        for p in showing.history.publications
        if p.stay_id == stay and p.in_version(version)
    )


def _edges_fit(nights: Nights, held: Mapping[date, str], showing: Showing) -> bool:
    """Each edge of the entry is one of what the version held, or cut at the channel's own stay."""
    day = timedelta(days=1)
    first, last = max(nights.arrival, showing.today), nights.departure - day
    others = night_set(r for r in showing.ranges if r != nights)
    edges = [(last, last + day)]
    if nights.arrival > showing.today:
        edges.append((first, first - day))
    return first in held and all(
        inner in held and (beyond not in held or beyond in others) for inner, beyond in edges
    )


def still(role: Role, night: date, showing: Showing, *, worded: bool) -> Role:
    """Whose a night is now that was an echo in the last answer and is shown again.

    While its cause lives it stays one. Afterwards it holds nothing until the channel has read a
    version without the night; what it shows after that is its own.
    """
    stay = showing.our_stays.get(role.echo_of or "")
    if not role.proven and not worded and showing.shows_imports is False:
        return GENUINE
    if stay is not None and stay.holds(night):
        return role
    version = showing.history.version_read_before(showing.now)
    if version is None:
        return role
    holder = _cause(version, night, showing)
    if holder is None:
        return Role(outlived=True)
    return Role(holder, role.proven)
