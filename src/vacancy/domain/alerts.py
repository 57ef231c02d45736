"""What people are told of an incident: when a word is due, and when it must wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

#: Quiet hours hold nothing back that is about an arrival within this.
PRESSING = timedelta(hours=48)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


class Word(StrEnum):
    """What a message about an incident says."""

    OPENED = "opened"
    WORSE = "worse"
    REMINDER = "reminder"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an incident stands now.

    `level`: how bad, 0 for over. `extent`: what it is about, so that more of it is worse. `type`
    and `over_type` are the events that people ask to hear of. `known`: somebody acknowledged it,
    so that time alone makes it no worse. `arrival`: the first one that it is about, if any.
    `reminded_at`: since when people are asked anew to decide.
    """

    level: int
    type: str
    over_type: str
    extent: frozenset[str] = frozenset()
    known: bool = False
    arrival: date | None = None
    reminded_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.level == 0


@dataclass(frozen=True, slots=True)
class Told:
    """What a receiver was last told of an incident, and when."""

    level: int
    extent: frozenset[str]
    at: datetime


def next_word(standing: Standing, told: Told | None, on: Collection[str]) -> Word | None:
    """The word that a receiver is due, None where there is nothing new to say.

    `on` are the types of events that people asked to hear of; whoever was told of an incident
    hears how it goes on.
    """
    stands = told is not None and told.level > 0
    if standing.over:
        unheard = told is None and standing.over_type in on
        return Word.OVER if stands or unheard else None
    if standing.type not in on:
        return None
    if told is None or not stands:
        return Word.OPENED
    if standing.extent - told.extent or (standing.level > told.level and not standing.known):
        return Word.WORSE
    if standing.reminded_at is not None and standing.reminded_at > told.at:
        return Word.REMINDER
    return None


def quiet_until(quiet: str | None, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that it is now in, None outside of them.

    `quiet` is as `23:00-07:00`, in the unit's zone.
    """
    if quiet is None:
        return None
    first, last = (time.fromisoformat(part) for part in quiet.split("-"))
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time()
    within = first <= clock < last if first < last else clock >= first or clock < last
    if not within:
        return None
    day = local.date() if clock < last else local.date() + timedelta(days=1)
    return datetime.combine(day, last, tzinfo=ZoneInfo(zone))


def is_pressing(arrival: date | None, zone: str, now: datetime) -> bool:
    """Whether the day of this arrival begins within 48 hours."""
    if arrival is None:
        return False
    return datetime.combine(arrival, time(), tzinfo=ZoneInfo(zone)) - now <= PRESSING


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries in vain: doubled for each, at most an hour."""
    return min(FIRST_WAIT * 2 ** min(max(tries, 1) - 1, 16), LONGEST_WAIT)
