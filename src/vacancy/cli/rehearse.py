"""Rehearsing: the configured units in a pretend world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from vacancy.simulator.report import Report


def rehearse(
    days: Annotated[int, typer.Option(min=1, max=1000, help="How many days to live.")] = 90,
    seed: Annotated[int, typer.Option(help="Another number is another story.")] = 1,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Play your units on pretend channels, and report what Vacancy makes of it.

    Nothing is asked of any channel, and nothing is kept.
    """
    from vacancy.cli.house import read_clock
    from vacancy.settings import load
    from vacancy.simulator.rehearse import rehearse as play

    settings = load(config, os.environ)
    report = play(settings, read_clock(os.environ).now(), days, seed)
    if as_json:
        printing.document(report.document())
    else:
        _tell(report)
    return BAD if report.bad else 0


def _tell(report: Report) -> None:
    printing.line(
        f"{report.days} days of {report.units} units on {report.feeds} feeds, by seed"
        f" {report.seed}: {report.bookings} bookings, {report.polls} polls."
    )
    for told in _doubles(report):
        printing.line(told)
    for number, what in (
        (report.missed, "double bookings missed"),
        (report.false_alarms, "false alarms"),
        (report.wrongly_freed, "nights wrongly freed"),
        (report.overlooked, "stays shown and not closed"),
        (report.ghost_nights, "nights closed for nothing"),
    ):
        printing.line(f"{number} {what}.")
    printing.table(
        ("channel", "did not know of a stay for"),
        ((channel, _span(span)) for channel, span in report.exposure.items()),
        "No channel read anything.",
    )


def _doubles(report: Report) -> Iterator[str]:
    """What became of the nights that two channels sold."""
    if not report.double_bookings:
        yield "No night was sold twice."
        return
    after = f", after {_span(report.minutes_to_find)}" if report.minutes_to_find else ""
    yield f"{report.found} of {report.double_bookings} double bookings found{after}."
    if report.unseeable:
        yield (
            f"{report.unseeable} could not be known: ended, or hidden by their own channel, before"
            " any calendar showed both sides."
        )
    if report.alike:
        yield (
            f"{report.alike} ended while the second sale still looked like the first one coming"
            " back: its channel has no words, and had read your calendar in between."
        )


def _span(span: tuple[int, int] | None) -> str:
    if span is None:
        return "-"
    middle, longest = (printing.span(60 * minutes) for minutes in span)
    return f"{middle} (at most {longest})"
