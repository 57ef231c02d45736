"""Fetches: bounded in time and bytes, guarded at every hop, whole or not at all.

The only file that imports httpx and aiohttp. httpx is shown the origin alone, `https://host/`; the
address itself travels beside it, so that no log, error or repr of httpx can print it, and goes out
byte for byte as the host wrote it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from vacancy.net.body import BadBody, Body
from vacancy.net.guard import Guard, Refusal, Target
from vacancy.net.politeness import Politeness
from vacancy.net.retry_after import read_retry_after
from vacancy.secret import Secret

MIB = 1024 * 1024
CALENDAR = "text/calendar, */*"

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: All that is listened to of an answer's head; cookies, above all, are not.
_HEARD = frozenset(
    {
        b"content-encoding",
        b"content-length",
        b"etag",
        b"last-modified",
        b"location",
        b"retry-after",
    }
)
_LONGEST_VALIDATOR = 512
_DNS_THREADS = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one fetch: seconds in all and to connect, bytes, redirects followed."""

    total: float = 30.0
    connect: float = 5.0
    raw: int = 8 * MIB
    inflated: int = 8 * MIB
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer. `body` is b"" unless the status is 200.

    `retry_after`: seconds as a span, a date as an instant. `final_host`: who answered in the end.
    """

    status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    retry_after: timedelta | datetime | None
    millis: int
    final_host: str


_SAYS = {
    "timeout": "did not answer in full within the time allowed",
    "connect_timeout": "did not accept a connection in time",
    "refused": "cannot be reached, or refuses connections",
    "dns": "is a name that cannot be found: check the address for a slip",
    "reset": "broke the connection off before it had answered",
    "tls": "has no valid certificate, or does not speak https",
    "wrong_length": "sent less than it had promised",
    "cut_compression": "sent a compressed answer that breaks off",
    "bad_compression": "sent a compressed answer that is damaged",
    "unknown_encoding": "sent an answer in a compression that was not asked for",
    "too_large": "sent more than a calendar may weigh",
    "too_large_inflated": "sent what unpacks to more than a calendar may weigh",
    "too_many_redirects": "redirects too often",
    "protocol": "sent an answer that is not valid HTTP",
}
_ALLOW = 'if it is a calendar of your own, add its "host:port" to network.allow_private'
_ADVICE = {"forbidden_address": f"; {_ALLOW}", "forbidden_port": f"; {_ALLOW}"}


class FetchFailed(Exception):
    """No complete answer. `reason` is a stable name, `text` one sentence that names the host only.

    Reasons: those of the table above, and bad_url, bad_redirect, forbidden_address, forbidden_port.
    """

    def __init__(
        self, reason: str, text: str, retry_after: timedelta | datetime | None = None
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.retry_after = retry_after


class Client:
    """Asks for feeds. One for the whole process: it keeps connections and the TLS context.

    Belongs to one event loop; close it with `aclose`.
    """

    def __init__(
        self,
        guard: Guard,
        user_agent: str,
        *,
        limits: Limits | None = None,
        politeness: Politeness | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._limits = limits or Limits()
        self._politeness = politeness or Politeness()
        tls = tls or httpx.create_ssl_context(trust_env=False)
        self._http = httpx.AsyncClient(
            transport=_GuardedTransport(guard, self._limits, tls),
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            timeout=self._limits.total,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(
        self,
        url: Secret,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = CALENDAR,
    ) -> Answer:
        """Ask once, following redirects. Raises FetchFailed, and nothing else.

        The bounds of time begin when it is this request's turn at the host.
        """
        asked = {"Accept": accept}
        if etag is not None:
            asked["If-None-Match"] = etag
        if last_modified is not None:
            asked["If-Modified-Since"] = last_modified
        target = self._aim(url)
        async with self._politeness.turn(target.authority):
            try:
                async with asyncio.timeout(self._limits.total):
                    return await self._follow(target, asked)
            except TimeoutError:
                pass
        raise _failed("timeout", target.host)

    def _aim(self, url: Secret) -> Target:
        try:
            return self._guard.aim(url.reveal())
        except Refusal as refusal:
            failed = _refused(refusal, "This address is not asked")
        raise failed

    async def _follow(self, target: Target, asked: dict[str, str]) -> Answer:
        started = asyncio.get_running_loop().time()
        for _ in range(self._limits.redirects + 1):
            response = await self._send(target, asked)
            try:
                if response.status_code not in _REDIRECTS:
                    body = await self._read(response, target.host)
                    millis = round((asyncio.get_running_loop().time() - started) * 1000)
                    return _answer(response, body, millis, target.host)
            finally:
                await response.aclose()
            target = self._hop(target, response.headers.get("location"))
        raise _failed("too_many_redirects", target.host)

    def _hop(self, target: Target, location: str | None) -> Target:
        try:
            return self._guard.hop(target, location)
        except Refusal as refusal:
            failed = _refused(refusal, f"{target.host} redirects to where Vacancy does not go")
        raise failed

    async def _send(self, target: Target, asked: dict[str, str]) -> httpx.Response:
        try:
            request = self._http.build_request(
                "GET",
                f"{target.scheme}://{target.authority}/",
                headers=asked,
                extensions={"target": target},
            )
            return await self._http.send(request, stream=True)
        except _TROUBLE as error:
            failed = _failure(error, target.host)
        # Raised outside of the handler: what aiohttp said holds the address.
        raise failed

    async def _read(self, response: httpx.Response, host: str) -> bytes:
        if response.status_code != _OK:
            return b""
        retry_after = read_retry_after(response.headers.get("retry-after"))
        try:
            body = Body(
                response.headers.get("content-encoding", ""),
                self._limits.raw,
                self._limits.inflated,
            )
            async for chunk in response.aiter_raw():
                body.feed(chunk)
            return body.finish()
        except BadBody as bad:
            failed = _failed(bad.reason, host, retry_after)
        except _TROUBLE as error:
            failed = _failure(error, host, retry_after)
        raise failed


def _answer(response: httpx.Response, body: bytes, millis: int, host: str) -> Answer:
    return Answer(
        status=response.status_code,
        body=body,
        etag=_validator(response.headers.get("etag")),
        last_modified=_validator(response.headers.get("last-modified")),
        retry_after=read_retry_after(response.headers.get("retry-after")),
        millis=millis,
        final_host=host,
    )


def _validator(value: str | None) -> str | None:
    """A validator that can be sent back as it came; an odd one is not kept."""
    if value and len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable():
        return value
    return None


_TROUBLE = (
    aiohttp.ClientError,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    Refusal,
    UnicodeError,
)
#: The first that fits names the reason.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns"),
    (UnicodeError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (ssl.SSLError, "tls"),
    (aiohttp.ConnectionTimeoutError, "connect_timeout"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorError, "refused"),
    (aiohttp.ClientPayloadError, "wrong_length"),
    (aiohttp.ServerDisconnectedError, "reset"),
    (aiohttp.ClientResponseError, "protocol"),
    (httpx.InvalidURL, "dns"),
    (aiohttp.InvalidURL, "dns"),
    (OSError, "reset"),
)


def _failure(
    error: Exception, host: str, retry_after: timedelta | datetime | None = None
) -> FetchFailed:
    """What an error of the wire is called."""
    if isinstance(error, Refusal):
        return _refused(error, f"{host} is not asked")
    if isinstance(error, httpx.HTTPError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # the transport's translation says less than what it translates
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, TimeoutError):
        return _failed("connect_timeout", host)
    reason = next((name for kind, name in _REASONS if isinstance(error, kind)), "protocol")
    return _failed(reason, host, retry_after)


def _failed(reason: str, host: str, retry_after: timedelta | datetime | None = None) -> FetchFailed:
    return FetchFailed(reason, f"{host} {_SAYS[reason]}.", retry_after)


def _refused(refusal: Refusal, lead: str) -> FetchFailed:
    return FetchFailed(refusal.reason, f"{lead}: {refusal.why}{_ADVICE.get(refusal.reason, '')}.")


class _GuardedTransport(AiohttpTransport):
    """httpx's way onto aiohttp that dials a `Target` and nothing else.

    Two sessions, so that a connection opened for an allowed private target is never reused, and its
    leave never borrowed, by any other.
    """

    def __init__(self, guard: Guard, limits: Limits, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._guard = guard
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=limits.connect, sock_connect=limits.connect
        )
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="vacancy-dns")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target: Target = request.extensions["target"]
        response = await self._session(allowed=target.allowed).request(
            request.method, _dialled(target), headers=request.headers, allow_redirects=False
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
                    socket_factory=partial(_open_socket, self._guard, allowed),
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


def _open_socket(guard: Guard, allowed: bool, info: aiohttp.AddrInfoType) -> socket.socket:
    """The last look: this very address is about to be dialled."""
    family, kind, proto, _, address = info
    guard.check([str(address[0])], allowed=allowed)
    return socket.socket(family, kind, proto)


def _dialled(target: Target) -> URL:
    """The target as aiohttp takes it, from its parts: no second parser ever sees the text."""
    return URL.build(
        scheme=target.scheme,
        authority=target.authority,
        path=target.path,
        query_string=target.query,
        encoded=True,
    )
