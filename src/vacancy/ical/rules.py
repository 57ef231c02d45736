"""RRULE: what it says, and on which days. Source: RFC 5545 3.3.10, daily and coarser.

The libraries that expand rules search on to the year 9999 where a rule never occurs (30 February)
and give no way to stop them. Here every step is counted against a bound, and the tests hold the
days to those of recurring-ical-events.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vacancy.ical.moments import Moment
from vacancy.ical.refusal import NotACalendar

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_FINER = ("HOURLY", "MINUTELY", "SECONDLY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_MOST_STEPS = 500_000
_ONE_DAY = timedelta(days=1)


class BadRule(ValueError):
    """A rule that says nothing that can be read."""


class Steps:
    """The days looked at in one reading; NotACalendar when they are too many."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise NotACalendar("recurrence_bound")


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. `by_day` pairs an ordinal (0: every one) with a weekday (Monday is 0)."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    week_start: int = 0
    by_day: frozenset[tuple[int, int]] = frozenset()
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_year_day: frozenset[int] = frozenset()
    by_week: frozenset[int] = frozenset()
    by_position: frozenset[int] = frozenset()


def parse_rule(text: str) -> Rule:
    """Reads an RRULE; BadRule where it is none, NotACalendar where it is finer than daily."""
    parts: dict[str, str] = {}
    for part in text.upper().strip().split(";"):
        name, _, value = part.partition("=")
        parts[name.strip()] = value.strip()
    frequency = parts.get("FREQ", "")
    interval = _number(parts.get("INTERVAL", "1"))
    finer = any("," in parts.get(name, "") for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    if frequency in _FINER or interval < 1 or finer:
        raise NotACalendar("recurrence_bound")
    if frequency not in _FREQUENCIES:
        raise BadRule(f"no frequency in {text[:60]!r}")
    return Rule(
        frequency,
        interval,
        _number(parts["COUNT"]) if "COUNT" in parts else None,
        parts.get("UNTIL") or None,
        _WEEKDAYS.index(parts["WKST"]) if parts.get("WKST") in _WEEKDAYS else 0,
        _by_day(parts.get("BYDAY", "")),
        *(
            frozenset(_number(number) for number in parts.get(name, "").split(",") if number)
            for name in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
        ),
    )


def _number(text: str) -> int:
    try:
        return int(text[:12])
    except ValueError as error:
        raise BadRule(f"{text[:20]!r} is no number") from error


def _by_day(text: str) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for day in filter(None, (part.strip() for part in text.split(","))):
        match = _BY_DAY.fullmatch(day)
        if match is None:
            raise BadRule(f"{day[:20]!r} is no weekday")
        found.add((int(match[1] or 0), _WEEKDAYS.index(match[2])))
    return frozenset(found)


def days_of(rule: Rule, start: date, first: date, last: date, steps: Steps) -> Iterator[date]:
    """The days that the rule names from `start`, of those from `first` to `last`, in order.

    `start` is one of them whatever the rule says. UNTIL is left to the caller, who knows the
    times of day.
    """
    rule = _completed(rule, start)
    named = 0
    if start >= first:
        yield start
    for days in _periods(rule, start, first, last):
        steps.take(len(days))
        for day in _positions(rule, [day for day in days if _fits(rule, day)]):
            if day < start:
                continue
            named += 1
            if day > last or (rule.count is not None and named > rule.count):
                return
            if day >= first and day != start:
                yield day


def _completed(rule: Rule, start: date) -> Rule:
    """With what an RRULE leaves to its DTSTART."""
    if rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week:
        return rule
    by_day, by_month, by_month_day = rule.by_day, rule.by_month, rule.by_month_day
    if rule.frequency == "WEEKLY":
        by_day = frozenset({(0, start.weekday())})
    elif rule.frequency != "DAILY":
        by_month_day = frozenset({start.day})
        if rule.frequency == "YEARLY":
            by_month = by_month or frozenset({start.month})
    return Rule(
        rule.frequency,
        rule.interval,
        rule.count,
        rule.until,
        rule.week_start,
        by_day,
        by_month,
        by_month_day,
        by_position=rule.by_position,
    )


def _periods(rule: Rule, start: date, first: date, last: date) -> Iterator[list[date]]:
    """The days of each period that the rule visits, up to the one that holds `last`."""
    number = 0 if rule.count is not None else _first_period(rule, start, first)
    while (opening := _opening(rule, start, number)) <= last:
        yield [opening + timedelta(days=place) for place in range(_length(rule, opening))]
        number += rule.interval


def _first_period(rule: Rule, start: date, first: date) -> int:
    """The last visited period that opens no later than `first`, counted from that of `start`."""
    if first <= start:
        return 0
    away = {
        "DAILY": (first - start).days,
        "WEEKLY": (first - start).days // 7,
        "MONTHLY": (first.year - start.year) * 12 + first.month - start.month,
        "YEARLY": first.year - start.year,
    }[rule.frequency]
    return away // rule.interval * rule.interval


def _opening(rule: Rule, start: date, number: int) -> date:
    """The first day of the period so many periods after that of `start`; far ones are 9000-1-1."""
    if number > 200_000:
        return date(9000, 1, 1)
    if rule.frequency == "DAILY":
        return start + timedelta(days=number)
    if rule.frequency == "WEEKLY":
        behind = (start.weekday() - rule.week_start) % 7
        return start + timedelta(days=number * 7 - behind)
    months = start.month - 1 + number if rule.frequency == "MONTHLY" else number * 12
    year = start.year + months // 12
    return date(year, months % 12 + 1, 1) if year < 9000 else date(9000, 1, 1)


def _length(rule: Rule, opening: date) -> int:
    if rule.frequency == "DAILY":
        return 1
    if rule.frequency == "WEEKLY":
        return 7
    if rule.frequency == "MONTHLY":
        return monthrange(opening.year, opening.month)[1]
    return _year_length(opening.year)


def _year_length(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def _positions(rule: Rule, days: list[date]) -> list[date]:
    if not rule.by_position:
        return days
    count = len(days)
    places = {place - 1 if place > 0 else count + place for place in rule.by_position if place}
    return [day for place, day in enumerate(days) if place in places]


def _fits(rule: Rule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day:
        length = monthrange(day.year, day.month)[1]
        if not rule.by_month_day & {day.day, day.day - length - 1}:
            return False
    if rule.by_year_day:
        place = day.timetuple().tm_yday
        if not rule.by_year_day & {place, place - _year_length(day.year) - 1}:
            return False
    if rule.by_week:
        year, week, _ = day.isocalendar()
        weeks = date(year, 12, 28).isocalendar().week
        if not rule.by_week & {week, week - weeks - 1}:
            return False
    return not rule.by_day or _fits_weekday(rule, day)


def _fits_weekday(rule: Rule, day: date) -> bool:
    weekday = day.weekday()
    if (0, weekday) in rule.by_day:
        return True
    if rule.frequency in ("DAILY", "WEEKLY"):
        return any(found == weekday for _, found in rule.by_day)
    if rule.frequency == "YEARLY" and not rule.by_month:
        place, length = day.timetuple().tm_yday, _year_length(day.year)
    else:
        place, length = day.day, monthrange(day.year, day.month)[1]
    forward, backward = (place - 1) // 7 + 1, -((length - place) // 7 + 1)
    return (forward, weekday) in rule.by_day or (backward, weekday) in rule.by_day


def past(value: Moment, until: Moment) -> bool:
    """Whether an occurrence lies after UNTIL; days and instants are compared as days."""
    if isinstance(value, datetime) and isinstance(until, datetime):
        return value > until
    one = value.date() if isinstance(value, datetime) else value
    other = until.date() if isinstance(until, datetime) else until
    return one > other
