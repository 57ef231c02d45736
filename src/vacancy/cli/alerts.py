"""Alerts to people."""

from __future__ import annotations

import typer

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

app = typer.Typer(no_args_is_help=True, help="Alerts to people: test them.")


@app.callback()
def alerts() -> None:
    """Alerts to people."""


@app.command()
def test(config: Config = None, as_json: Json = False) -> int:
    """Send one message to each address of the config."""
    import os

    from vacancy.services import alerts as service
    from vacancy.services.shapes import listed
    from vacancy.settings import load

    told = service.test(load(config, os.environ))
    if as_json:
        printing.document(listed(told))
    else:
        for one in told:
            printing.line(f"{one['to']}  {'sent' if one['sent'] else one['trouble']}")
    return 0 if all(one["sent"] for one in told) else BAD
