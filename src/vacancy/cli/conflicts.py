"""Nights that two stays want: seeing them, and deciding about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from vacancy.cli.house import House
    from vacancy.store.session import Session

app = typer.Typer(invoke_without_command=True)

ConflictId = Annotated[str, typer.Argument(metavar="CONFLICT", help="A conflict's id.")]


@app.callback()
def conflicts(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that ended as well.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Nights that two stays want: how urgent, and what to do."""
    if context.invoked_subcommand is not None:
        return
    from vacancy.cli.house import open_house
    from vacancy.services import conflicts as service
    from vacancy.services.shapes import listed

    with open_house(config) as house, house.store.read() as session:
        now = house.clock.now()
        found = service.find(session, house.account_id, now, resolved=everything)
    if as_json:
        printing.document(listed(found))
        return
    printing.table(
        ("id", "unit", "kind", "severity", "status", "nights", "first", "second"),
        (
            (
                *(one["id"], one["unit"], one["kind"], one["severity"], one["status"]),
                ", ".join(one["nights"]),
                *(_side(side) for side in one["sides"]),
            )
            for one in found
        ),
        "No conflict: no night is wanted twice.",
    )
    for one in found:
        if one["status"] != "resolved":
            printing.line(f"{one['id']}: {one['suggestion']}")


@app.command()
def show(conflict: ConflictId, config: Config = None, as_json: Json = False) -> None:
    """One conflict, with the evidence of both sides."""
    from vacancy.cli.house import open_house
    from vacancy.services import conflicts as service

    with open_house(config) as house, house.store.read() as session:
        told = service.get(session, house.account_id, conflict, house.clock.now())
    _print(told, as_json)


@app.command()
def acknowledge(conflict: ConflictId, config: Config = None, as_json: Json = False) -> None:
    """Say that you have seen it."""
    from vacancy.services import conflicts as service

    _decide(
        lambda house, session: service.acknowledge(session, house.account_id, conflict, house.at()),
        config,
        as_json,
    )


@app.command()
def snooze(
    conflict: ConflictId,
    until: Annotated[
        str, typer.Argument(metavar="UNTIL", help="For so long, as 12h or 2d; or an instant.")
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put it aside; it returns by itself."""
    from vacancy.services import conflicts as service

    def ask(house: House, session: Session) -> dict[str, Any]:
        at = house.at()
        return service.snooze(session, house.account_id, conflict, _until(until, at.now), at)

    _decide(ask, config, as_json)


@app.command()
def resolve(
    conflict: ConflictId,
    resolution: Annotated[
        str,
        typer.Argument(
            metavar="RESOLUTION", help="keep_first, keep_second, both_fine or false_alarm."
        ),
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Decide it: whose nights they are, or that both are fine.

    Your own stay is canceled at once; another channel's is to be canceled there.
    """
    from vacancy.services import conflicts as service

    _decide(
        lambda house, session: service.resolve(
            session, house.account_id, conflict, resolution, house.at()
        ),
        config,
        as_json,
    )


def _until(text: str, now: datetime) -> datetime:
    """An instant, or so long from now. Raises Malformed."""
    from vacancy.domain.errors import Malformed
    from vacancy.settings.values import read_duration

    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is not None and instant.tzinfo is not None:
        return instant
    try:
        return now + read_duration(text)
    except ValueError:
        raise Malformed(f"UNTIL must be as 12h, 2d or 2027-02-03T09:00:00Z, not {text!r}") from None


def _decide(
    ask: Callable[[House, Session], dict[str, Any]], config: Path | None, as_json: bool
) -> None:
    from vacancy.cli.house import open_house

    with open_house(config) as house, house.store.write() as session:
        told = ask(house, session)
    _print(told, as_json)


def _print(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        printing.document(told)
        return
    words = (told["unit"], told["kind"], told["severity"], told["status"], told["resolution"])
    printing.line(f"{told['id']}: {' '.join(word for word in words if word)}")
    printing.line(f"nights: {', '.join(told['nights'])}")
    for name, side in zip(("first", "second"), told["sides"], strict=True):
        printing.line(f"{name}: {_side(side)}, {side['status']}, wanted since {side['since']}")
        for proof in side["evidence"]:
            printing.line(
                f"  {proof['feed']} shows {proof['arrival']} to {proof['departure']}"
                f" ({proof['rule']}, {proof['status']}), first seen {proof['first_seen']},"
                f" last {proof['last_seen']}"
            )
    if told["status"] != "resolved":
        printing.line(told["suggestion"])


def _side(side: dict[str, Any]) -> str:
    return f"{side['channel']} {side['kind']} {side['arrival']} to {side['departure']}"
