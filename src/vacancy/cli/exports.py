"""The export URLs, and opening a new unit's early."""

from __future__ import annotations

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
        told = service.find(session, house.account_id, unit, addresses)
        public = house.settings.server.public_url
    if public is None:
        printing.notice("server.public_url is not set: channels cannot reach these addresses yet")
    if as_json:
        printing.document(told)
        return
    printing.table(
        ("unit", "for", "last read", "version", "address (secret: give it to this channel only)"),
        (
            (one["unit"], one["key"], one["last_read_at"] or "never", one["version"], one["url"])
            for one in told["data"]
        ),
        "No export yet: add a unit to the config.",
    )


@app.command()
def publish(unit: UnitName, config: Config = None, as_json: Json = False) -> None:
    """Open a new unit's exports now, before each feed has had a good answer."""
    from vacancy.cli.house import open_house
    from vacancy.services import exports as service

    with open_house(config) as house, house.store.write() as session:
        row = service.publish(session, house.account_id, unit, house.at())
        addresses = (house.vault, house.settings.server.base_url)
        told = service.find(session, house.account_id, row.id, addresses)
    if as_json:
        printing.document(told)
        return
    printing.line(f"The exports of {row.slug} are open.")
