"""/v1/sources, and /hooks, where booking systems say that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import structlog
from anyio import to_thread
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response

from vacancy.api.deps import Caller, Desk
from vacancy.api.errors import body_of
from vacancy.api.front import Front
from vacancy.api.room import Room
from vacancy.api.shapes import sources as shape
from vacancy.api.shapes.values import Id, Page, Paged, paged
from vacancy.domain.scopes import Scope
from vacancy.services import hooks, sources
from vacancy.services.hooks import Heard
from vacancy.services.sources import Means
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store.served import StoreFailure
from vacancy.store.upkeep import describe

room = Room("sources")
_LOG = structlog.get_logger(__name__)

#: A webhook's body says nothing that is believed, and is never longer.
LONGEST_HOOK = 256 * 1024
#: Seconds for which an answer waits until the store has it; the sender wants one in 0.2.
WRITTEN_WITHIN = 0.1
_ANSWERS = {
    Heard.TAKEN: (202, "", ""),
    Heard.UNKNOWN: (404, "not_found", "there is no such address"),
    Heard.FORGED: (401, "unauthorized", "this webhook is not signed as it should be"),
}


def _means(desk: Desk) -> Means:
    vault, base = desk.front.addresses
    return Means(vault, base, desk.front.settings().network.allow_private)


@room.list("/v1/sources", Scope.FEEDS_READ, Page[shape.Source])
def list_sources(desk: Desk, asked: Annotated[Paged, Query()]) -> Any:
    """List booking systems, by key."""
    return paged(sources.find(desk.session, desk.account_id, asked.place), asked)


@room.post("/v1/sources", Scope.FEEDS_WRITE, shape.SourceDetail)
def create_source(desk: Desk, wish: shape.SourceIn) -> Any:
    """Connect a booking system. It is asked at once."""
    every = desk.front.settings().polling.every.total_seconds()
    said = {**wish.model_dump(), "every_seconds": wish.every_seconds or int(every)}
    return sources.add(desk.session, desk.account_id, said, _means(desk), desk.at)


@room.one("/v1/sources/{source_id}", Scope.FEEDS_READ, shape.SourceDetail)
def get_source(desk: Desk, source_id: Id) -> Any:
    """Read a booking system, with the address for its webhooks."""
    return sources.get(desk.session, desk.account_id, source_id, _means(desk))


@room.patch("/v1/sources/{source_id}", Scope.FEEDS_WRITE, shape.SourceDetail, current=get_source)
def change_source(desk: Desk, source_id: Id, wish: shape.SourceChange) -> Any:
    """Change a booking system: its key, its units, how often it is asked."""
    row_id, at = (desk.account_id, source_id), desk.quietly(wish.silent)
    return sources.change(desk.session, row_id, wish.said(), _means(desk), at)


@room.delete("/v1/sources/{source_id}", Scope.FEEDS_WRITE, current=get_source)
def delete_source(desk: Desk, source_id: Id) -> None:
    """Ask a booking system no more. Its stays are kept until they are released."""
    sources.remove(desk.session, desk.account_id, source_id, desk.at)


@room.post("/v1/sources/{source_id}/poll", Scope.FEEDS_WRITE, shape.SourceDetail, status=202)
def poll_source(desk: Desk, source_id: Id) -> Any:
    """Ask a booking system now: within a second, where a poller runs."""
    return sources.poll_soon(desk.session, desk.account_id, source_id, _means(desk), desk.at)


async def _properties(caller: Caller, source_id: str) -> Sequence[RemoteProperty] | SourceFailed:
    def known() -> Any:
        with caller.front.store.read() as session:
            return sources.known(session, caller.actor.account_id, source_id)

    account = await to_thread.run_sync(known, limiter=caller.front.readers)
    return await caller.front.properties(account)


@room.post(
    "/v1/sources/{source_id}/check",
    Scope.FEEDS_WRITE,
    shape.Check,
    status=200,
    before=_properties,
)
def check_source(desk: Desk, source_id: Id, before: Sequence[RemoteProperty] | SourceFailed) -> Any:
    """Ask a booking system for its properties, and which units they seem to be."""
    return sources.checked(desk.session, desk.account_id, source_id, before)


@room.list("/v1/sources/{source_id}/pushes", Scope.FEEDS_READ, Page[shape.Push])
def list_pushes(desk: Desk, source_id: Id, asked: Annotated[Paged, Query()]) -> Any:
    """List what a booking system is told of bookings and blocks of ours, the latest first."""
    found = sources.pushes_of(desk.session, desk.account_id, source_id, asked.place)
    return paged(found, asked)


class Hooks:
    """What comes in at /hooks: checked, and never believed. One word about a source is written at a
    time; whoever says it again meanwhile is thanked, and nothing more is done.
    """

    def __init__(self) -> None:
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def hear(self, front: Front, token: str, sent: tuple[dict[str, str], bytes]) -> Heard:
        """What a webhook is. Answered in time, also where the store is slow to be written."""
        by = (front.vault, front.now())
        heard, source_id = await to_thread.run_sync(
            hooks.hear, front.store, by, token, sent, limiter=front.readers
        )
        if source_id is not None:
            task = self._writing.get(source_id) or self._write(front, source_id)
            await asyncio.wait([task], timeout=WRITTEN_WITHIN)
        return heard

    def _write(self, front: Front, source_id: str) -> asyncio.Task[None]:
        async def write() -> None:
            try:
                await to_thread.run_sync(
                    hooks.take, front.store, source_id, front.now(), limiter=front.writers
                )
            except StoreFailure as failure:  # it is asked in its time all the same
                _LOG.error("store.failed", during="hook", error=describe(failure))

        task = self._writing[source_id] = asyncio.create_task(write())
        task.add_done_callback(lambda _: self._writing.pop(source_id, None))
        return task


def add_hooks(app: FastAPI) -> None:
    """Serve /hooks."""
    heard_there = Hooks()

    @app.post("/hooks/{token}", include_in_schema=False)
    async def hook(token: str, request: Request) -> Response:
        body = await request.body()
        heard = Heard.FORGED
        if len(body) <= LONGEST_HOOK:
            headers = {name.lower(): value for name, value in request.headers.items()}
            heard = await heard_there.hear(request.app.state.front, token, (headers, body))
        status, code, message = _ANSWERS[heard]
        if heard is Heard.TAKEN:
            return JSONResponse({"accepted": True}, status_code=status)
        request_id = request.scope.get("state", {}).get("request_id", "")
        return JSONResponse(body_of(code, message, request_id), status_code=status)
