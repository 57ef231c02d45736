"""What a rehearsal showed, as figures and as sentences for the host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from vacancy.simulator.rehearsal import Rehearsal
from vacancy.simulator.truth import Double


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one rehearsal. Spans are whole minutes, middle and longest; None: no such.

    `unseeable` double bookings ended, or were hidden by their own channel, before any calendar
    showed both sides: nobody who reads calendars can know of them. `alike` ones ended while the
    later sale could as well have been an echo of the other. `exposure` is, per channel, how
    long a stay was published before the channel read it.
    """

    days: int
    seed: int
    units: int
    feeds: int
    bookings: int
    polls: int
    double_bookings: int
    found: int
    missed: int
    unseeable: int
    alike: int
    minutes_to_find: tuple[int, int] | None
    false_alarms: int
    wrongly_freed: int
    overlooked: int
    ghost_nights: int
    exposure: dict[str, tuple[int, int] | None]

    @property
    def bad(self) -> bool:
        """Whether anything happened that must not."""
        return bool(self.missed or self.false_alarms or self.wrongly_freed or self.overlooked)

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {**asdict(self), "good": not self.bad}


def report_on(rehearsal: Rehearsal, days: int, seed: int) -> Report:
    """The figures of a rehearsal that is over."""
    judges = list(rehearsal.judges.values())
    doubles = [double for judge in judges for double in judge.doubles]
    return Report(
        days=days,
        seed=seed,
        units=len(judges),
        feeds=len(rehearsal.feeds),
        bookings=rehearsal.sales,
        polls=rehearsal.polls,
        double_bookings=len(doubles),
        found=sum(double.found_at is not None for double in doubles),
        missed=sum(double.missed for double in doubles),
        unseeable=sum(double.unseeable for double in doubles),
        alike=sum(double.alike and double.found_at is None for double in doubles),
        minutes_to_find=_minutes(_waits(doubles)),
        false_alarms=sum(len(judge.false_conflicts) for judge in judges),
        wrongly_freed=sum(len(judge.wrongly_freed) for judge in judges),
        overlooked=sum(len(judge.overlooked) for judge in judges),
        ghost_nights=sum(len(judge.ghosts) for judge in judges),
        exposure=_exposure(rehearsal),
    )


def _waits(doubles: Iterable[Double]) -> Iterable[timedelta]:
    return (one.found_at - one.at for one in doubles if one.found_at is not None)


def _exposure(rehearsal: Rehearsal) -> dict[str, tuple[int, int] | None]:
    spans: dict[str, list[timedelta]] = {}
    for feed in rehearsal.feeds:
        spans.setdefault(feed.page.channel, []).extend(feed.exposures)
    return {channel: _minutes(found) for channel, found in sorted(spans.items())}


def _minutes(spans: Iterable[timedelta]) -> tuple[int, int] | None:
    """The middle and the longest."""
    found = sorted(span // timedelta(minutes=1) for span in spans)
    return (found[len(found) // 2], found[-1]) if found else None
