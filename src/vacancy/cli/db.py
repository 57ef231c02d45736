"""The database: upgraded, backed up, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

app = typer.Typer(no_args_is_help=True, help="The database: upgrade, backup, check.")


@app.command()
def upgrade(config: Config = None, as_json: Json = False) -> None:
    """Bring the database to this version's shape."""
    from vacancy.cli.house import open_store_of
    from vacancy.store.session import HEAD, migrate

    with open_store_of(config) as (_, store):
        done = migrate(store)
    if as_json:
        printing.document({"version": HEAD, "upgraded": bool(done)})
        return
    printing.line(f"The database stands at {HEAD}{'' if done else ' already'}.")


@app.command()
def backup(
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default: in data_dir/backups.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a whole copy of the database while it is in use (SQLite)."""
    import os

    from vacancy.cli.house import open_store_of, read_clock
    from vacancy.store import upkeep

    with open_store_of(config) as (settings, store):
        now = read_clock(os.environ).now()
        file = target or settings.server.data_dir / "backups" / f"{now:%Y%m%dT%H%M%SZ}.db"
        upkeep.backup(store, file)
    if as_json:
        printing.document({"file": str(file)})
    else:
        printing.line(str(file))
    printing.notice(
        f"Keep {settings.server.data_dir / 'vacancy.key'} apart from it: without that key its"
        " feed addresses cannot be opened."
    )


@app.command()
def check(config: Config = None, as_json: Json = False) -> int:
    """Whether the database is sound."""
    from vacancy.cli.house import open_store_of
    from vacancy.store import upkeep

    with open_store_of(config) as (_, store):
        problems = upkeep.problems(store)
    if as_json:
        printing.document({"ok": not problems, "problems": problems})
    else:
        for problem in problems or ["The database is sound."]:
            printing.line(problem)
    return BAD if problems else 0
