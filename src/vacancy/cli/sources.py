"""Booking systems: connecting one, and what each says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from vacancy.cli.house import House

app = typer.Typer(
    no_args_is_help=True, help="Booking systems that are read over their APIs: see docs/sources.md."
)

SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="A source's name or id.")]
Pasted = Annotated[
    bool,
    typer.Option(
        "--paste", help="Read from stdin where the browser was sent to, instead of listening."
    ),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0: any port.")]


@app.command("list")
def list_sources(config: Config = None, as_json: Json = False) -> None:
    """The booking systems, and how each fares."""
    from vacancy.cli.house import open_house
    from vacancy.services import sources

    with open_house(config) as house, house.store.read() as session:
        found, _ = sources.find(session, house.account_id, (0, 1000))
    if as_json:
        printing.document({"data": found})
        return
    columns = ("source", "kind", "units", "health", "last good", "what is wrong")
    printing.table(columns, [_row(one) for one in found], "There is no source in the config.")


def _row(told: dict[str, Any]) -> tuple[Any, ...]:
    mapped = ", ".join(f"{remote}={slug}" for remote, slug in told["units"].items())
    return (
        *(told["key"], told["kind"], mapped or "-", told["health"]),
        *(told["last_good_at"] or "-", told["message"]),
    )


@app.command()
def check(source: SourceName, config: Config = None, as_json: Json = False) -> None:
    """Ask a booking system for its properties, and propose which units they are."""
    from vacancy.cli.house import open_house

    with open_house(config) as house:
        told = _checked(house, source)
    _print_check(told, as_json)


@app.command()
def connect(
    source: SourceName,
    paste: Pasted = False,
    port: Port = 0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Connect a booking system: by your consent in a browser, or by the key in the config."""
    from vacancy.cli.house import open_house
    from vacancy.daemon.consent import needs_consent
    from vacancy.services import sources

    with open_house(config) as house:
        with house.store.read() as session:
            known = sources.known(session, house.account_id, source)
        if needs_consent(known.kind):
            _ask_consent(house, known, paste, port)
        told = _checked(house, source)
    _print_check(told, as_json)


def _ask_consent(house: House, known: Any, paste: bool, port: int) -> None:
    from vacancy.cli.coming_back import Landing, pasted
    from vacancy.daemon.consent import connect as consent
    from vacancy.domain.errors import Refused
    from vacancy.sources.port import SourceFailed

    with Landing(port) as landing:
        asks = pasted if paste else landing.asks
        try:
            asyncio.run(consent(_composed(house), known, landing.redirect, asks))
        except SourceFailed as failed:
            raise Refused(failed.reason, failed.text) from None


def _checked(house: House, source: str) -> dict[str, Any]:
    from vacancy.daemon.compose import ask_properties
    from vacancy.services import sources

    with house.store.read() as session:
        known = sources.known(session, house.account_id, source)
    found = asyncio.run(ask_properties(_composed(house), known))
    with house.store.read() as session:
        return sources.checked(session, house.account_id, source, found)


def _composed(house: House) -> Any:
    from vacancy.daemon.compose import House as Composed

    return Composed(house.settings, house.store, house.vault, house.clock, house.chance)


def _print_check(told: dict[str, Any], as_json: bool) -> None:
    """Exit 1 where the system did not let us in."""
    if as_json:
        printing.document(told)
    elif told["ok"]:
        columns = ("remote id", "name", "time zone", "unit", "seems to be")
        rows = [
            (one["remote_id"], one["name"], one["timezone"], one["unit"], one["proposed"])
            for one in told["properties"]
        ]
        printing.table(columns, rows, "The system lets nothing that this account may see.")
        proposed = {one["remote_id"]: one["proposed"] for one in told["properties"]}
        lines = [f'"{remote}" = "{slug}"' for remote, slug in proposed.items() if slug]
        if lines:
            printing.line(f"To map what is proposed: units = {{ {', '.join(lines)} }}")
    else:
        printing.notice(told["message"])
    if not told["ok"]:
        raise typer.Exit(1)
