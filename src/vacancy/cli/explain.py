"""Why a night is taken or free."""

from __future__ import annotations

from typing import Annotated

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json, UnitName


def explain(
    unit: UnitName,
    night: Annotated[
        str, typer.Argument(metavar="DATE", help="The date of the evening, as 2027-02-03.")
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why that night is taken or free: the chain of evidence."""
    from vacancy.cli.house import open_house
    from vacancy.services import explain as service
    from vacancy.services.bookings import read_date

    wanted = read_date("DATE", night)
    with open_house(config) as house, house.store.read() as session:
        told = service.find(session, house.account_id, unit, wanted, house.clock.now())
    if as_json:
        printing.document(told)
        return
    for sentence in told["words"]:
        printing.line(sentence)
