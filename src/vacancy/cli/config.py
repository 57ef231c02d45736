"""The config: checked, compared with what is in force, applied."""

from __future__ import annotations

from typing import Annotated

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json

app = typer.Typer(no_args_is_help=True, help="The config: check, diff, apply.")

Remove = Annotated[
    list[str],
    typer.Option(
        "--remove",
        metavar="SLUG",
        help="A unit that left the config: stop serving its exports. May be repeated.",
    ),
]


@app.command()
def check(config: Config = None, as_json: Json = False) -> None:
    """Read the config and say what is wrong with it, touching nothing."""
    import os

    from vacancy.settings import find, load

    settings = load(config, os.environ)
    feeds = sum(len(unit.feeds) for unit in settings.units)
    if as_json:
        printing.document({"ok": True, "units": len(settings.units), "feeds": feeds})
        return
    counted = f"{_counted(len(settings.units), 'unit')}, {_counted(feeds, 'feed')}"
    printing.line(f"{find(config, os.environ)} is fine: {counted}")


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


@app.command()
def diff(config: Config = None, as_json: Json = False) -> None:
    """What applying the config would do."""
    from vacancy.cli.house import open_house
    from vacancy.services import config as service
    from vacancy.services.shapes import listed

    with open_house(config, quiet=True) as house, house.store.read() as session:
        found = service.differences(session, house.settings, house.vault)
    if as_json:
        printing.document(listed(one.document() for one in found))
        return
    for one in found:
        printing.line(str(one))
    if not found:
        printing.line("The config is in force as it stands.")


@app.command()
def apply(remove: Remove = [], config: Config = None, as_json: Json = False) -> None:  # noqa: B006
    """Put the config in force."""
    from vacancy.cli.house import apply_config, open_house
    from vacancy.services.shapes import listed

    with open_house(config, quiet=True) as house:
        done = [*house.applied, *apply_config(house, tuple(remove))]
    if as_json:
        printing.document(listed(one.document() for one in done))
        return
    for one in done:
        printing.line(str(one))
    if not done:
        printing.line("Nothing to do: the config was in force.")
