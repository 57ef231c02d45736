"""Running: serve, step, poll, demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.failures import BAD
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from pathlib import Path

    from vacancy.cli.house import House
    from vacancy.clock import Clock
    from vacancy.settings import Settings

ROLES = ("api", "poller", "notifier")


def serve(
    roles: Annotated[
        str, typer.Option(help="Which parts this process plays, with commas between.")
    ] = ",".join(ROLES),
    config: Config = None,
) -> int:
    """The daemon: polls and serves."""
    import os

    from vacancy import daemon
    from vacancy.domain.errors import Malformed
    from vacancy.settings import load

    wanted = frozenset(role.strip() for role in roles.split(",") if role.strip())
    if not wanted or wanted - {*ROLES}:
        raise Malformed(f"--roles takes any of {','.join(ROLES)}, not {roles!r}")
    settings, clock = _applied(config, greet="api" in wanted)
    return daemon.serve(settings, clock, lambda: load(config, os.environ), wanted)


def _applied(config: Path | None, *, greet: bool) -> tuple[Settings, Clock]:
    """What to run by, the store being what the config says. The units are in the store by now: in
    memory ten thousand of them would weigh 18 MB for as long as the daemon runs.
    """
    from vacancy.cli.house import open_house

    with open_house(config, apply=True) as house:
        if greet:
            _greet(house)
        return house.settings.model_copy(update={"units": ()}), house.clock


def _greet(house: House) -> None:
    """Say how the first user comes into a store that has none."""
    from vacancy.services import sign_in

    with house.store.write() as session:
        token = sign_in.first_link(session, house.account_id, house.at())
    if token is not None:
        link = sign_in.address(house.settings.server.base_url, token)
        printing.notice(
            f"nobody is here yet: open once, within a day, to become the owner: {link}\n"
            "or at the command line, for the API: `vacancy users create --role owner NAME`"
        )


def step(config: Config = None, as_json: Json = False) -> int:
    """Run everything due once, and exit."""
    from vacancy import daemon
    from vacancy.cli.house import open_house

    with open_house(config) as house:
        report = daemon.step(house.store, house.vault, house.settings, house.clock)
    return _tell(report.document(), as_json, failed=report.failed)


def poll(
    name: Annotated[
        str | None, typer.Argument(metavar="[UNIT|FEED]", help="Default: every feed.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Poll now, due or not, and print the outcome."""
    from vacancy import daemon
    from vacancy.cli.house import open_house

    with open_house(config) as house:
        report = daemon.poll(house.store, house.vault, house.settings, house.clock, name)
    return _tell(report.document(), as_json, failed=report.failed)


def _tell(told: dict[str, Any], as_json: bool, *, failed: bool) -> int:
    if as_json:
        printing.document(told)
    else:
        printing.table(
            ("unit", "feed", "outcome", "changes"),
            (
                (one["unit"], one["feed"], _outcome(one), _changes(one["changes"]))
                for one in told["polls"]
            ),
            "No feed was due.",
        )
        for one in told["polls"]:
            if one["message"]:
                printing.line(f"{one['unit']}/{one['feed']}: {one['message']}")
        for conflict in told["conflicts"]:
            nights = ", ".join(conflict["nights"])
            printing.line(f"{conflict['kind']} in {conflict['unit']}: {nights}")
    return BAD if failed else 0


def _outcome(one: dict[str, Any]) -> str:
    reason = one.get("reason")
    return f"{one['outcome']}: {reason}" if reason else one["outcome"]


def _changes(changes: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{one['change']} {one['kind']} {one['arrival']} to {one['departure']}" for one in changes
    )


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
) -> int:
    """A pretend world, told as it happens.

    Three channels, two properties, a double booking, exports read back.
    """
    import os

    from vacancy.cli.house import read_clock
    from vacancy.simulator import demo as story

    return story.run(once=once, clock=read_clock(os.environ))
