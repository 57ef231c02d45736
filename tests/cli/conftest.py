"""Running one command line, in this process or in its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vacancy.cli.app import run

UNIT = """\
[[units]]
slug = "sea-view"
name = "Sea View"
timezone = "Europe/Lisbon"
[units.feeds]
airbnb = "https://www.airbnb.com/calendar/ical/1.ics?t=SECRETabcd"
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class Host:
    """Somebody at a terminal, in a folder with a config."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def config(self, text: str) -> None:
        (self.folder / "vacancy.toml").write_text(text)

    def run(self, *words: str) -> Ran:
        """Run a command here; no failure prints a traceback or an address."""
        self.capsys.readouterr()
        code = run(words)
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        assert "SECRET" not in out + err
        return Ran(code, out, err)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "vacancy", *words],
            cwd=self.folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Host]:
    """A host with one unit, on 10 January 2027."""
    for name in [name for name in os.environ if name.startswith("VACANCY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VACANCY_NOW", "2027-01-10T09:00:00Z")
    monkeypatch.chdir(tmp_path)
    made = Host(tmp_path, capsys)
    made.config(UNIT)
    yield made
