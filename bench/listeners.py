"""A thousand programs that listen to the journal while facts are written: who missed any, what the
server weighs, and what it costs.

`python bench/listeners.py FOLDER KEYS` serves a house: the first line printed tells how to ask it.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import uvicorn
import year
from asked import House
from machine import OTHER_CORE, OUR_CORE, pin
from rows import Row, counted

from vacancy.api.listening import MOST_OF_KEY
from vacancy.domain.events import Fact
from vacancy.store import journal
from vacancy.store.session import Store, migrate, open_store

PER_SECOND = 100
_FILE = "year.db"
#: How long the last fact may take to the last listener, in seconds.
_PATIENCE = 30.0
MIB = 1024 * 1024


@dataclass(slots=True)
class Heard:
    """How it went: `missed` counts facts that a listener was not told; `bytes_before` and
    `bytes_after` are the server's without and with its listeners; `cpu` its share of a core.
    """

    listeners: int
    seconds: float
    written: int = 0
    missed: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    cpu: float = 0.0
    late: float = 0.0
    numbers: list[list[int]] = field(default_factory=list[list[int]])


def measure(listeners: int, seconds: float) -> Heard:
    """So many listeners for so long, while 100 facts a second are written."""
    _allow(listeners)
    heard = Heard(listeners, seconds)
    with TemporaryDirectory(prefix="vacancy-bench-") as name:
        keys = -(-listeners // MOST_OF_KEY)
        pin(OTHER_CORE)
        with _served(Path(name), keys) as (said, process):
            store = open_store(f"sqlite:///{Path(name) / _FILE}")
            asyncio.run(_listen(heard, said, process, store))
            store.close()
        pin(OUR_CORE)
    return heard


def rows(heard: Heard) -> list[Row]:
    added = (heard.bytes_after - heard.bytes_before) / heard.listeners / 1024
    what = f"{heard.listeners:,} listeners, {PER_SECOND} events/s for {heard.seconds:.0f} s"
    weight = f"{heard.bytes_after / MIB:,.0f} MB, {heard.cpu:.0%} of a core"
    return [
        counted(f"{what}: events missed", heard.missed, 0),
        Row("the same: weight of the server", weight, added, "each listener adds", unit=" KB"),
        Row("the same: the last event was late by", f"{heard.late * 1e3:,.0f} ms", None),
    ]


async def _listen(
    heard: Heard, said: dict[str, Any], process: psutil.Process, store: Store
) -> None:
    heard.bytes_before = process.memory_info().rss
    opened = [await _open(said, at) for at in range(heard.listeners)]
    heard.numbers = [[] for _ in opened]
    hearing = [
        asyncio.create_task(_hear(reader, numbers))
        for (reader, _), numbers in zip(opened, heard.numbers, strict=True)
    ]
    await asyncio.sleep(1)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    first, last, ended = await asyncio.to_thread(_write, store, said["account"], heard.seconds)
    until = time.monotonic() + _PATIENCE
    while any(not one or one[-1] < last for one in heard.numbers) and time.monotonic() < until:
        await asyncio.sleep(0.01)
    heard.late = time.monotonic() - ended
    heard.cpu = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
    heard.bytes_after = process.memory_info().rss
    for task in hearing:
        task.cancel()
    for _, writer in opened:
        writer.close()
    wanted = list(range(first, last + 1))
    heard.written = len(wanted)
    # A listener that began before the first fact is told every one, once and in order.
    heard.missed = sum(len({*wanted}.difference(one)) for one in heard.numbers)
    if any(one != sorted({*one}) for one in heard.numbers):
        raise RuntimeError("a listener was told something twice, or out of order")


async def _open(said: dict[str, Any], at: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that listens: its head and its first line have come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", said["port"])
    key = said["keys"][at // MOST_OF_KEY]
    head = f"GET /v1/events/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.readuntil(b"retry: 2000\n\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.split(b"\r\n")[0].decode())
    return reader, writer


async def _hear(reader: asyncio.StreamReader, numbers: list[int]) -> None:
    while line := await reader.readline():
        if line.startswith(b"id: "):
            numbers.append(int(line[4:]))


def _write(store: Store, account_id: str, seconds: float) -> tuple[int, int, float]:
    """The numbers of the first and the last fact, and when that was committed."""
    chance, began = Random(5).randbytes, time.monotonic()
    numbers: list[int] = []
    while (gone := time.monotonic() - began) < seconds:
        due = int(gone * PER_SECOND) + 1 - len(numbers)
        for _ in range(due):
            with store.write() as session:
                fact = Fact("block.created", data={"id": "stay_1", "number": str(len(numbers))})
                numbers += journal.append(session, account_id, [fact], year.NOW, chance)
        time.sleep(1 / PER_SECOND)
    return numbers[0], numbers[-1], time.monotonic()


def _allow(listeners: int) -> None:
    """A socket for each listener, on either side."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = listeners + 500
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


@contextmanager
def _served(folder: Path, keys: int) -> Iterator[tuple[dict[str, Any], psutil.Process]]:
    command = [sys.executable, str(Path(__file__)), str(folder), str(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.kill()


def _serve(folder: Path, keys: int) -> None:
    store = open_store(f"sqlite:///{folder / _FILE}")
    migrate(store)
    drawn = year.fill(store, year.Size(stays=400, events=400))
    house = House(folder, store, drawn.account_id, keys)
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    said = {"port": listening.getsockname()[1], "keys": house.keys, "account": drawn.account_id}
    print(json.dumps(said), flush=True)
    config = uvicorn.Config(
        house.app, log_config=None, access_log=False, server_header=False, lifespan="off"
    )
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    pin(OUR_CORE)
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
