"""Where the host's browser comes back to after a consent: a page on loopback, or a pasted line."""

from __future__ import annotations

import asyncio
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType

from vacancy.cli import printing

#: Seconds in which the host gives the consent.
PATIENCE = 600.0
_PAGE = "Vacancy has your answer: you may close this page.\n"


class Landing:
    """A page on loopback that is asked for once."""

    def __init__(self, port: int) -> None:
        self.returned: str | None = None
        landing = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.path.startswith("/callback?")
                if known and landing.returned is None:
                    landing.returned = self.path
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(_PAGE.encode() if known else b"")

            def log_message(self, format: str, *args: object) -> None:
                """What comes back is a secret."""

        self._server = HTTPServer(("127.0.0.1", port), Page)
        self._server.timeout = 0.5

    @property
    def redirect(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/callback"

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.server_close()

    async def asks(self, address: str) -> str:
        """Show the address, and wait until the browser comes back; "" where it does not in time."""
        _show(address)
        return await asyncio.to_thread(self._wait)

    def _wait(self) -> str:
        for _ in range(int(PATIENCE / 0.5)):
            self._server.handle_request()
            if self.returned is not None:
                return self.returned
        return ""


async def pasted(address: str) -> str:
    """Show the address, and take the one that the browser was sent to from stdin."""
    _show(address)
    printing.notice("Then paste here the whole address that the browser was sent to:")
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


def _show(address: str) -> None:
    printing.notice(f"Open this in a browser, and give your consent:\n\n  {address}\n")
