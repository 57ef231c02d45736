"""GET /live: tells open pages what changed, so that they fetch those parts anew.

A message names topics, never what happened: `{"topics": ["bookings", "unit:unit_..."]}`. A part of
a page names those that it shows in `data-live`, and the script asks for the page again by its own
address, as its host would see it now.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from vacancy.console import guard
from vacancy.console.desk import Sent
from vacancy.console.front import Front, Listen
from vacancy.console.served import recognise, stranger
from vacancy.console.visitor import Shell, Visitor
from vacancy.domain.errors import Refused
from vacancy.store import journal

PATH = "/live"

#: In seconds: how long a stream lasts, after how long a silent one says that it lives, how long a
#: reader may take nothing.
_LONGEST, _SILENT, _STALLED = 3600.0, 15.0, 10.0
_AT_ONCE = 500
_COME_BACK, _ALIVE = b"retry: 2000\n\n", b": still here\n\n"

#: What the first word of a fact's type is about.
_TOPICS = {
    "booking": "bookings",
    "block": "bookings",
    "hold": "bookings",
    "conflict": "conflicts",
    "feed": "feeds",
    "export": "exports",
    "webhook": "webhooks",
    "source": "sources",
    "key": "keys",
    "config": "config",
}


class Live:
    """The streams of one process."""

    def __init__(self, shell: Shell, listen: Listen) -> None:
        self._shell = shell
        self._listen = listen

    async def __call__(self, request: Request) -> Response:
        visitor = await recognise(stranger(self._shell, request))
        if visitor.signed is None:
            return await visitor.respond(Sent(b"", "text/plain", 401))
        chunks = self._chunks(visitor)
        try:
            first = await anext(chunks)
        except Refused:
            return await visitor.respond(Sent(b"", "text/plain", 503, {"Retry-After": "10"}))
        return guard.protect(_Stream(_from(first, chunks)))

    async def _chunks(self, visitor: Visitor) -> AsyncIterator[bytes]:
        actor, clock = visitor.caller.actor, asyncio.get_running_loop().time
        ends = clock() + _LONGEST
        cursor = await _in_thread(_last, visitor.front, actor.account_id)
        async with self._listen(actor) as listener:
            yield _COME_BACK
            while not listener.over and clock() < ends:
                cursor, topics = await _in_thread(_since, visitor.front, actor.account_id, cursor)
                if topics:
                    yield _message(topics)
                elif not await listener.wait(_SILENT):
                    yield _ALIVE


class _Stream(StreamingResponse):
    """Ends also where its reader takes nothing any more."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__(
            chunks, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def stream_response(self, send: Send) -> None:
        async def within(message: Message) -> None:
            async with asyncio.timeout(_STALLED):
                await send(message)

        with contextlib.suppress(TimeoutError):
            await super().stream_response(within)


async def _from(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


def _last(front: Front, account_id: str) -> int:
    with front.store.read() as session:
        return journal.last(session, [account_id])[account_id]


def _since(front: Front, account_id: str, cursor: int) -> tuple[int, list[str]]:
    """What the facts after a number are about, and the number of the last of them."""
    with front.store.read() as session:
        rows = journal.after(session, account_id, cursor, _AT_ONCE)
    topics = {_topic(row.type) for row in rows}
    topics.update(f"unit:{row.unit_id}" for row in rows if row.unit_id)
    return (rows[-1].sequence if rows else cursor), sorted(topics)


def _topic(kind: str) -> str:
    word = kind.partition(".")[0]
    return _TOPICS.get(word, word)


def _message(topics: Sequence[str]) -> bytes:
    return f"data: {json.dumps({'topics': topics})}\n\n".encode()


async def _in_thread(work: Callable[..., Any], front: Front, *said: Any) -> Any:
    return await to_thread.run_sync(partial(work, front, *said), limiter=front.readers)
