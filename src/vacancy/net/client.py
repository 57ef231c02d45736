"""Fetches and sends: bounded in time and bytes, guarded at every hop, whole or not at all.

With net/dial, which opens its connections, and net/failing, which names their errors, this is the
only file that imports httpx and aiohttp.
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

import httpx

from vacancy.net.body import BadBody, Body
from vacancy.net.dial import GuardedTransport
from vacancy.net.failing import TROUBLE, FetchFailed, by_error, by_name, by_refusal
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


@dataclass(frozen=True, slots=True)
class Called:
    """A complete answer of an API. `head`: names in lower case.

    `body` is all of it, unpacked; b"" where a status outside 200 to 299 came without a whole one.
    """

    status: int
    head: Head
    body: bytes
    retry_after: timedelta | datetime | None
    millis: int


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
        raise by_name("timeout", target.host)

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
                response = await self._send("POST", target, plain, body)
                await self._hear(response, heard)
        except TimeoutError:
            pass
        if response is None:
            raise by_name("timeout", target.host)
        millis = round((asyncio.get_running_loop().time() - started) * 1000)
        asked = read_retry_after(response.headers.get("retry-after"))
        return Reply(response.status_code, bytes(heard), asked, millis)

    async def call(
        self, method: str, url: Secret, headers: Head, body: bytes | None = None
    ) -> Called:
        """Ask an API once, following nothing. Raises FetchFailed, and nothing else.

        The bounds of time begin when it is this request's turn at the host. A good answer is whole;
        a status that tells of an error stands, however its body ends within the time.
        """
        target = self._aim(url)
        async with self._politeness.turn(target.authority):
            try:
                async with asyncio.timeout(self._limits.total):
                    return await self._called(method, target, headers, body)
            except TimeoutError:
                pass
        raise by_name("timeout", target.host)

    async def _called(
        self, method: str, target: Target, headers: Head, body: bytes | None
    ) -> Called:
        started = asyncio.get_running_loop().time()
        response = await self._send(method, target, headers, body)
        head = dict(response.headers)
        heard = b""
        try:
            heard = await self._read(response, head, target.host)
        except FetchFailed:
            if response.is_success:
                raise
        finally:
            with suppress(*TROUBLE):
                await response.aclose()
        millis = round((asyncio.get_running_loop().time() - started) * 1000)
        asked = read_retry_after(head.get("retry-after"))
        return Called(response.status_code, head, heard, asked, millis)

    async def _hear(self, response: httpx.Response, heard: bytearray) -> None:
        with suppress(*TROUBLE):
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
            failed = by_refusal(refusal, "This address is not asked")
        raise failed

    async def _follow(self, target: Target, asked: dict[str, str]) -> Answer:
        started = asyncio.get_running_loop().time()
        for _ in range(self._limits.redirects + 1):
            response = await self._send("GET", target, asked)
            head = dict(response.headers)
            try:
                if response.status_code not in _REDIRECTS:
                    good = response.status_code == _OK
                    body = await self._read(response, head, target.host) if good else b""
                    millis = round((asyncio.get_running_loop().time() - started) * 1000)
                    return _answer(response.status_code, head, body, millis, target.host)
            finally:
                with suppress(*TROUBLE):  # the answer stands, however its connection ends
                    await response.aclose()
            target = self._hop(target, head.get("location"))
        raise by_name("too_many_redirects", target.host)

    def _hop(self, target: Target, location: str | None) -> Target:
        try:
            return self._guard.hop(target, location)
        except Refusal as refusal:
            failed = by_refusal(refusal, f"{target.host} redirects to where Vacancy does not go")
        raise failed

    async def _send(
        self, method: str, target: Target, asked: Head, body: bytes | None = None
    ) -> httpx.Response:
        try:
            request = httpx.Request(
                method,
                _origin(target.scheme, target.authority),
                headers={**self._named, **asked},
                content=body,
                extensions={"target": target},
            )
            return await self._http.send(request, stream=True)
        except TROUBLE as error:
            failed = by_error(error, target.host)
        # Raised outside of the handler: what aiohttp said holds the address.
        raise failed

    async def _read(self, response: httpx.Response, head: Head, host: str) -> bytes:
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
            failed = by_name(bad.reason, host, retry_after)
        except TROUBLE as error:
            failed = by_error(error, host, retry_after)
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
