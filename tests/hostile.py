"""A feed server that misbehaves in every way we know of, over raw sockets on the loopback.

    with HostileServer() as server:
        server.serve("/mine", calendar(stay("1-5")), headers={"ETag": '"1"'})
        client.get(server.url("/gzip-bomb")); client.get(server.url("/mine"))
        assert len(server.requests("/mine")) == 1

It runs in a thread with a loop of its own, so it serves blocking and asynchronous tests alike. The
paths of `hostile_answers.PATHS` are there from the start; `serve` adds or replaces one at run time.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import SO_LINGER, SOL_SOCKET
from typing import Self
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakSet

_HEAD_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: `target` byte for byte, names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    at: float

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def wish(self) -> dict[str, str]:
        """What stands in the query."""
        return dict(parse_qsl(urlsplit(self.target).query))


class Exchange:
    """One request being answered: what a misbehaving handler needs to misbehave with."""

    def __init__(self, server: HostileServer, request: Request, writer: asyncio.StreamWriter):
        self.server = server
        self.request = request
        self.writer = writer
        self.keep_alive = False

    async def send(self, data: bytes) -> None:
        """Write bytes as they are, counted, at the pace the reader allows."""
        self.writer.write(data)
        self.server.count_sent(self.request.path, len(data))
        await self.writer.drain()

    async def head(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A status line and headers, exactly these."""
        lines = [f"HTTP/1.1 {status} Some Words"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def answer(
        self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A well-behaved answer; the connection stays open for the next."""
        usual = {"Content-Type": "text/calendar; charset=utf-8"}
        if status != 304:
            usual["Content-Length"] = str(len(body))
        await self.head(status, {**usual, **(headers or {})})
        await self.send(body)
        self.keep_alive = True

    async def drip(self, data: bytes, pause: float = 0.2) -> None:
        """One byte at a time, until the reader has enough."""
        for at in range(len(data)):
            await self.send(data[at : at + 1])
            await asyncio.sleep(pause)

    def reset(self) -> None:
        """Break the connection off with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        self.writer.transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]


class HostileServer:
    """The server. `paths` are its handlers, by default all of `hostile_answers.PATHS`.

    With `tls` it speaks https under that context, as `localhost`.
    """

    def __init__(
        self, paths: Mapping[str, Handler] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        if paths is None:
            from hostile_answers import PATHS

            paths = PATHS
        self._handlers: dict[str, Handler] = dict(paths)
        self._requests: dict[str, list[Request]] = defaultdict(list)
        self._tls = tls
        self._sent: Counter[str] = Counter()
        self._writers: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="hostile", daemon=True)
        self.connections = 0
        self.port = 0

    def start(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60), "the feed server did not start"
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """`127.0.0.1:PORT`, as `allow_private` wants it."""
        return f"localhost:{self.port}" if self._tls else f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"{'https' if self._tls else 'http'}://{self.origin}{path}"

    def serve(
        self,
        path: str,
        body: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer `path` with this from now on; with an ETag among `headers`, 304 works."""
        given = dict(headers or {})

        async def handler(exchange: Exchange) -> None:
            etag = given.get("ETag")
            if etag and exchange.request.headers.get("if-none-match") == etag:
                await exchange.answer(b"", status=304, headers={"ETag": etag})
            else:
                await exchange.answer(body, status=status, headers=given)

        self._handlers[path] = handler

    def handle(self, path: str, handler: Handler) -> None:
        """Answer `path` by a handler from now on."""
        self._handlers[path] = handler

    def requests(self, path: str | None = None) -> list[Request]:
        """What was asked so far at a path, or at all, oldest first."""
        if path is not None:
            return list(self._requests.get(path, ()))
        asked = list(self._requests.values())  # at once: the server's thread adds to them
        return sorted((one for many in asked for one in list(many)), key=lambda r: r.at)

    def sent(self, path: str) -> int:
        """Bytes written in answers at a path, heads included."""
        return self._sent[path]

    def count_sent(self, path: str, count: int) -> None:
        self._sent[path] += count

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(
            asyncio.start_server(self._talk, "127.0.0.1", 0, limit=_HEAD_LIMIT, ssl=self._tls)
        )
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            listening.close()
            self._loop.run_until_complete(self._let_go())
            self._loop.close()

    async def _let_go(self) -> None:
        """End what is being answered, and give each socket back before the loop is gone."""
        talking = asyncio.all_tasks() - {asyncio.current_task()}
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        for writer in self._writers:  # closing https takes its time, and would be cut short
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        request = _read_head(await reader.readuntil(b"\r\n\r\n"))
        self._requests[request.path].append(request)
        exchange = Exchange(self, request, writer)
        handler = self._handlers.get(request.path)
        if handler is None:
            await exchange.answer(b"no such path", status=404)
        else:
            await handler(exchange)
        return exchange.keep_alive


def _read_head(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Request(method, target, headers, time.monotonic())
