"""The curl examples of the systems' documents, made requests of.

The documents lie beside the project where it was commissioned, and are no part of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from vacancy.simulator.systems.serving import Asked

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
_VALUED = {"-X": "method", "--request": "method", "--url": "url", "-d": "data", "--data": "data"}


@dataclass
class Curl:
    """One example as it stands in its document."""

    url: str = ""
    method: str = ""
    data: list[str] = field(default_factory=list[str])
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def asked(self, **headers: str) -> Asked:
        """As a server hears it; further headers take the place of those of the example."""
        return Asked(
            method=self.method or ("POST" if self.data else "GET"),
            path=self.path,
            query=dict(parse_qsl(urlsplit(self.url).query)),
            headers={**self.headers, **headers},
            body="&".join(self.data).encode(),
        )


def document(name: str) -> str:
    """The text of a system's document; skips the test, saying so, where it is not to be had."""
    found = SEEDS / name
    if not found.is_file():
        pytest.skip(f"the document {name} is not beside the project")
    return found.read_text()


def curls(text: str) -> list[Curl]:
    """Every example of a document, in order."""
    return [_read(words) for words in _commands(text)]


def _commands(text: str) -> Iterator[list[str]]:
    lines = iter(text.replace("\xa0", " ").splitlines())
    for line in lines:
        if not line.lstrip().startswith("curl "):
            continue
        command = line.strip()
        while (words := _whole(command)) is None:
            command = f"{command}\n{next(lines)}"
        yield words


def _whole(command: str) -> list[str] | None:
    """The words of a command; None while a quote is open or a line is to be continued."""
    if command.endswith("\\"):
        return None
    try:
        return shlex.split(command.replace("\\\n", " ").replace("\\ ", " "))
    except ValueError:
        return None


def _read(words: list[str]) -> Curl:
    made = Curl()
    left = iter(words[1:])
    for word in left:
        match _VALUED.get(word, word):
            case "method":
                made.method = next(left)
            case "url":
                made.url = next(left)
            case "data":
                made.data.append(next(left))
            case "-H" | "--header":
                name, _, value = next(left).partition(":")
                made.headers[name.strip().lower()] = value.strip()
            case _:
                made.url = word
    return made
