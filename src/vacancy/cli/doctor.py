"""Is the house well?"""

from __future__ import annotations

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

_SIGNS = {"ok": "ok  ", "warn": "look", "bad": "BAD "}


def doctor(config: Config = None, as_json: Json = False) -> int:
    """Look at everything, and say what to do.

    Config, files, database, clock, feeds, exports: one line each. Exit 1: something is bad.
    """
    from vacancy.cli.house import open_house
    from vacancy.services import doctor as service

    with open_house(config) as house:
        now = house.clock.now()
        found = [service.Finding("config", "ok", str(house.file))]
        found += service.examine_files(house.settings)
        found += service.examine_database(house.store)
        found += service.examine_server(house.settings)
        with house.store.read() as session:
            found += service.examine_clock(session, house.account_id, now)
            found += service.examine_feeds(session, house.account_id)
            found += service.examine_exports(session, house.account_id, now)
    bad = any(finding.verdict == "bad" for finding in found)
    if as_json:
        printing.document({"ok": not bad, "findings": [one.document() for one in found]})
    else:
        for one in found:
            printing.line(f"{_SIGNS[one.verdict]}  {one.what}: {one.text}")
    return BAD if bad else 0
