"""The door of the API, ahead of its framework: request ids, the bounds of a body, lasting headers.

A body is received here, whole, within a size and a time: nobody holds a worker by sending slowly.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

from vacancy.api.errors import body_of
from vacancy.ids import Chance

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG = structlog.get_logger(__name__)
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,100}")
#: Headers of every answer, unless it says something else for itself.
_LASTING = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a body may be, in bytes, and how long it may take to come, in seconds."""

    size: int = 1024 * 1024
    time: float = 15.0


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Door:
    """Wraps the application; whatever it raises ends here, told only to the log."""

    def __init__(self, app: App, chance: Chance, bounds: Bounds) -> None:
        self._app = app
        self._chance = chance
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = self._request_id(headers.get(b"x-request-id", b""))
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        answer = _Answer(send, state)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                body = await self._body(headers, receive)
                await self._app(scope, _replay(body, receive), answer)
            except _Refused as refused:
                await _tell(answer, refused.status, body_of(refused.code, str(refused), request_id))
            except Exception:
                _LOG.debug("request.raised")  # its handler told the log already

    def _request_id(self, given: bytes) -> str:
        if _GIVEN_ID.fullmatch(given):
            return given.decode()
        return f"req_{self._chance(12).hex()}"

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or int(told[:20]) > self._bounds.size:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._bounds.time):
                return await self._received(receive)
        except TimeoutError:
            raise _Refused(
                408, "too_slow", f"the body did not come within {self._bounds.time:g} seconds"
            ) from None

    async def _received(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(400, "malformed", "the body was cut short")
            body += message.get("body", b"")
            if len(body) > self._bounds.size:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> _Refused:
        return _Refused(413, "too_large", f"a body has at most {self._bounds.size} bytes")


class _Answer:
    """Sends on what the application says, with the headers that every answer has."""

    def __init__(self, send: Send, state: dict[str, Any]) -> None:
        self._send = send
        self._state = state

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            more = {"X-Request-ID": self._state["request_id"], **self._state.get("headers", {})}
            spelt = [(name.lower().encode(), value.encode()) for name, value in more.items()]
            said = list(message.get("headers", ()))
            lasting = [one for one in _LASTING if one[0] not in dict(said)]
            message = {**message, "headers": [*said, *spelt, *lasting]}
        await self._send(message)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was received, then goes on with what comes after it."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


async def _tell(send: Send, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
