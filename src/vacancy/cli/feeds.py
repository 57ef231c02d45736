"""Deciding a suspicious answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, FeedName, Json

app = typer.Typer(no_args_is_help=True, help="A suspicious answer: accept or reject it.")

Answer = Annotated[
    str | None,
    typer.Option(metavar="DIGEST", help="Only if the answer in doubt is still this one."),
]


@app.command()
def accept(
    feed: FeedName, answer: Answer = None, config: Config = None, as_json: Json = False
) -> None:
    """Believe the answer: what it lacks is gone."""
    _decide(feed, (True, answer), config, as_json)


@app.command()
def reject(
    feed: FeedName, answer: Answer = None, config: Config = None, as_json: Json = False
) -> None:
    """Disbelieve the answer: what it lacks is kept until it is seen again or released."""
    _decide(feed, (False, answer), config, as_json)


def _decide(name: str, word: tuple[bool, str | None], config: Path | None, as_json: bool) -> None:
    from vacancy.cli.house import open_house
    from vacancy.services import feeds

    accepted, answer = word
    with open_house(config) as house, house.store.write() as session:
        feed = feeds.find(session, house.account_id, name)
        told = feeds.decide(session, feed, house.at(), accept=accepted, answer=answer)
    if as_json:
        printing.document(told)
        return
    kept = "is believed at the next poll" if accepted else "is kept"
    printing.line(
        f"{told['unit']}/{told['feed']}: {told['doubt']['decision']}; what it lacks {kept}"
    )
