"""Readers of exports: many kept connections that ask the same over and over."""

from __future__ import annotations

import asyncio

_CONNECTIONS = 32


async def etag_of(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer.lower().partition("\r\netag: ")[2].partition("\r\n")[0]


async def ask(port: int, request: bytes, status: int, requests: int) -> None:
    """The request over and over, on so many connections at once."""
    loop = asyncio.get_running_loop()
    each = requests // _CONNECTIONS
    askers = [_Asker(request, status, each, loop.create_future()) for _ in range(_CONNECTIONS)]
    for asker in askers:
        await loop.create_connection(lambda one=asker: one, "127.0.0.1", port)
    await asyncio.gather(*(asker.done for asker in askers))


class _Asker(asyncio.Protocol):
    """One kept connection: asks, takes the whole answer, asks again."""

    def __init__(self, request: bytes, status: int, left: int, done: asyncio.Future[None]) -> None:
        self._request = request
        self._status = b"HTTP/1.1 %d " % status
        self._bare = status == 304
        self._left = left
        self._got = bytearray()
        self._needed = 0
        self.done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._needed:
            self._needed = self._length()
        if not self._needed or len(self._got) < self._needed:
            return
        self._got.clear()
        self._needed = 0
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server went away"))

    def _length(self) -> int:
        """How long the answer is, once its head is here; 0 before."""
        head, end, _ = bytes(self._got).partition(b"\r\n\r\n")
        if not end:
            return 0
        if not head.startswith(self._status):
            raise RuntimeError(head.split(b"\r\n")[0].decode())
        told = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return len(head) + 4 + (0 if self._bare else int(told))
