"""Dials: httpx's way onto aiohttp, in which every connection passes the guard."""

from __future__ import annotations

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from vacancy.net.guard import Guard, Target

_DNS_THREADS = 8
#: All that is listened to of an answer's head; cookies, above all, are not.
_HEARD = frozenset(
    {
        b"content-encoding",
        b"content-type",
        b"etag",
        b"last-modified",
        b"location",
        b"retry-after",
        b"www-authenticate",
        b"x-idempotent-replayed",
        b"x-ratelimit-limit",
        b"x-ratelimit-remaining",
        b"x-ratelimit-reset",
        b"x-request-id",
    }
)


class GuardedTransport(AiohttpTransport):
    """httpx's way onto aiohttp that dials a `Target` and nothing else.

    Two sessions, so that a connection opened for an allowed private target is never reused, and its
    leave never borrowed, by any other.
    """

    def __init__(self, guard: Guard, connect: float, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._guard = guard
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="vacancy-dns")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target: Target = request.extensions["target"]
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        response = await self._session(allowed=target.allowed).request(
            request.method,
            _dialled(target),
            headers=headers,
            data=request.content or None,
            allow_redirects=False,
        )
        return httpx.Response(
            response.status,
            headers=[pair for pair in response.raw_headers if pair[0].lower() in _HEARD],
            stream=AiohttpResponseStream(response),
            request=request,
        )

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _session(self, *, allowed: bool) -> aiohttp.ClientSession:
        if allowed not in self._sessions:
            self._sessions[allowed] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    ssl=self.ssl_context,
                    resolver=_GuardedResolver(self._guard, self._threads, allowed=allowed),
                    socket_factory=partial(open_socket, self._guard, allowed),
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[allowed]


class _GuardedResolver(AbstractResolver):
    """Looks names up in threads of its own, and refuses a name with any forbidden answer."""

    def __init__(self, guard: Guard, threads: ThreadPoolExecutor, *, allowed: bool) -> None:
        self._guard = guard
        self._threads = threads
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        infos = await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(ask, flags=socket.AI_ADDRCONFIG)
        )
        self._guard.check([str(info[4][0]) for info in infos], allowed=self._allowed)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in infos
        ]

    async def close(self) -> None:
        """The threads belong to the transport."""


def open_socket(guard: Guard, allowed: bool, info: aiohttp.AddrInfoType) -> socket.socket:
    """The last look: this very address is about to be dialled."""
    family, kind, proto, _, address = info
    guard.check([str(address[0])], allowed=allowed)
    return socket.socket(family, kind, proto)


def _dialled(target: Target) -> URL:
    """The target as aiohttp takes it, from its parts: no second parser ever sees the text."""
    return URL.build(
        scheme=target.scheme,
        authority=f"{target.bracketed}:{target.port}",
        path=target.path,
        query_string=target.query,
        encoded=True,
    )
