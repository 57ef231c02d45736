"""A channel on loopback, in a process and on a core of its own: `python bench/server.py`.

Feeds are at `/NUMBER.ics`, with ETag and 304. What they say is set by `/set/CHANGED/MODE`:
in mode `kept` the bytes stay, in mode `stamped` every answer bears another DTSTAMP and ETag.
Only our own CPU is counted, so a small server does: it never makes a poll wait for long.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.request import urlopen

from feeds import STAMP, calendar
from machine import OTHER_CORE, pin

_FEED = re.compile(rb"GET /(\d+)\.ics")
_SET = re.compile(rb"GET /set/(\d+)/(\w+)")
_TAG = re.compile(rb"\r\nif-none-match: *([^\r]+)\r", re.IGNORECASE)


@lru_cache(maxsize=2048)
def _plain(number: int, changed: int) -> bytes:
    return calendar(number, changed)


class _World:
    """What the feeds say now."""

    def __init__(self) -> None:
        self.changed = 0
        self.stamped = False
        self.stamps = itertools.count(1)

    def answer(self, request: bytes) -> bytes:
        if wish := _SET.match(request):
            self.changed, self.stamped = int(wish[1]), wish[2] == b"stamped"
            return _whole(b"", b'"set"')
        feed = _FEED.match(request)
        if feed is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        stamp = next(self.stamps) if self.stamped else 0
        etag = b'"%s-%d-%d"' % (feed[1], self.changed, stamp)
        had = _TAG.search(request)
        if had and had[1].strip() == etag:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % etag
        body = _plain(int(feed[1]), self.changed)
        if stamp:
            body = body.replace(STAMP.encode(), b"20270101T%06dZ" % (stamp % 1_000_000))
        return _whole(body, etag)


def _whole(body: bytes, etag: bytes) -> bytes:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nETag: %s\r\nContent-Length: %d\r\n\r\n"
    )
    return head % (etag, len(body)) + body


class _Connection(asyncio.Protocol):
    def __init__(self, world: _World) -> None:
        self._world = world
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._world.answer(request + b"\r\n"))


async def _serve() -> None:
    world = _World()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(world), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever started us is gone


class Channel:
    """The feed server as a measurement sees it."""

    def __init__(self, port: int) -> None:
        self.origin = f"127.0.0.1:{port}"

    def url(self, number: int) -> str:
        return f"http://{self.origin}/{number}.ics"

    def says(self, changed: int, mode: str) -> None:
        urlopen(f"http://{self.origin}/set/{changed}/{mode}", timeout=10).close()


@contextmanager
def channel() -> Iterator[Channel]:
    """A running feed server, ended with the block."""
    command = [sys.executable, str(Path(__file__))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield Channel(int(process.stdout.readline()))
        process.terminate()


if __name__ == "__main__":
    pin(OTHER_CORE)
    asyncio.run(_serve())
