"""Reading a feed as the poller would, without storing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from vacancy.poller.fetch import Failed
    from vacancy.services.check import Wish
    from vacancy.settings import Settings


def check(  # noqa: PLR0913, PLR0917 - the parameters of a command are its options
    source: Annotated[str, typer.Argument(metavar="URL-OR-FILE", help="A feed, or a .ics file.")],
    channel: Annotated[
        str | None, typer.Option(help="Whose feed it is; else its entries tell.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="The property's zone, as Europe/Lisbon.")] = "UTC",
    today: Annotated[
        str | None, typer.Option(metavar="DATE", help="Read as on this day, as 2027-02-03.")
    ] = None,
    end_is_last_night: Annotated[
        bool, typer.Option("--end-is-last-night", help="Ends name the last night.")
    ] = False,
    transparent: Annotated[
        str, typer.Option(help="busy or free: what a TRANSPARENT entry means.")
    ] = "busy",
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Read a feed as the poller would.

    Claims, skipped entries with reasons, warnings; nothing is stored. Exit 1: it is no calendar.
    """
    from vacancy.domain.errors import Malformed
    from vacancy.services import check as service

    if transparent not in ("busy", "free"):
        raise Malformed(f"--transparent is busy or free, not {transparent!r}")
    day = _day(today, timezone)
    wish = service.Wish(day, timezone, channel, end_is_last_night, transparent)
    told = _told(source, wish, _settings(config))
    if as_json:
        printing.document(told)
    else:
        _show(told)
    return 0 if told["complete"] else BAD


def _day(today: str | None, timezone: str) -> date:
    import os
    from zoneinfo import ZoneInfo

    from vacancy.cli.house import read_clock
    from vacancy.domain.errors import Malformed
    from vacancy.services.bookings import read_date

    try:
        zone = ZoneInfo(timezone)
    except (ValueError, OSError, LookupError):
        raise Malformed(
            f"--timezone is a time zone such as Europe/Lisbon, not {timezone!r}"
        ) from None
    if today is not None:
        return read_date("--today", today)
    return read_clock(os.environ).now().astimezone(zone).date()


def _settings(config: Path | None) -> Settings:
    """The config where there is one: `check` works without."""
    import os

    from vacancy.settings import Settings, find, load

    if config is None and not find(None, os.environ).exists():
        return Settings()
    return load(config, os.environ)


def _told(source: str, wish: Wish, settings: Settings) -> dict[str, Any]:
    import asyncio

    from vacancy.poller.fetch import Failed
    from vacancy.services import check as service

    years = settings.limits.horizon_years
    if not service.is_address(source):
        body = service.load_file(Path(source), settings.limits.inflated_bytes)
        return service.check(body, "", wish, years)
    answer = asyncio.run(_download(source, settings))
    if isinstance(answer, Failed):
        return service.failed(answer, wish.channel)
    return service.check(answer, service.host_of(source), wish, years)


async def _download(address: str, settings: Settings) -> bytes | Failed:
    from vacancy.daemon.compose import make_client
    from vacancy.services import check as service

    return await service.download(address, make_client(settings))


def _show(told: dict[str, Any]) -> None:
    if not told["complete"]:
        printing.line(f"{told['outcome']}: {told['message']}")
        return
    printing.line(f"provider: {told['provider']}")
    columns = ("kind", "reason", "arrival", "departure", "reservation_code", "rule", "uid")
    rows = ([claim[name] for name in columns] for claim in told["claims"])
    printing.table(columns, rows, "No night is taken.")
    for one in told["skipped"]:
        printing.line(f"skipped {one['uid'] or 'an entry without UID'}: {one['why']}")
    for warning in told["warnings"]:
        printing.line(f"warning: {warning}")
