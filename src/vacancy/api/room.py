"""How a route is made: its scope, its transaction, its ETag, its replay. A route says what it does.

Endpoints are plain functions that take a `desk` and what FastAPI reads for them, and return a
document. They run in one worker thread with their transaction; what they return is told as the
declared shape. Reads of one thing carry an ETag; PATCH and DELETE obey If-Match; a POST with an
Idempotency-Key is answered again from the store.
"""

from __future__ import annotations

import builtins
import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from anyio import to_thread
from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from vacancy.api.deps import Caller, Desk, Needs
from vacancy.api.errors import Turned
from vacancy.api.shapes.problem import PROBLEMS
from vacancy.api.shapes.values import Asked as QueryModel
from vacancy.api.shapes.values import Wish
from vacancy.domain.scopes import Scope
from vacancy.failpoints import reach
from vacancy.store import idempotency
from vacancy.store.idempotency import Asked, Stored

Endpoint = Callable[..., Any]
#: What sealed answers are bound to in the vault.
_SEALED_AS = "idempotency.answer"
_JSON = "application/json"
#: What each endpoint's documents are told as.
_SHAPES: dict[Endpoint, TypeAdapter[Any]] = {}

_IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=1000)]
_IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1000)]
_IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Sent again with the same body within 24 hours, nothing is done twice.",
    ),
]


@dataclass(frozen=True, slots=True)
class Way:
    """How one operation is served. `current` gives the thing that If-Match is about.

    `before` is awaited ahead of the transaction, with the caller; what it gives is the endpoint's
    `before`. `also` are scopes that are needed beside the first. `told`: its documents are JSON
    values of just this shape, and are written without being looked at again; tests hold them to it.
    """

    method: str
    path: str
    scope: Scope | None
    shape: Any = None
    status: int = 200
    current: Endpoint | None = None
    before: Endpoint | None = None
    also: tuple[Scope, ...] = ()
    one: bool = False
    told: bool = False


class Room:
    """The routes of one noun."""

    def __init__(self, noun: str) -> None:
        self.router = APIRouter(tags=[noun])
        #: What it serves.
        self.ways: builtins.list[Way] = []

    def list(
        self, path: str, scope: Scope | None, shape: Any, *, told: bool = False
    ) -> Callable[[Endpoint], Endpoint]:
        """GET that gives many, or something that has no ETag; `told` as in `Way`."""
        return partial(self._add, Way("GET", path, scope, shape, told=told))

    def one(self, path: str, scope: Scope | None, shape: Any) -> Callable[[Endpoint], Endpoint]:
        """GET of one thing, with its ETag."""
        return partial(self._add, Way("GET", path, scope, shape, one=True))

    def post(
        self, path: str, scope: Scope, shape: Any, **more: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """POST; `more` are `status` (201 unless said), `before` and `also` of `Way`."""
        return partial(self._add, Way("POST", path, scope, shape, **{"status": 201, **more}))

    def patch(
        self, path: str, scope: Scope, shape: Any, *, current: Endpoint, **more: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """PATCH of what `current` reads; `more` is `also` of `Way`."""
        way = Way("PATCH", path, scope, shape, current=current, one=True, **more)
        return partial(self._add, way)

    def delete(
        self, path: str, scope: Scope, shape: Any = None, *, current: Endpoint
    ) -> Callable[[Endpoint], Endpoint]:
        """DELETE of what `current` reads; answers with the thing only where it has a `shape`."""
        status = 204 if shape is None else 200
        return partial(self._add, Way("DELETE", path, scope, shape, status, current=current))

    def _add(self, way: Way, endpoint: Endpoint) -> Endpoint:
        adapter = None if way.shape is None else TypeAdapter(way.shape)
        if adapter is not None:
            _SHAPES[endpoint] = adapter
        self.ways.append(way)
        served = _Served(way, endpoint, adapter)
        self.router.add_api_route(
            way.path,
            served.route(),
            methods=[way.method],
            status_code=way.status,
            response_model=way.shape,
            operation_id=endpoint.__name__,
            summary=(endpoint.__doc__ or "").strip().splitlines()[0].rstrip("."),
            description=_description(way, endpoint),
            responses=PROBLEMS,
            openapi_extra={
                "x-scope": None if way.scope is None else way.scope.value,
                "x-also-scopes": [scope.value for scope in way.also],
            },
        )
        return endpoint


def _description(way: Way, endpoint: Endpoint) -> str:
    text = inspect.getdoc(endpoint) or ""
    if way.scope is None:
        return f"{text}\n\nAny key may ask."
    scopes = " and ".join(f"`{scope.value}`" for scope in (way.scope, *way.also))
    return f"{text}\n\nScope: {scopes}."


class _Served:
    """One operation at work."""

    def __init__(self, way: Way, endpoint: Endpoint, adapter: TypeAdapter[Any] | None) -> None:
        self._way = way
        self._endpoint = endpoint
        self._adapter = adapter

    def route(self) -> Callable[..., Any]:
        """The function that FastAPI is given: what it reads stands in its signature."""

        async def route(caller: Caller, condition: str | None = None, **said: Any) -> Response:
            if self._way.before is not None:
                said["before"] = None if caller.done else await self._way.before(caller, **said)
            work = partial(self._answer, caller, condition, said)
            front = caller.front
            limiter = front.readers if self._way.method == "GET" else front.writers
            return await to_thread.run_sync(work, limiter=limiter)

        update_wrapper(route, self._endpoint)
        route.__signature__ = self._signature()  # type: ignore[attr-defined]
        return route

    def _signature(self) -> inspect.Signature:
        hints = get_type_hints(self._endpoint, include_extras=True)
        kept = [
            parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in inspect.signature(self._endpoint).parameters.items()
            if name not in ("desk", "before")
        ]
        bodyless = not any(_is_model(hint, Wish) for hint in hints.values())
        way = self._way
        needs = Needs(way.scope, _queries(hints), bodyless=bodyless, also=way.also)
        more: dict[str, Any] = {"caller": Annotated[Caller, Depends(needs)]}
        conditions = {"PATCH": _IfMatch, "DELETE": _IfMatch, "POST": _IdempotencyKey}
        asked = _IfNoneMatch if self._way.one else None
        if header := conditions.get(self._way.method, asked):
            more["condition"] = header
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=annotation,
                default=None if name == "condition" else inspect.Parameter.empty,
            )
            for name, annotation in more.items()
        ]
        return inspect.Signature([*kept, *added])

    def _answer(self, caller: Caller, condition: str | None, said: dict[str, Any]) -> Response:
        if self._way.method == "GET":
            with caller.front.store.read() as session:
                desk = Desk(session, caller.front, caller.actor)
                return self._told(self._endpoint(desk=desk, **said), condition)
        if caller.asked is not None:
            return self._once(caller, caller.asked, said)
        with caller.front.store.write() as session:
            desk = Desk(session, caller.front, caller.actor)
            self._match(desk, condition, said)
            return self._told(self._endpoint(desk=desk, **said))

    def _once(self, caller: Caller, asked: Asked, said: dict[str, Any]) -> Response:
        """Do a POST once, however often it is asked for."""
        front = caller.front
        if not front.running.begin(asked.scope):
            raise Turned(
                "idempotency_in_progress",
                "the same request is being worked on: try again",
                {"Retry-After": "1"},
            )
        try:
            with front.store.write() as session:
                now = front.now()
                stored = idempotency.find(session, asked.scope, now)
                if stored is not None:
                    return _replayed(caller, asked, stored)
                if caller.done:
                    raise Turned("changed_meanwhile", "the answer was just forgotten: try again")
                desk = Desk(session, front, caller.actor)
                answer = self._told(self._endpoint(desk=desk, **said))
                idempotency.keep(session, asked, _sealed(caller, asked, answer), now)
                reach("before_effect_commit")
            reach("after_effect_commit")
            return answer
        finally:
            front.running.end(asked.scope)

    def _match(self, desk: Desk, wanted: str | None, said: Mapping[str, Any]) -> None:
        """Raises `precondition_failed` where the thing is no longer what the caller read."""
        if wanted is None or self._way.current is None:
            return
        names = inspect.signature(self._way.current).parameters
        asked = {name: value for name, value in said.items() if name in names}
        content = _content(_SHAPES[self._way.current], self._way.current(desk=desk, **asked))
        if wanted.strip() != "*" and _tag(content) not in _tags(wanted):
            raise Turned("precondition_failed", "it was changed since you read it: read it again")

    def _told(self, document: Any, had: str | None = None) -> Response:
        if self._adapter is None:
            return Response(status_code=self._way.status)
        content = to_json(document) if self._way.told else _content(self._adapter, document)
        headers = {"Cache-Control": "private, no-cache"}
        if self._way.method != "GET":
            headers["Cache-Control"] = "no-store"
        if self._way.one:
            headers["ETag"] = _tag(content)
            if had is not None and _tag(content) in _tags(had):
                return Response(status_code=304, headers=headers)
        return Response(content, self._way.status, headers, _JSON)


def _queries(hints: Mapping[str, Any]) -> frozenset[str]:
    """The names of the query parameters that an endpoint with these hints takes."""
    models = [get_args(hint)[0] for hint in hints.values() if get_origin(hint) is Annotated]
    return frozenset(
        info.alias or name
        for model in models
        if _is_model(model, QueryModel)
        for name, info in model.model_fields.items()
    )


def _is_model(hint: Any, model: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, model)


def _content(adapter: TypeAdapter[Any], document: Any) -> bytes:
    return adapter.dump_json(adapter.validate_python(document), by_alias=True)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _tags(header: str) -> list[str]:
    return [one.strip().removeprefix("W/") for one in header.split(",")]


def _sealed(caller: Caller, asked: Asked, answer: Response) -> Stored:
    body = bytes(answer.body).decode()
    sealed = caller.front.vault.seal(body, _SEALED_AS)
    return Stored(asked.body_hash, answer.status_code, sealed, {})


def _replayed(caller: Caller, asked: Asked, stored: Stored) -> Response:
    if stored.body_hash != asked.body_hash:
        raise Turned(
            "idempotency_key_reused",
            "this Idempotency-Key came with another body before: use a new key",
        )
    body = caller.front.vault.open(stored.answer, _SEALED_AS)
    headers = {"X-Idempotent-Replayed": "true", "Cache-Control": "no-store"}
    return Response(body, stored.status, headers, _JSON)
