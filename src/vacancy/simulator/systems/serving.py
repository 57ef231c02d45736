"""What the simulated booking systems share: serving on loopback, bad days, limits and webhooks.

A system is a class with routes, manners and books (see `System`); `Simulated` puts it on a port.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from vacancy.domain.nights import Nights

#: What the webs of the five are written in.
Document = dict[str, Any]

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Names of headers are lower case; `named` holds what the route has in braces."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    named: Mapping[str, str] = field(default_factory=dict[str, str])
    route: str = ""

    @property
    def document(self) -> Document:
        """The JSON object or the form that was sent; empty where it is neither."""
        if self.headers.get("content-type", "").startswith(_FORM):
            return dict(parse_qsl(self.body.decode()))
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def bearer(self) -> str:
        """The key or token of `Authorization: Bearer`; empty without one."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Told:
    """One answer. `document` is written as JSON; `raw` stands in its place where it is not None."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.document is None else json.dumps(self.document).encode()

    def saying(self, **headers: str) -> Told:
        """The same with further headers; `_` stands for a hyphen in their names."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


Handler = Callable[[Asked], Told]


@dataclass(frozen=True, slots=True)
class Sold:
    """A stay to be put into a system's books, in the house's words."""

    property_id: str
    nights: Nights
    guest: str = "Ada Ebner"
    email: str = "ada@guests.example"
    phone: str = "+39 000 1234567"
    adults: int = 2
    channel: str | None = None
    code: str | None = None
    amount: Decimal = Decimal("420.00")
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook on its way: what is posted to whom."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class System(Protocol):
    """A booking system: how it is asked, how it refuses, and its books, to be driven by a test.

    `routes` are written `GET /v1/bookings/{id}`. `hooks` gathers the webhooks that it has to send.
    """

    @property
    def routes(self) -> Mapping[str, Handler]: ...

    hooks: deque[Hook]

    def admit(self, asked: Asked) -> Told | None:
        """The refusal of a request that may not pass (401, 403, 429); None lets it in."""
        ...

    def refuse(self, status: int) -> Told:
        """An error in the system's shape: 404, 405, 429 (with Retry-After) or 500."""
        ...

    def manners(self, asked: Asked, told: Told) -> Told:
        """What every answer carries: headers of limits, ids of requests."""
        ...

    def add(self, sold: Sold) -> str:
        """A guest books; the booking's id."""
        ...

    def change(self, remote_id: str, nights: Nights) -> None:
        """A booking gets new dates."""
        ...

    def cancel(self, remote_id: str) -> None:
        """A guest cancels, and the system goes on listing it as it does."""
        ...

    def block(self, property_id: str, nights: Nights) -> str:
        """The owner withholds nights; the block's id."""
        ...


def cut(told: Told) -> Told:
    """The answer's JSON, broken off in the middle, in an answer that is complete as HTTP goes."""
    return replace(told, raw=told.body[: max(1, len(told.body) * 2 // 3)])


#: What a system answers on a bad day, by name: made of its refusals and the answer it would give.
#: On all of them but "busy" it did what it was asked, and only the answer went wrong.
BAD_DAYS: dict[str, Callable[[System, Told], Told]] = {
    "error": lambda system, _: system.refuse(500),
    "busy": lambda system, _: system.refuse(429),
    "cut": lambda _, told: cut(told),
    "empty": lambda _, told: replace(told, raw=b""),
    "html": lambda *_: Told(200, raw=b"<html><body>Please try again later</body></html>"),
    "odd": lambda *_: Told(200, {"greeting": "hello"}),
}


class Simulated:
    """A system on a loopback port.

    `asked` is what it was asked, in order. Drive the books under `lock` while somebody asks.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.asked: list[Asked] = []
        self.lock = RLock()
        self._bad: deque[tuple[str, str]] = deque()
        self._routes = [(_pattern(route), route, do) for route, do in system.routes.items()]
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    def spoil(self, day: str, times: int = 1, route: str = "") -> None:
        """Lets the next answers be bad: a name of `BAD_DAYS`. `route` begins what is spoilt, as
        `GET /v1/bookings`; empty spoils whatever comes."""
        with self.lock:
            self._bad.extend([(day, route)] * times)

    def answer(self, asked: Asked) -> Told:
        """What is answered, whichever way it was asked."""
        with self.lock:
            asked, do = self._routed(asked)
            self.asked.append(asked)
            day = self._bad_day(asked)
            if day == "busy":  # whoever is told to come later was not served
                return self.system.refuse(429)
            told = self.system.manners(asked, self.system.admit(asked) or do(asked))
            return BAD_DAYS[day](self.system, told) if day else told

    def _routed(self, asked: Asked) -> tuple[Asked, Handler]:
        for pattern, route, do in self._routes:
            found = pattern.fullmatch(f"{asked.method} {asked.path}")
            if found:
                named = {name: unquote(value) for name, value in found.groupdict().items()}
                return replace(asked, named=named, route=route), do
        return asked, lambda _: self.system.refuse(404)

    def _bad_day(self, asked: Asked) -> str:
        for bad in self._bad:
            day, route = bad
            if f"{asked.method} {asked.path}".startswith(route):
                self._bad.remove(bad)
                return day
        return ""

    def deliver(self) -> list[int]:
        """Send the webhooks that wait, each once; the statuses, 0 where nobody answered."""
        with self.lock:
            waiting = [*self.system.hooks]
            self.system.hooks.clear()
        return [post(hook) for hook in waiting]

    @contextmanager
    def running(self) -> Iterator[Simulated]:
        thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", route)
    literal = [
        re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(parts)
    ]
    return re.compile("".join(literal))


def _handler(simulated: Simulated) -> type[BaseHTTPRequestHandler]:
    class Heard(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _hear(self) -> None:
            parts = urlsplit(self.path)
            told = simulated.answer(
                Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
            )
            self.send_response(told.status)
            for name, value in {"Content-Type": _JSON, **told.headers}.items():
                self.send_header(name, value)
            if told.status != 204:
                self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _hear

        def log_message(self, format: str, *args: object) -> None:
            """A pretend system keeps no log: its lines would hold what is secret."""

    return Heard


def post(hook: Hook) -> int:
    """Send one webhook; the status, 0 where nobody answered."""
    parts = urlsplit(hook.url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": _JSON, **hook.headers}
        connection.request("POST", path, body=hook.body, headers=headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


class Window:
    """A limit of so many requests in each span of seconds, counted apart for each name."""

    def __init__(self, most: int, seconds: int = 60) -> None:
        self.most = most
        self.seconds = seconds
        self._counts: dict[str, tuple[int, int]] = {}

    def count(self, name: str, now: datetime) -> tuple[int, int]:
        """Count one: how many are left, -1 where it was one too many, and when the span ends."""
        span = int(now.timestamp()) // self.seconds
        last, used = self._counts.get(name, (span, 0))
        used = used + 1 if last == span else 1
        self._counts[name] = (span, used)
        return max(self.most - used, -1), (span + 1) * self.seconds


def day(text: object) -> date | None:
    """A date of a query or a body; None where it is none."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
