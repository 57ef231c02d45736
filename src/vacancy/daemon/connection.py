"""A connection to the web that must speak in time: uvicorn alone waits for a request for ever.

The head of a request has to come within a time and a size, or the connection ends. Its body is the
door's affair (see `vacancy.api.door`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Longest head of a request, in bytes.
LONGEST_HEAD = 64 * 1024

_SLOW = b"408 Request Timeout"
_LONG = b"431 Request Header Fields Too Large"


class Connection(HttpToolsProtocol):
    """One connection. `within`: how many seconds the head of a request may take to come."""

    def __init__(self, *said: Any, within: float, **more: Any) -> None:
        super().__init__(*said, **more)
        self._within = within
        self._waiting: asyncio.TimerHandle | None = None
        self._came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self._waiting is None and before is not None and before.response_complete:
            self._wait()  # the next request of a connection that is kept
        super().data_received(data)
        if self.cycle is not before:
            self._go_on()
        elif self._waiting is not None:
            self._came += len(data)
            if self._came > LONGEST_HEAD:
                self._end(_LONG)

    def connection_lost(self, exc: Exception | None) -> None:
        self._go_on()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self._within, self._end, _SLOW)

    def _go_on(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting, self._came = None, 0

    def _end(self, status: bytes) -> None:
        self._go_on()
        if not self.transport.is_closing():
            ending = b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(b"HTTP/1.1 " + status + ending)
            self.transport.close()


def speaking_within(seconds: float) -> Any:
    """What uvicorn is to make its connections with."""
    return partial(Connection, within=seconds)
