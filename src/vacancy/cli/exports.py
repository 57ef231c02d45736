"""The export URLs, and opening a new unit's early."""

from __future__ import annotations

from typing import Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json, UnitFilter, UnitName

app = typer.Typer(invoke_without_command=True)


@app.callback()
def exports(
    context: typer.Context,
    unit: UnitFilter = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The export URLs (secret), who reads them and when."""
    if context.invoked_subcommand is not None:
        return
    from vacancy.cli.house import open_house
    from vacancy.services import exports as service

    with open_house(config) as house, house.store.read() as session:
        addresses = (house.vault, house.settings.server.base_url)
        told = service.find(session, house.account_id, unit, addresses, house.clock.now())
        public = house.settings.server.public_url
    if public is None:
        printing.notice("server.public_url is not set: channels cannot reach these addresses yet")
    if as_json:
        printing.document(told)
        return
    printing.table(
        (
            *("unit", "for", "last read", "reads every", "not known there", "version"),
            "address (secret: give it to this channel only)",
        ),
        (
            (one["unit"], one["key"], *reading(one), one["version"], one["url"])
            for one in told["data"]
        ),
        "No export yet: add a unit to the config.",
    )


def reading(one: dict[str, Any]) -> tuple[str, str, str]:
    """When an export was read, how often that happens, and what its channel does not know yet."""
    last = one["last_read_at"] or "never"
    stopped = " (stopped)" if one["unread_since"] else ""
    return last + stopped, printing.span(one["usual_seconds"]), _exposure(one)


def _exposure(one: dict[str, Any]) -> str:
    if not one["unread_stays"]:
        return "-"
    stays = "1 stay" if one["unread_stays"] == 1 else f"{one['unread_stays']} stays"
    return f"{stays}, {printing.span(one['exposure_minutes'] * 60)}"


@app.command()
def publish(unit: UnitName, config: Config = None, as_json: Json = False) -> None:
    """Open a new unit's exports now, before each feed has had a good answer."""
    from vacancy.cli.house import open_house
    from vacancy.services import exports as service

    with open_house(config) as house, house.store.write() as session:
        row = service.publish(session, house.account_id, unit, house.at())
        addresses = (house.vault, house.settings.server.base_url)
        told = service.find(session, house.account_id, row.id, addresses, house.clock.now())
    if as_json:
        printing.document(told)
        return
    printing.line(f"The exports of {row.slug} are open.")
