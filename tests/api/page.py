"""The calls that docs/api.md shows, to be made for a reader who copies them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()


@dataclass
class Call:
    """One `curl` of the page; `path` follows the address of the API."""

    path: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


def calls(key: str, arrival: str, departure: str) -> Iterator[Call]:
    """Every call of the page, in its order, with what a reader has put into the environment."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)).replace("\\\n", " ")
    said = {"$KEY": key, "$ARRIVAL": arrival, "$DEPARTURE": departure, "$API": ""}
    for line in blocks.splitlines():
        if line.startswith("curl"):
            words = shlex.split(line)
            for name, value in said.items():
                words = [word.replace(name, value) for word in words]
            yield _read(words)


def _read(words: list[str]) -> Call:
    call, rest = Call(), iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            call.headers[name] = value
        elif word == "-X":
            call.method = next(rest)
        elif word == "-d":
            call.body = next(rest)
        elif word != "-s":
            call.path = word
    return call
