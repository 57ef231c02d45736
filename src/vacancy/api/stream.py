"""GET /v1/events/stream: the journal as server-sent events, from wherever a reader left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import structlog
from anyio import to_thread
from fastapi import Depends, Header, Query
from fastapi.responses import Response
from pydantic import Field
from starlette.types import Receive, Scope, Send

from vacancy.api.deps import Caller, Needs
from vacancy.api.front import Front
from vacancy.api.listening import Listener, Look, Looked
from vacancy.api.room import Room
from vacancy.api.shapes.problem import PROBLEMS
from vacancy.api.shapes.values import Asked
from vacancy.api.wire import AT_ONCE, Frame, framed
from vacancy.domain.scopes import Actor
from vacancy.domain.scopes import Scope as Allowed
from vacancy.store import journal, keys, sessions

_LOG = structlog.get_logger(__name__)

#: How many facts one look at the journal reads; there is another at once where there are more.
_AT_A_LOOK = 1000
#: How soon a reader whose stream ended comes back, in milliseconds.
_COME_BACK = b"retry: 2000\n\n"
_ALIVE = b": still here\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

_Cursor = Annotated[str, Field(pattern="^[0-9]{0,18}$")]

#: One event of the stream: OpenAPI 3.1 describes a stream by what each of its events is.
_EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "The event's `sequence`."},
        "event": {"type": "string", "description": "The event's type."},
        "data": {
            "type": "string",
            "description": "The event, as JSON.",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Event"},
        },
    },
}

room = Room("events")


class StreamQuery(Asked):
    after: _Cursor = Field(
        default="",
        description="From which event on, by its `sequence`: 0 gives all. Last-Event-ID goes"
        " before it; with neither, what happens from now on.",
    )
    types: Annotated[str, Field(pattern="^[a-z_.,]*$", max_length=1000)] = Field(
        default="", description="Only these types, with commas between."
    )


_needs = Needs(Allowed.ACTIVITY_READ, frozenset(StreamQuery.model_fields), bodyless=True)


async def stream_events(
    caller: Annotated[Caller, Depends(_needs)],
    asked: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[
        str,
        Header(
            alias="Last-Event-ID",
            pattern="^[0-9]{0,18}$",
            description="The `id` of the last event that came: the stream goes on after it.",
        ),
    ] = "",
) -> Response:
    """Listen to the journal: each event within a second of its commit, as server-sent events.

    `id` is the event's `sequence`, `event` its type, `data` the event itself. A stream ends after
    an hour, or when the server stops; whoever comes back with `Last-Event-ID`, as browsers do by
    themselves, goes on where they were. Scope: `activity.read`.
    """
    caller.front.listeners.admit(caller.actor)
    return EventStream(caller, last_event_id or asked.after, asked.types)


room.router.add_api_route(
    "/v1/events/stream",
    stream_events,
    methods=["GET"],
    operation_id="stream_events",
    summary="Listen to the journal",
    response_class=Response,
    responses={
        **PROBLEMS,
        200: {
            "description": "Events as they happen.",
            "content": {"text/event-stream": {"schema": _EVENT}},
        },
    },
    openapi_extra={"x-scope": Allowed.ACTIVITY_READ.value},
)


class EventStream(Response):
    """One open stream: no more than one batch of it is ever in memory."""

    def __init__(self, caller: Caller, cursor: str, types: str) -> None:
        super().__init__()
        self._front: Front = caller.front
        self._actor = caller.actor
        self._cursor = int(cursor) if cursor else None
        self._types = frozenset(one for one in types.split(",") if one)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        gone = asyncio.create_task(_disconnected(receive))
        telling = asyncio.create_task(self._tell(send))
        done, left = await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for task in done:
            task.result()

    async def _tell(self, send: Send) -> None:
        # Known before the reader is answered: it misses nothing that happens after the answer.
        cursor = await self._begins() if self._cursor is None else self._cursor
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with self._front.listeners.join(self._actor, look_of(self._front)) as listener:
            async for chunk in self._chunks(listener, cursor):
                try:
                    async with asyncio.timeout(self._front.listeners.patience.stalled):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    _LOG.info("stream.dropped", key=self._actor.key_id, why="reads too slowly")
                    return
        await send({"type": "http.response.body", "body": b""})

    async def _chunks(self, listener: Listener, cursor: int) -> AsyncIterator[bytes]:
        patience, clock = self._front.listeners.patience, asyncio.get_running_loop().time
        ends = clock() + patience.longest
        yield _COME_BACK
        while not listener.over:
            newest = listener.last
            cursor, chunk = await self._next(cursor)
            if chunk:
                yield chunk
                continue
            cursor = max(cursor, newest)
            left = ends - clock()
            if left <= 0:
                return
            if not await listener.wait(min(left, patience.silent)):
                yield _ALIVE

    async def _begins(self) -> int:
        account = self._actor.account_id
        looked = await look_of(self._front)({account: None}, set())
        return looked.last[account]

    async def _next(self, cursor: int) -> tuple[int, bytes]:
        """What follows, and up to where: from the wire, or the store while it is far behind."""
        wire = self._front.listeners.wire(self._actor.account_id)
        if wire is not None and wire.reaches(cursor):
            return wire.since(cursor, self._types)
        frames = await self._in_thread(self._read, cursor)
        return (frames[-1][0] if frames else cursor), b"".join(text for _, _, text in frames)

    def _read(self, cursor: int) -> list[Frame]:
        with self._front.store.read() as session:
            account = self._actor.account_id
            rows = journal.after(session, account, cursor, AT_ONCE, [*self._types])
            return list(map(framed, rows))

    async def _in_thread(self, work: Any, *said: Any) -> Any:
        return await to_thread.run_sync(partial(work, *said), limiter=self._front.readers)


def look_of(front: Front) -> Look:
    """How the streams of a house look at its journal, and at who may listen still."""

    async def look(asked: Mapping[str, int | None], listening: Set[str]) -> Looked:
        return await to_thread.run_sync(
            partial(_looked, front, asked, listening), limiter=front.readers
        )

    return look


def _looked(front: Front, asked: Mapping[str, int | None], listening: Set[str]) -> Looked:
    """`listening` are keys, and browsers that are signed in to the console."""
    now = front.now()
    with front.store.read() as session:
        valid = keys.valid(session, listening, now) | sessions.valid(session, listening, now)
        last = journal.last(session, list(asked))
        news = {
            account: list(map(framed, journal.after(session, account, cursor, _AT_A_LOOK)))
            for account, cursor in asked.items()
            if cursor is not None and cursor < last[account]
        }
    return Looked(last, news, valid)


@asynccontextmanager
async def listen(front: Front, actor: Actor) -> AsyncIterator[Listener]:
    """Listen to the journal for the block. Raises Turned where too many do, or the daemon stops."""
    front.listeners.admit(actor)
    async with front.listeners.join(actor, look_of(front)) as listener:
        yield listener


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
