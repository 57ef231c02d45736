"""Fetches and sends: bounded in time and bytes, guarded at every hop, whole or not at all.

With net/dial, which opens its connections, this is the only file that imports httpx and aiohttp.
httpx is shown the origin alone, `https://host/`; the address itself travels beside it, so that no
log, error or repr of httpx can print it, and goes out byte for byte as the host wrote it.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import aiohttp
import httpx

from vacancy.net.body import BadBody, Body
from vacancy.net.dial import GuardedTransport
from vacancy.net.guard import Guard, Refusal, Target
from vacancy.net.politeness import Politeness
from vacancy.net.retry_after import read_retry_after
from vacancy.secret import Secret

MIB = 1024 * 1024
CALENDAR = "text/calendar, */*"

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_VALIDATOR = 512


#: An answer's headers, names in lower case.
Head = dict[str, str]


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered to something sent. `body` is what was heard of it within the bounds."""

    status: int
    body: bytes
    retry_after: timedelta | datetime | None
    millis: int


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
_ALLOW = 'if it is a host of your own, add its "host:port" to network.allow_private'
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
    """Asks for feeds, or tells endpoints: it keeps connections and the TLS context.

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
        self._politeness = Politeness() if politeness is None else politeness
        tls = tls or httpx.create_ssl_context(trust_env=False)
        self._http = httpx.AsyncClient(
            transport=GuardedTransport(guard, self._limits.connect, tls),
            trust_env=False,
        )
        self._named = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}

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

    async def post(self, url: Secret, body: bytes, headers: Head) -> Reply:
        """Send once, at once, following nothing. Raises FetchFailed, and nothing else.

        A status that came stands, whatever becomes of its body.
        """
        target = self._aim(url)
        started = asyncio.get_running_loop().time()
        response, heard = None, bytearray()
        try:
            async with asyncio.timeout(self._limits.total):
                plain = {"Accept-Encoding": "identity", **headers}
                response = await self._send(target, plain, body)
                await self._hear(response, heard)
        except TimeoutError:
            pass
        if response is None:
            raise _failed("timeout", target.host)
        millis = round((asyncio.get_running_loop().time() - started) * 1000)
        asked = read_retry_after(response.headers.get("retry-after"))
        return Reply(response.status_code, bytes(heard), asked, millis)

    async def _hear(self, response: httpx.Response, heard: bytearray) -> None:
        with suppress(*_TROUBLE):
            try:
                async for chunk in response.aiter_raw():
                    heard += chunk[: self._limits.raw - len(heard)]
                    if len(heard) >= self._limits.raw:
                        break
            finally:
                await response.aclose()

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
            head = dict(response.headers)
            try:
                if response.status_code not in _REDIRECTS:
                    body = await self._read(response, head, target.host)
                    millis = round((asyncio.get_running_loop().time() - started) * 1000)
                    return _answer(response.status_code, head, body, millis, target.host)
            finally:
                with suppress(*_TROUBLE):  # the answer stands, however its connection ends
                    await response.aclose()
            target = self._hop(target, head.get("location"))
        raise _failed("too_many_redirects", target.host)

    def _hop(self, target: Target, location: str | None) -> Target:
        try:
            return self._guard.hop(target, location)
        except Refusal as refusal:
            failed = _refused(refusal, f"{target.host} redirects to where Vacancy does not go")
        raise failed

    async def _send(self, target: Target, asked: Head, body: bytes | None = None) -> httpx.Response:
        try:
            request = httpx.Request(
                "GET" if body is None else "POST",
                _origin(target.scheme, target.authority),
                headers={**self._named, **asked},
                content=body,
                extensions={"target": target},
            )
            return await self._http.send(request, stream=True)
        except _TROUBLE as error:
            failed = _failure(error, target.host)
        # Raised outside of the handler: what aiohttp said holds the address.
        raise failed

    async def _read(self, response: httpx.Response, head: Head, host: str) -> bytes:
        if response.status_code != _OK:
            return b""
        retry_after = read_retry_after(head.get("retry-after"))
        try:
            body = Body(
                head.get("content-encoding", ""),
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


def _answer(status: int, head: Head, body: bytes, millis: int, host: str) -> Answer:
    return Answer(
        status=status,
        body=body,
        etag=_validator(head.get("etag")),
        last_modified=_validator(head.get("last-modified")),
        retry_after=read_retry_after(head.get("retry-after")),
        millis=millis,
        final_host=host,
    )


@lru_cache(maxsize=1024)
def _origin(scheme: str, authority: str) -> httpx.URL:
    """All of an address that httpx is shown; parsed once for the many feeds of one host."""
    return httpx.URL(f"{scheme}://{authority}/")


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
