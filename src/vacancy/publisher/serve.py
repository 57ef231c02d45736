"""Serves exports: a raw ASGI app ahead of everything else.

A request costs a hash, a look into memory and a note. One that is answered by 304 never touches the
store, nor does any as long as the bytes are in memory: what the store does or fails to do changes
nothing for a reader until the cache has caught up.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from vacancy.publisher.cache import ExportCache
from vacancy.publisher.edition import Edition
from vacancy.publisher.readings import Readings, reader_of
from vacancy.store.served import StoreFailure

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PREFIX, _SUFFIX = "/ical/", ".ics"
_PIECE = 1 << 16
_TAG = re.compile(rb'(?:W/)?("[^"]*")')

_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_CALENDAR = (b"content-type", b"text/calendar; charset=utf-8")
_CACHING = (b"cache-control", b"no-cache, private")
_VARY = (b"vary", b"Accept-Encoding")
_GZIPPED = (b"content-encoding", b"gzip")


class Answer(NamedTuple):
    """What goes back; `edition` is set where a reader was told what is published."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    edition: Edition | None = None


def _refusal(status: int, text: str, *more: tuple[bytes, bytes]) -> Answer:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        _NO_SNIFF,
        (b"content-length", b"%d" % len(body)),
        *more,
    ]
    return Answer(status, headers, body)


_UNKNOWN = _refusal(404, "There is no calendar at this address; ask the host for the new one.\n")
_METHOD = _refusal(405, "A calendar is read with GET or HEAD.\n", (b"allow", b"GET, HEAD"))
_NOT_OPEN = _refusal(
    503,
    "This calendar opens once each channel of its unit was read; try again later.\n",
    (b"retry-after", b"300"),
)
_NOT_READY = _refusal(
    503, "The calendars cannot be read at the moment; try again later.\n", (b"retry-after", b"30")
)


class ExportApp:
    """Answers GET and HEAD of `/ical/{token}.ics`; everything else is the `fallback`'s.

    `now` gives the time of a reading.
    """

    def __init__(
        self,
        cache: ExportCache,
        readings: Readings,
        now: Callable[[], datetime],
        fallback: App,
    ) -> None:
        self._cache = cache
        self._readings = readings
        self._now = now
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._fallback(scope, receive, send)
            return
        headers = dict(scope["headers"])
        answer = await self._answer(scope["method"], scope["path"], headers)
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
        elif await _sent_whole(answer.body, receive, send) and answer.edition is not None:
            self._note(answer.edition, headers)

    async def _answer(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Answer:
        edition = self._find(method, path)
        if isinstance(edition, Answer):
            return edition
        unchanged = _unchanged(edition, headers)
        if unchanged is not None:
            return unchanged
        body = self._cache.kept(edition)
        if body is None:
            return await self._from_store(edition, headers)
        return self._told(edition, body, headers)

    def _find(self, method: str, path: str) -> Edition | Answer:
        """What is published there, or why nothing is told."""
        if method not in ("GET", "HEAD"):
            return _METHOD
        if not self._cache.ready:
            return _NOT_READY
        edition = None
        if path.endswith(_SUFFIX):
            edition = self._cache.find(path[len(_PREFIX) : -len(_SUFFIX)])
        if edition is None or (edition.ends_at and edition.has_ended(self._now())):
            return _UNKNOWN
        if not edition.etag or (edition.opens_at and not edition.is_open(self._now())):
            return _NOT_OPEN
        return edition

    async def _from_store(self, edition: Edition, headers: Mapping[bytes, bytes]) -> Answer:
        """200 with bytes for which there was no room in memory."""
        try:
            found = await asyncio.to_thread(self._cache.fetch, edition)
        except StoreFailure:
            return _NOT_READY
        return _UNKNOWN if found is None else self._told(*found, headers)

    def _told(self, edition: Edition, zipped: bytes, headers: Mapping[bytes, bytes]) -> Answer:
        """200 with the bytes."""
        gzipped = _takes_gzip(headers.get(b"accept-encoding", b""))
        body = zipped if gzipped else self._cache.plain(edition, zipped)
        told = [
            _CALENDAR,
            (b"content-length", b"%d" % len(body)),
            (b"etag", edition.zipped_etag if gzipped else edition.etag),
            _CACHING,
            _VARY,
            (b"last-modified", edition.last_modified),
            _NO_SNIFF,
        ]
        if gzipped:
            told.append(_GZIPPED)
        return Answer(200, told, body, edition)

    def _note(self, edition: Edition, headers: Mapping[bytes, bytes]) -> None:
        # Browsers alone send Sec-Fetch-Mode, whatever name they go by.
        if b"sec-fetch-mode" in headers:
            return
        reader = reader_of(headers.get(b"user-agent", b"").decode("latin-1"))
        if reader is not None:
            self._readings.note(edition.export_id, edition.version, reader, self._now())


def _unchanged(edition: Edition, headers: Mapping[bytes, bytes]) -> Answer | None:
    """304 where the reader has what is published."""
    if b"if-none-match" not in headers and b"if-modified-since" not in headers:
        return None
    gzipped = _takes_gzip(headers.get(b"accept-encoding", b""))
    had = _tag_had(edition, edition.zipped_etag if gzipped else edition.etag, headers)
    if had is None:
        return None
    modified = (b"last-modified", edition.last_modified)
    return Answer(304, [(b"etag", had), _CACHING, _VARY, modified], b"", edition)


def _tag_had(edition: Edition, etag: bytes, headers: Mapping[bytes, bytes]) -> bytes | None:
    """The ETag under which the reader has what is published; None if it has not.

    Either form will do, weakly compared: both stand for the same calendar, whichever encoding the
    reader takes now. If-Modified-Since counts only alone and equal: versions differ by a second.
    """
    wanted = headers.get(b"if-none-match")
    if wanted is None:
        since = headers.get(b"if-modified-since")
        return etag if since is not None and since.strip() == edition.last_modified else None
    if wanted == etag or wanted.strip() == b"*":
        return etag
    for tag in _TAG.findall(wanted):
        if tag in (edition.etag, edition.zipped_etag):
            return tag
    return None


@lru_cache(maxsize=256)
def _takes_gzip(accepted: bytes) -> bool:
    """Whether Accept-Encoding allows gzip: by name, else by `*`, with a weight above 0."""
    weights: dict[bytes, bool] = {}
    for part in accepted.lower().split(b","):
        coding, _, weight = part.partition(b";")
        refused = re.fullmatch(rb"q=0(\.0*)?", weight.strip().replace(b" ", b""))
        weights[coding.strip()] = refused is None
    return weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", False)))


async def _sent_whole(body: bytes, receive: Receive, send: Send) -> bool:
    """Send the body; False if the reader went away before the last piece."""
    if len(body) <= _PIECE:
        await send({"type": "http.response.body", "body": body})
        return True
    leaving = asyncio.ensure_future(_left(receive))
    try:
        for at in range(0, len(body), _PIECE):
            await asyncio.sleep(0)  # lets a departure be noticed where nothing else waits
            if leaving.done():
                return False
            piece, more = body[at : at + _PIECE], at + _PIECE < len(body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
        return True
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
