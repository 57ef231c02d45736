"""A webhook receiver on the loopback: notes what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it came. Header names are lower case; `at` is in seconds that never jump."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Says:
    """An answer; `wait` is how many seconds it takes to come."""

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0


class Receiver:
    """Answers 204 unless told otherwise: `says` for good, or `next_says` once each, in order."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.says = Says()
        self.next_says: deque[Says] = deque()
        self.check: Callable[[Sent], None] | None = None
        self.failed: list[Exception] = []
        self._turn = threading.Lock()
        self._open = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str = "/hook") -> str:
        return f"http://{self.origin}{path}"

    def ids(self) -> list[str]:
        return [one.id for one in self.sent]

    def _receive(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers["content-length"]))
        named = {name.lower(): value for name, value in asked.headers.items()}
        sent = Sent(asked.path, named, body, time.monotonic())
        with self._turn:
            self.sent.append(sent)
            says = self.next_says.popleft() if self.next_says else self.says
            if self.check is not None:
                try:
                    self.check(sent)
                except Exception as failure:
                    self.failed.append(failure)
        self._open.wait(says.wait)
        try:
            asked.send_response(says.status)
            for name, value in says.headers.items():
                asked.send_header(name, value)
            if says.status != 204 and "Content-Length" not in says.headers:
                asked.send_header("content-length", str(len(says.body)))
            asked.end_headers()
            asked.wfile.write(says.body)
        except OSError:
            asked.close_connection = True
