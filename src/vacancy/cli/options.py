"""The options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _inherited(context: typer.Context, value: Path | None) -> Path | None:
    """`--config` counts before the command as well as after it."""
    return value or context.find_root().params.get("config")


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_inherited,
        help="The config file; else $VACANCY_CONFIG, else vacancy.toml here.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
UnitFilter = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="Only this unit.")]
UnitName = Annotated[str, typer.Argument(metavar="UNIT", help="A unit's slug or id.")]
FeedName = Annotated[
    str, typer.Argument(metavar="FEED", help="UNIT/KEY as sea-view/airbnb, a key, or an id.")
]
StayId = Annotated[str, typer.Argument(metavar="STAY", help="A stay's id.")]
Arrival = Annotated[
    str, typer.Argument(metavar="ARRIVAL", help="The date of the first night, as 2027-02-03.")
]
Departure = Annotated[
    str, typer.Argument(metavar="DEPARTURE", help="The date of leaving, as 2027-02-05.")
]
