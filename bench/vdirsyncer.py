"""vdirsyncer 0.21 doing the nearest thing to our job: feeds over HTTP into files, kept in step.

It lives in an environment of its own beside ours and runs as a user would run it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import children_cpu, median
from peer import installed
from polls import Measured
from rows import Row, micros
from server import Channel

_VERSION = "0.21.0"
_LONGEST = 900


@dataclass(slots=True)
class Peer:
    """Its CPU seconds of one feed in each run, its own start apart; or why there are none."""

    first: list[float] = field(default_factory=list[float])
    unchanged: list[float] = field(default_factory=list[float])
    missing: str = ""


def measure(channel: Channel, feeds: int, imports: int, runs: int) -> Peer:
    """Import all feeds `imports` times, each into new files; then `runs` passes in which nothing
    but DTSTAMP differs, which costs it what any unchanged feed does: it asks without validators.
    """
    program = installed("vdirsyncer", _VERSION)
    if isinstance(program, str):
        return Peer(missing=program)
    start = median(_cpu([str(program), "--version"], {}) for _ in range(3))
    peer = Peer()
    for at in range(imports):
        with TemporaryDirectory(prefix="vacancy-bench-") as name:
            sync = [str(program), "sync"]
            found = {"VDIRSYNCER_CONFIG": str(_config(Path(name), channel, feeds))}
            channel.says(0, "kept")
            _cpu([str(program), "discover"], found, "y\n" * feeds * 2)
            peer.first.append((_cpu(sync, found) - start) / feeds)
            channel.says(0, "stamped")
            for _ in range(runs if at == imports - 1 else 0):
                peer.unchanged.append((_cpu(sync, found) - start) / feeds)
    return peer


def rows(peer: Peer, measured: Measured) -> list[Row]:
    """How many times faster we are, CPU for CPU."""
    first = "first import of 60 stays, against vdirsyncer"
    whole, kept = "unchanged pass, 200, against vdirsyncer", "unchanged pass, 304, the same"
    if peer.missing:
        return [Row(what, f"not measured: {peer.missing}", None) for what in (first, whole, kept)]
    ours = {name: median(figures) for name, figures in measured.ours.items()}
    imported, unchanged = median(peer.first), median(peer.unchanged)
    return [
        _faster(first, ours["first"], imported, (8, 15)),
        _faster(whole, ours["200"], unchanged, (30, 60)),
        _faster(kept, ours["304"], unchanged, (50, 100)),
    ]


def _faster(what: str, ours: float, theirs: float, bounds: tuple[float, float]) -> Row:
    beside = f"vdirsyncer {micros(theirs)}"
    return Row(what, micros(ours), theirs / ours, beside, *bounds, better="more")


def _config(folder: Path, channel: Channel, feeds: int) -> Path:
    text = [f'[general]\nstatus_path = "{folder}/status/"\n']
    for number in range(1, feeds + 1):
        (folder / "out" / str(number)).mkdir(parents=True)
        text.append(
            f'[pair p{number}]\na = "h{number}"\nb = "f{number}"\ncollections = null\n'
            'conflict_resolution = "a wins"\n'
            f'[storage h{number}]\ntype = "http"\nurl = "{channel.url(number)}"\n'
            f'[storage f{number}]\ntype = "filesystem"\npath = "{folder}/out/{number}"\n'
            'fileext = ".ics"\n'
        )
    file = folder / "config"
    file.write_text("\n".join(text))
    return file


def _cpu(command: list[str], more: Mapping[str, str], said: str = "") -> float:
    """CPU seconds of a command and its children. Raises CalledProcessError if it fails."""
    before, environment = children_cpu(), {**os.environ, **more}
    subprocess.run(
        command,
        input=said,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=_LONGEST,
    )
    return children_cpu() - before
