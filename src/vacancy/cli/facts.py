"""What is: status, calendar, bookings, events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json, UnitFilter

_MARKS = {"reservation": "R", "block": "B"}


def status(config: Config = None, as_json: Json = False) -> None:
    """How the units and their feeds stand."""
    from vacancy.cli.house import open_house
    from vacancy.services import status as service

    with open_house(config) as house, house.store.read() as session:
        told = service.find(session, house.account_id, house.clock.now())
    if as_json:
        printing.document(told)
        return
    printing.table(
        (
            *("unit", "feed", "health", "last answer", "last good", "next poll"),
            *("read us", "reads every", "not known there"),
        ),
        (
            (unit["unit"], feed["feed"], feed["health"], _last(feed), *_times(feed), *_read(feed))
            for unit in told["units"]
            for feed in unit["feeds"]
        ),
        "No feed yet: add one to the config.",
    )
    for unit in told["units"]:
        clash = f", {unit['conflicts']} in conflict" if unit["conflicts"] else ""
        printing.line(f"{unit['unit']}: {unit['stays']} stays to come{clash}")


def _last(feed: dict[str, Any]) -> str:
    reason = f" ({feed['last_reason']})" if feed["last_reason"] else ""
    return f"{feed['last_outcome'] or 'not asked yet'}{reason}"


def _times(feed: dict[str, Any]) -> tuple[str, str]:
    return feed["last_good_at"] or "never", feed["next_poll_at"] or "-"


def _read(feed: dict[str, Any]) -> tuple[str, str, str]:
    from vacancy.cli.exports import reading

    return reading(feed["export"]) if feed["export"] else ("-", "-", "-")


def calendar(
    unit: Annotated[str | None, typer.Argument(metavar="[UNIT]", help="A unit's slug.")] = None,
    days: Annotated[int, typer.Option(min=1, max=1100, help="How many nights from tonight.")] = 60,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Which nights are taken, by what.

    R reservation, B block, ! in conflict, . free: one letter a night.
    """
    from vacancy.cli.house import open_house
    from vacancy.services import calendar as service

    with open_house(config) as house, house.store.read() as session:
        wanted = service.Wanted(house.clock.now(), days, unit)
        told = service.find(session, house.account_id, wanted)
    if as_json:
        printing.document(told)
        return
    if not told["data"]:
        printing.line("No unit yet: add one to the config.")
    for one in told["data"]:
        printing.line(f"{one['unit']} ({one['name']})")
        for text in _months(told, one):
            printing.line(f"  {text}")


def _months(told: dict[str, Any], unit: dict[str, Any]) -> list[str]:
    """A line a month: its name, and a letter a night from the first night shown."""
    marks = {
        night["night"]: "!" if night["conflict"] else _MARKS[night["kind"]]
        for night in unit["nights"]
    }
    months: dict[str, str] = {}
    night, last = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    while night < last:
        month = f"{night:%Y-%m}"
        months.setdefault(month, " " * (night.day - 1))
        months[month] += marks.get(night.isoformat(), ".")
        night += timedelta(days=1)
    return [f"{month}  {line}" for month, line in months.items()]


def bookings(  # noqa: PLR0913, PLR0917 - the parameters of a command are its options
    unit: UnitFilter = None,
    channel: Annotated[str | None, typer.Option(help="As airbnb, booking_com, direct.")] = None,
    kind: Annotated[str | None, typer.Option(help="reservation or block.")] = None,
    status: Annotated[
        str | None,
        typer.Option(help="held, confirmed, missing, canceled, withdrawn or completed."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Nights on or after this date.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Nights before this date.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The stays: guests' nights and blocks."""
    from vacancy.cli.house import open_house
    from vacancy.services import bookings as service

    first = service.read_date("--from", since) if since else None
    last = service.read_date("--to", until) if until else None
    with open_house(config) as house, house.store.read() as session:
        wanted = service.Filter(unit, channel, kind, status, first, last)
        told = service.find(session, house.account_id, wanted)
    if as_json:
        printing.document(told)
        return
    columns = ("id", "unit", "channel", "kind", "reason", "status", "arrival", "departure")
    rows = ([stay[name] for name in columns] for stay in told["data"])
    printing.table(columns, rows, "No stay matches.")


def events(
    after: Annotated[str, typer.Option(metavar="CURSOR", help="Only later facts.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What happened, oldest first."""
    from vacancy.cli.house import open_house
    from vacancy.services import events as service

    with open_house(config) as house, house.store.read() as session:
        told = service.find(session, house.account_id, after, limit)
    if as_json:
        printing.document(told)
        return
    printing.table(
        ("cursor", "when", "what", "about"),
        (
            (event["sequence"], event["occurred_at"], event["type"], _about(event["data"]))
            for event in told["data"]
        ),
        "Nothing happened since.",
    )


def _about(data: dict[str, Any]) -> str:
    shown = ("channel", "kind", "status", "arrival", "departure", "nights", "health", "key")
    said = (data.get(name) for name in shown)
    return " ".join(", ".join(one) if isinstance(one, list) else str(one) for one in said if one)
