"""What an export GET costs beside a bare hello on the same server, and what it touches.

`python bench/exports.py FOLDER` serves one: the first line printed is the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import uvicorn
from feeds import NOW
from machine import OTHER_CORE, OUR_CORE, median, pin
from readers import ask, etag_of
from rig import Rig
from rows import Row, counted, micros
from server import Channel
from sqlalchemy import event

from vacancy.publisher import render
from vacancy.publisher.cache import ExportCache
from vacancy.publisher.readings import Readings
from vacancy.publisher.serve import App, ExportApp
from vacancy.services import exports
from vacancy.store import accounts
from vacancy.store.session import open_store


@dataclass(slots=True)
class Served:
    """CPU seconds of the server for one request of each kind, in each round; how many it answers in
    a second on 32 connections; what 304 touched.
    """

    hello: list[float] = field(default_factory=list[float])
    whole: list[float] = field(default_factory=list[float])
    unchanged: list[float] = field(default_factory=list[float])
    rates: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    statements: int = 0
    renders: int = 0


def measure(channel: Channel, runs: int, requests: int) -> Served:
    """Serve a unit of 60 stays: each of `runs` rounds has so many `requests` of each kind."""
    served = Served()
    with TemporaryDirectory(prefix="vacancy-bench-") as name:
        folder = Path(name)
        channel.says(0, "kept")
        path = _published(folder, channel)
        _count(served, folder, path)
        pin(OTHER_CORE)
        with _server(folder) as (port, process):
            for at in range(runs + 1):
                asyncio.run(_round(served if at else Served(), port, process, (path, requests)))
        pin(OUR_CORE)
    return served


def rows(served: Served) -> list[Row]:
    hello = median(served.hello)
    beside = f"hello {_told(served, 'hello', hello)}"
    return [
        *(
            Row(
                f"export GET, {what}",
                _told(served, what, cpu),
                hello / cpu,
                beside,
                0.5,
                0.8,
                "more",
            )
            for what, cpu in (("200", median(served.whole)), ("304", median(served.unchanged)))
        ),
        counted("statements of an unchanged 304", served.statements, 0),
        counted("renders of an unchanged 304", served.renders, 0),
    ]


def _told(served: Served, what: str, cpu: float) -> str:
    return f"{micros(cpu)}, {median(served.rates[what]):,.0f} a second"


def _published(folder: Path, channel: Channel) -> str:
    """A unit whose feed was read; the path of its export for everyone."""
    rig = Rig(folder, channel, 1)

    async def first() -> None:
        async with rig.rounds() as rounds:
            await rig.once(rounds, "fresh")

    asyncio.run(first())
    with rig.house.store.read() as session:
        account = accounts.the_account(session)
        found = exports.find(
            session, account.id, None, (rig.house.vault, "http://bench"), rig.house.clock.now()
        )
    rig.close()
    urls = {one["key"]: one["url"] for one in found["data"]}
    return urls["everyone"].removeprefix("http://bench")


async def _hello(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def _app(folder: Path) -> tuple[App, ExportCache]:
    cache = ExportCache(open_store(f"sqlite:///{folder / 'var/vacancy.db'}"))
    cache.look(NOW)
    return ExportApp(cache, Readings(lambda size: b"\0" * size), lambda: NOW, _hello), cache


def _serve(folder: Path) -> None:
    """Both on one server: the exports ahead of everything, and a hello for all else."""
    exporting, _ = _app(folder)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        await (_hello if scope["path"] == "/hello" else exporting)(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        either, log_config=None, access_log=False, server_header=False, lifespan="off"
    )
    uvicorn.Server(config).run([listening])


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, str(Path(__file__)), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.terminate()


async def _round(
    served: Served, port: int, process: psutil.Process, asked: tuple[str, int]
) -> None:
    path, requests = asked
    tag = await etag_of(port, path)
    for what, figures, at, header, status in (
        ("hello", served.hello, "/hello", "", 200),
        ("200", served.whole, path, "", 200),
        ("304", served.unchanged, path, f"If-None-Match: {tag}\r\n", 304),
    ):
        request = f"GET {at} HTTP/1.1\r\nHost: bench\r\nUser-Agent: Reader/1\r\n{header}\r\n"
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        await ask(port, request.encode(), status, requests)
        figures.append((sum(process.cpu_times()[:2]) - before) / requests)
        served.rates.setdefault(what, []).append(requests / (time.monotonic() - began))


def _count(served: Served, folder: Path, path: str) -> None:
    """Ask twice, the second time with what was told, and count what the second one touches."""
    app, cache = _app(folder)
    etag = asyncio.run(_get(app, path, []))
    with contextlib.ExitStack() as stack:
        stack.callback(cache.close)
        engine = cache._store.engine  # a measurement looks inside

        def counting(*_: object) -> None:
            served.statements += 1

        event.listen(engine, "before_cursor_execute", counting)
        write = render.write

        def rendering(*said: Any, **more: Any) -> bytes:
            served.renders += 1
            return write(*said, **more)

        stack.callback(setattr, render, "write", write)
        render.write = rendering
        asyncio.run(_get(app, path, [(b"if-none-match", etag)]))


async def _get(app: App, path: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The answer's ETag. Raises RuntimeError unless it is 200, or 304 to a conditional request."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise RuntimeError("nothing more to receive")

    await app({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)
    if sent[0]["status"] != (304 if headers else 200):
        raise RuntimeError(f"the export answered {sent[0]['status']}")
    return dict(sent[0]["headers"])[b"etag"]


if __name__ == "__main__":
    pin(OUR_CORE)
    _serve(Path(sys.argv[1]))
