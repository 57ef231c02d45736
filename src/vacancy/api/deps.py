"""Who asks, may they, and how often: from a bearer's key to a `Caller`, before a route begins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from vacancy.access.keys import authenticate, has_expired
from vacancy.api.errors import Turned
from vacancy.api.front import Front
from vacancy.api.limits import READS, WRITES
from vacancy.domain.scopes import Actor, Scope
from vacancy.services.at import At
from vacancy.store import idempotency, keys
from vacancy.store.idempotency import Asked
from vacancy.store.session import Session

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key: `vac_...`, as `vacancy keys create` prints it.",
)
_LONGEST_KEY = 255
_UNKNOWN = ("unauthorized", "send a key that is valid: Authorization: Bearer vac_...")
_EXPIRED = (
    "token_expired",
    "this key's time is over: use the one that it was rotated to, or make another",
)
_NOTHING = (b"", b"{}", b"null")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, of which house; `asked` where a POST came with an Idempotency-Key, `done` where
    that was answered before.
    """

    front: Front
    actor: Actor
    asked: Asked | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What a route works with: the one transaction of its request, and who asks."""

    session: Session
    front: Front
    actor: Actor

    @property
    def account_id(self) -> str:
        return self.actor.account_id

    @property
    def at(self) -> At:
        return self.front.at(self.actor)

    def quietly(self, silent: bool) -> At:
        """The same; `silent`: nobody is to be notified."""
        return self.front.at(self.actor, silent=silent)


class Needs:
    """The dependency of every route: a key that may do all of this, and is not asking too often.

    `queries` names the query parameters that the route takes; any other is refused. So is a body
    where the route takes none (`bodyless`).
    """

    def __init__(
        self,
        scope: Scope | None,
        queries: frozenset[str],
        *,
        bodyless: bool,
        also: Sequence[Scope] = (),
    ) -> None:
        self._scopes = [*([] if scope is None else [scope]), *also]
        self._queries = queries
        self._bodyless = bodyless

    async def __call__(
        self,
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Caller:
        front: Front = request.app.state.front
        actor = await to_thread.run_sync(
            _known, front, given.credentials if given else "", limiter=front.readers
        )
        asked = await _asked(request, actor)
        done = asked is not None and await to_thread.run_sync(
            _is_done, front, asked, limiter=front.readers
        )
        if not done:
            _count(request, front, actor)
        for scope in self._scopes:
            if not actor.may(scope):
                raise Turned("missing_scope", f"this key lacks the scope {scope.value}")
        for name in request.query_params:
            if name not in self._queries:
                raise _invalid(("query", name), "there is no such parameter")
        if self._bodyless and (await request.body()).strip() not in _NOTHING:
            raise _invalid(("body", ""), "this request takes no body")
        return Caller(front, actor, asked, done)


def _known(front: Front, key: str) -> Actor:
    now = front.now()
    with front.store.read() as session:
        found = authenticate(session, key, now)
        expired = found is None and has_expired(session, key, now)
    if found is None:
        code, message = _EXPIRED if expired else _UNKNOWN
        raise Turned(code, message, {"WWW-Authenticate": "Bearer"})
    actor, stale = found
    if stale:
        with front.store.write() as session:
            keys.note_use(session, actor.key_id, now)
    return actor


def _is_done(front: Front, asked: Asked) -> bool:
    with front.store.read() as session:
        return idempotency.find(session, asked.scope, front.now()) is not None


def _count(request: Request, front: Front, actor: Actor) -> None:
    kind = READS if request.method == "GET" else WRITES
    allowance = front.limits.count(actor.key_id, kind, request.scope["route"].operation_id)
    request.scope["state"]["headers"] = allowance.headers()
    if not allowance.granted:
        raise Turned(
            "rate_limited",
            f"at most {allowance.limit} of these {kind} a minute: wait and try again",
            {"Retry-After": str(allowance.wait)},
        )


async def _asked(request: Request, actor: Actor) -> Asked | None:
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not key or len(key) > _LONGEST_KEY:
        raise _invalid(("header", "Idempotency-Key"), f"1 to {_LONGEST_KEY} characters")
    place = (actor.account_id, actor.key_id, request.method, request.url.path, key)
    body = hashlib.sha256(await request.body()).hexdigest()
    scope = hashlib.sha256("\n".join(place).encode("utf-8", "replace")).hexdigest()
    return Asked(actor.account_id, scope, body)


def _invalid(place: tuple[str, str], message: str) -> RequestValidationError:
    problem: Mapping[str, Any] = {"type": "value_error", "loc": place, "msg": message}
    return RequestValidationError([problem])
