"""A recurring entry and the entries that override its occurrences. Source: R5, RFC 5545 3.8.5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from operator import attrgetter, itemgetter

from vacancy.domain.claims import Entry, Skipped
from vacancy.domain.nights import Nights
from vacancy.ical.moments import Moment, duration, local_day, moment
from vacancy.ical.odd import (
    FREE,
    NO_NIGHT,
    Span,
    entry_of,
    moment_of,
    read_odd,
    span_of,
)
from vacancy.ical.properties import Properties, Property, plain_status, whole_number
from vacancy.ical.refusal import NotACalendar
from vacancy.ical.rules import BadRule, Rule, Steps, days_of, parse_rule, past
from vacancy.ical.settings import ReadSettings
from vacancy.ical.zones import zone_named

MOST_INSTANCES = 500
BAD_RULE = "its repetition cannot be read (RRULE): only the first occurrence is kept"

_Read = tuple[list[Entry], list[Skipped]]
#: What tells an occurrence: its day, or its instant.
_Key = date | datetime


@dataclass(frozen=True, slots=True)
class _Series:
    """One master: where it first lies, in the zone that its repetitions keep to."""

    master: Properties
    span: Span
    zone: tzinfo
    settings: ReadSettings
    steps: Steps

    @property
    def length(self) -> timedelta:
        if isinstance(self.span.end, datetime) and isinstance(self.span.start, datetime):
            return _wall(self.span.end, self.zone) - _wall(self.span.start, self.zone)
        return local_day(self.span.end, self.zone) - local_day(self.span.start, self.zone)

    @property
    def first_day(self) -> date:
        return local_day(self.span.start, self.zone)

    def at(self, day: date) -> Moment:
        """The occurrence's start on that day: the same time on the wall as the first one's."""
        if not isinstance(self.span.start, datetime):
            return day
        wall = _wall(self.span.start, self.zone)
        return datetime.combine(day, wall.time(), self.zone)


def read_series(
    group: Sequence[Properties], prodid: str, zone_name: str, settings: ReadSettings, steps: Steps
) -> _Read:
    """The occurrences of one UID from today to the horizon, overridden ones as they now are.

    `zone_name` is the calendar's X-WR-TIMEZONE, which repetitions given in UTC keep to.
    NotACalendar when they are over 500 (those without a free night between count as one).
    """
    masters = _latest([found for found in group if "RECURRENCE-ID" not in found.single])
    entries: list[Entry] = []
    skipped: list[Skipped] = []
    overrides = _readable(group, settings, skipped)
    stand = False
    for master in masters:
        span = span_of(master, settings)
        if isinstance(span, str):
            skipped.append(Skipped(master.uid, span, unreadable=span != FREE))
            continue
        zone = _own_zone(span.start, zone_name, settings.zone)
        series = _Series(master, span, zone, settings, steps)
        stand = True
        entries.extend(_occurrences(series, _by_key(series, overrides), prodid, skipped))
    for override in overrides:
        # Without a master that can be read, or a day to override, it stands alone.
        if not stand or moment_of(override, "RECURRENCE-ID", settings.zone) is None:
            _alone(override, prodid, settings, entries, skipped)
    _bounded(entries, settings.today)
    return sorted(entries, key=attrgetter("nights")), skipped


def _latest(masters: list[Properties]) -> list[Properties]:
    """Those of the highest SEQUENCE (R8)."""
    highest = max((whole_number(found.text("SEQUENCE")) for found in masters), default=0)
    return [found for found in masters if whole_number(found.text("SEQUENCE")) == highest]


def _readable(
    group: Sequence[Properties], settings: ReadSettings, skipped: list[Skipped]
) -> list[Properties]:
    """The overrides that say something; one that cannot be read leaves its occurrence as it was."""
    found: list[Properties] = []
    for one in group:
        if "RECURRENCE-ID" not in one.single:
            continue
        span = span_of(one, settings)
        says_when = not isinstance(span, str) or span == FREE
        if says_when or plain_status(one.text("STATUS")) == "CANCELLED":
            found.append(one)
        else:
            skipped.append(Skipped(one.uid, str(span)))
    return found


def _own_zone(start: Moment, zone_name: str, property_zone: tzinfo) -> tzinfo:
    if not isinstance(start, datetime) or start.tzinfo is None:
        return property_zone
    if start.tzinfo is UTC:
        return zone_named(zone_name) or UTC
    return start.tzinfo


def _wall(value: datetime, zone: tzinfo) -> datetime:
    return value.astimezone(zone).replace(tzinfo=None)


def _occurrences(
    series: _Series,
    moved: Mapping[_Key, Properties],
    prodid: str,
    skipped: list[Skipped],
) -> Iterator[Entry]:
    """The occurrences that the rule, RDATE and EXDATE leave, then the overridden ones."""
    today = series.settings.today
    excluded = _moments(series, "EXDATE") | moved.keys()
    overriding = {key: _overriding(series, key, one, prodid) for key, one in moved.items()}
    onward = _onward(series, moved, overriding)
    told: Entry | None = None
    for day, span in _spans(series, skipped):
        if day in excluded or _key(series.at(day)) in excluded:
            continue
        nights = span.nights(series.settings.zone)
        if nights is None:
            continue
        # The text is the same for all: it is read once.
        told = told or entry_of(series.master, nights, prodid, instance=day)
        entry = _changed(replace(told, nights=nights, instance=day), onward)
        if entry is not None and entry.nights.departure >= today:
            yield entry
    if told is None and series.length < timedelta(days=1):
        skipped.append(Skipped(series.master.uid, NO_NIGHT))
    yield from (one for one in overriding.values() if one and one.nights.departure >= today)


def _overriding(series: _Series, key: _Key, override: Properties, prodid: str) -> Entry | None:
    nights = _nights(override, key, series)
    if nights is None:
        return None
    return entry_of(override, nights, prodid, instance=local_day(key, series.zone))


def _onward(
    series: _Series, moved: Mapping[_Key, Properties], overriding: Mapping[_Key, Entry | None]
) -> list[tuple[date, Entry | None]]:
    """The overrides of an occurrence and all after it, by its day, the latest first."""
    found = [
        (local_day(key, series.zone), overriding[key])
        for key, override in moved.items()
        if override.single["RECURRENCE-ID"].params.get("RANGE", "").upper() == "THISANDFUTURE"
    ]
    return sorted(found, key=itemgetter(0), reverse=True)


def _changed(entry: Entry, onward: Sequence[tuple[date, Entry | None]]) -> Entry | None:
    """The occurrence as the latest override before it has it: as far away, as long."""
    day = entry.instance
    for first, said in onward:
        if day is None or first > day:
            continue
        if said is None:
            return None
        later, nights = day - first, said.nights
        moved = Nights(nights.arrival + later, nights.departure + later)
        return replace(said, nights=moved, instance=day)
    return entry


def _spans(series: _Series, skipped: list[Skipped]) -> Iterator[tuple[date, Span]]:
    """Each occurrence's day, and from when to when it lasts."""
    periods = _periods(series)
    for day in sorted({*_days(series, skipped), *periods}):
        start = series.at(day)
        yield day, periods.get(day) or Span(start, start + series.length)


def _days(series: _Series, skipped: list[Skipped]) -> Iterator[date]:
    """The days of all occurrences that may still hold a night from today on."""
    reach = min(series.length, timedelta(days=5_000)) + timedelta(days=2)
    first, last = series.settings.today - reach, series.settings.horizon
    days: set[date] = set()
    for text in {prop.value for prop in series.master.repeated.get("RRULE", ())}:
        try:
            days.update(_ruled(series, parse_rule(text), first, last))
        except BadRule:
            skipped.append(Skipped(series.master.uid, BAD_RULE))
    days.add(series.first_day)
    extra = {local_day(key, series.zone) for key in _moments(series, "RDATE")}
    days.update(day for day in extra if first <= day <= last)
    yield from days


def _ruled(series: _Series, rule: Rule, first: date, last: date) -> Iterator[date]:
    until = moment(rule.until, {}, series.zone) if rule.until else None
    if rule.until and until is None:
        raise BadRule("no date in UNTIL")
    for day in days_of(rule, series.first_day, first, last, series.steps):
        if until is not None and past(series.at(day), until):
            return
        yield day


def _key(start: Moment) -> _Key:
    return start.astimezone(UTC) if isinstance(start, datetime) else start


def _moments(series: _Series, name: str) -> frozenset[_Key]:
    """The days and instants listed by a repeated property; a period counts by its start."""
    keys: set[_Key] = set()
    for prop in series.master.repeated.get(name, ()):
        keys.update(_listed(series, prop))
    return frozenset(keys)


def _periods(series: _Series) -> dict[date, Span]:
    """The occurrences that RDATE gives as periods, with ends of their own, by their days; of two
    that begin on one day the one that ends later.
    """

    def ends(span: Span) -> date:
        return local_day(span.end, series.zone)

    found: dict[date, Span] = {}
    for prop in series.master.repeated.get("RDATE", ()):
        for text in set(prop.value.split(",")):
            first, _, last = text.partition("/")
            start = moment(first, prop.params, series.zone)
            length = duration(last)
            if not isinstance(start, datetime) or not last:
                continue
            end = moment(last, prop.params, series.zone) if length is None else start + length
            if end is None:
                continue
            day, span = local_day(start, series.zone), Span(start, end)
            found[day] = max(span, found.get(day, span), key=ends)
    return found


def _listed(series: _Series, prop: Property) -> Iterator[_Key]:
    for text in set(prop.value.split(",")):
        value = moment(text.partition("/")[0], prop.params, series.zone)
        if value is not None:
            whole = not isinstance(series.span.start, datetime)
            yield local_day(value, series.zone) if whole else _key(value)


def _by_key(series: _Series, overrides: Sequence[Properties]) -> dict[_Key, Properties]:
    """The override of each occurrence; the highest SEQUENCE wins."""
    found: dict[_Key, Properties] = {}
    whole = not isinstance(series.span.start, datetime)
    for override in sorted(overrides, key=lambda one: whole_number(one.text("SEQUENCE"))):
        value = moment_of(override, "RECURRENCE-ID", series.zone)
        if value is not None:
            found[local_day(value, series.zone) if whole else _key(value)] = override
    return found


def _nights(override: Properties, key: _Key, series: _Series) -> Nights | None:
    """Where an override puts its occurrence; a cancellation without dates means the first ones."""
    span = span_of(override, series.settings)
    if span == FREE:
        return None
    if isinstance(span, str):
        start = series.at(local_day(key, series.zone))
        span = Span(start, start + series.length)
    return span.nights(series.settings.zone)


def _alone(
    override: Properties,
    prodid: str,
    settings: ReadSettings,
    entries: list[Entry],
    skipped: list[Skipped],
) -> None:
    """An override whose master the feed does not show is an entry of its own."""
    read = read_odd(override, prodid, settings)
    if isinstance(read, Skipped):
        skipped.append(read)
        return
    value = moment_of(override, "RECURRENCE-ID", settings.zone)
    day = local_day(value, settings.zone) if value is not None else read.nights.arrival
    entries.append(entry_of(override, read.nights, prodid, instance=day))


def _bounded(entries: list[Entry], today: date) -> None:
    """Refuses over 500 runs of nights from today on."""
    runs, reached = 0, today
    for nights in sorted(entry.nights for entry in entries if entry.nights.departure > today):
        runs += nights.arrival > reached or runs == 0
        reached = max(reached, nights.departure)
    if runs > MOST_INSTANCES:
        raise NotACalendar("recurrence_bound")
