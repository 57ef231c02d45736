"""Radicale, a server of calendars by the usual means, asked for the calendar that we serve.

It lives in an environment of its own beside ours and keeps the calendar in its own files.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from feeds import ENTRIES, calendar
from machine import OTHER_CORE, OUR_CORE, median, pin
from peer import installed
from rows import Row, micros

_VERSION = "3.9.0"
_PATH = "/bench/calendar/"
_CONNECTIONS = 32
_CONFIG = """\
[server]
hosts = 127.0.0.1:{port}
max_connections = 100
[auth]
type = none
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}
[logging]
level = error
"""


@dataclass(slots=True)
class Peer:
    """Its CPU seconds of one GET, and how many it answers in a second; or why there are none."""

    cpu: list[float] = field(default_factory=list[float])
    rate: list[float] = field(default_factory=list[float])
    missing: str = ""


def measure(runs: int, requests: int) -> Peer:
    """GET a calendar of 60 entries over and over on 32 connections. It answers a conditional
    request at the same price as any other.
    """
    program = installed("radicale", _VERSION)
    if isinstance(program, str):
        return Peer(missing=program)
    peer = Peer()
    with TemporaryDirectory(prefix="vacancy-bench-") as name:
        pin(OTHER_CORE)
        with _served(program, Path(name)) as (port, process):
            for at in range(runs + 1):
                before, began = sum(process.cpu_times()[:2]), time.monotonic()
                asyncio.run(_ask(port, requests))
                if at:
                    peer.cpu.append((sum(process.cpu_times()[:2]) - before) / requests)
                    peer.rate.append(requests / (time.monotonic() - began))
        pin(OUR_CORE)
    return peer


def rows(peer: Peer, ours: float) -> list[Row]:
    """How many times less an export costs us; `ours` is in CPU seconds."""
    what = f"export GET, 200, {ENTRIES} entries, against Radicale"
    if peer.missing:
        return [Row(what, f"not measured: {peer.missing}", None)]
    cpu, rate = median(peer.cpu), median(peer.rate)
    beside = f"Radicale {micros(cpu)}, {rate:,.0f} a second"
    return [Row(what, micros(ours), cpu / ours, beside, 40.0, 100.0, "more")]


async def _ask(port: int, requests: int) -> None:
    """It closes each connection, so each request has one of its own."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {_PATH} HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            if b" 200 " not in answer[:20] or answer.count(b"BEGIN:VEVENT") != ENTRIES:
                raise RuntimeError(f"Radicale answered {answer[:60]!r}")

    await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))


@contextmanager
def _served(program: Path, folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    kept = folder / "collection-root" / "bench" / "calendar"
    kept.mkdir(parents=True)
    (kept / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
    for number, entry in enumerate(_entries()):
        (kept / f"{number}.ics").write_bytes(entry)
    config = folder / "config"
    config.write_text(_CONFIG.format(port=port, folder=folder))
    (folder / "rights").write_text("[all]\nuser: .*\ncollection: .*\npermissions: RrWw\n")
    command = [str(program), "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _until_up(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.kill()


def _entries() -> Iterator[bytes]:
    _, *entries = calendar(1).split(b"BEGIN:VEVENT")
    for entry in entries:
        body = entry.partition(b"END:VEVENT")[0]
        yield (
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT"
            + body
            + b"END:VEVENT\r\nEND:VCALENDAR\r\n"
        )


def _until_up(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
