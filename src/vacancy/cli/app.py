"""Every command under its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vacancy.cli import (
    access,
    alerts,
    check,
    config,
    conflicts,
    db,
    doctor,
    explain,
    exports,
    facts,
    feeds,
    rehearse,
    running,
    sources,
    stays,
)
from vacancy.cli.failures import USAGE, guarded
from vacancy.cli.printing import notice

app = typer.Typer(
    name="vacancy",
    help="One truthful calendar per rental unit: reads channels, finds double bookings, exports.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # the plain help is there in half the time
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from vacancy import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def vacancy(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The config file, also after the command."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """One truthful calendar per rental unit: reads channels, finds double bookings, exports."""


for command in (
    *(running.serve, running.demo, running.step, running.poll, check.check),
    *(facts.status, facts.calendar, facts.bookings, facts.events),
    *(stays.book, stays.block, stays.cancel, stays.release),
):
    app.command()(command)
app.add_typer(exports.app, name="exports")
app.add_typer(feeds.app, name="feeds")
app.add_typer(sources.app, name="sources")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(alerts.app, name="alerts")
app.add_typer(config.app, name="config")
app.add_typer(db.app, name="db")
app.add_typer(access.keys, name="keys")
app.add_typer(access.users, name="users")
app.command()(explain.explain)
app.command()(doctor.doctor)
app.command()(access.openapi)
app.command()(rehearse.rehearse)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    if any(not word.isascii() and "\\udc" in ascii(word) for word in arguments):
        notice("a word of the command is not UTF-8 text")
        return USAGE
    return guarded(lambda: app(args=list(arguments), prog_name="vacancy", standalone_mode=False))
