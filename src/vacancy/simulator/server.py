"""The pretend channels on loopback: they serve their feeds, and read exports over HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

from vacancy.simulator.world import Place, World

_TEXT = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    kind: str = _TEXT


#: What a channel answers on a bad day, by name.
BAD_DAYS = {
    "error": Answer(500, b'{"code":500,"message":"There was an error processing your request"}'),
    "nothing": Answer(200, b""),
    "html": Answer(200, b"<html><body>Please try again later</body></html>", "text/html"),
    "gone": Answer(404, b""),
}


class ChannelServer:
    """Serves `/{channel}/{room}.ics` for every listing of a world.

    `world` may be changed from outside while it serves, under `lock`.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = Lock()
        self.served: list[tuple[Place, int]] = []
        self._bad: dict[Place, deque[str]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def feed_url(self, place: Place) -> str:
        channel, room = place
        return f"http://127.0.0.1:{self.port}/{channel}/{room}.ics"

    def spoil(self, place: Place, day: str, times: int = 1) -> None:
        """Lets the next `times` answers of a listing be bad: a name of `BAD_DAYS`, or "empty" for
        a whole calendar without an event."""
        with self.lock:
            self._bad.setdefault(place, deque()).extend([day] * times)

    def answer(self, path: str) -> Answer:
        channel, _, room = path.strip("/").removesuffix(".ics").partition("/")
        place = (channel, room)
        with self.lock:
            if place not in self.world.listings:
                return BAD_DAYS["gone"]
            found = self._say(place)
            self.served.append((place, found.status))
        return found

    def _say(self, place: Place) -> Answer:
        day = bad.popleft() if (bad := self._bad.get(place)) else ""
        if day in BAD_DAYS:
            return BAD_DAYS[day]
        listing = self.world.listings[place]
        if day == "empty":
            return Answer(200, listing.nothing())
        return Answer(200, listing.calendar(self.world.now))

    @contextmanager
    def running(self) -> Iterator[ChannelServer]:
        thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _handler(server: ChannelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = server.answer(urlsplit(self.path).path)
            self.send_response(found.status)
            self.send_header("Content-Type", found.kind)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:
            """A pretend channel keeps no log: its lines would hold feed addresses."""

    return Handler


class ExportReader:
    """Reads exports as channels do: under their user agent, and asking whether anything is new.

    Calling it gives the calendar, or None where no good answer came.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[str, bytes]] = {}

    def __call__(self, url: str, agent: str) -> bytes | None:
        etag, known = self._last.get((url, agent), ("", None))
        headers = {"User-Agent": agent, **({"If-None-Match": etag} if etag else {})}
        try:
            status, etag, body = _get(url, headers)
        except (OSError, HTTPException):
            return None
        if status == 304:
            return known
        if status != 200:
            return None
        self._last[url, agent] = (etag, body)
        return body


def _get(url: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers.get("ETag", ""), response.read()
    finally:
        connection.close()
