"""One page, served: does a page of ours ask, who does, may they; then the page does its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from vacancy.access import login
from vacancy.access.login import Signed
from vacancy.console import guard, trouble, words
from vacancy.console.desk import Asked, Given, Goes, Page, Sent
from vacancy.console.front import Front
from vacancy.console.language import Language, speak
from vacancy.console.room import Endpoint, Way
from vacancy.console.said import Said, read_said
from vacancy.console.visitor import Shell, Visitor
from vacancy.domain.errors import Refused, Unknown, VacancyError
from vacancy.store import sessions
from vacancy.store.served import StoreFailure
from vacancy.store.upkeep import collided, describe
from vacancy.vault import VaultError

_LOG = structlog.get_logger(__name__)
#: The header by which a script asks for elements of a page: their ids, with spaces between.
FRAGMENT = "x-fragment"
_LONGEST_NAME = 200
_FORM_TYPE = "application/x-www-form-urlencoded"


class Turned(Exception):
    """A request that ends at the door: what it is given instead of what it asked for."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.given = given


class Served:
    """What answers one way."""

    def __init__(self, shell: Shell, way: Way) -> None:
        self._shell = shell
        self._front = shell.front
        self._way = way

    async def __call__(self, request: Request) -> Response:
        visitor = stranger(self._shell, request)
        try:
            visitor = await self._received(visitor)
            given = await self._given(visitor)
        except Turned as turned:
            given = turned.given
        except VacancyError as error:
            given = trouble.refused(error, visitor.say)
        except (VaultError, *StoreFailure) as failure:
            given = _down(failure, visitor.say)
        except Exception as error:
            _LOG.error("request.failed", path=self._way.path, exc_info=error)
            given = trouble.fault(visitor.say)
        try:
            return await visitor.respond(given)
        except Exception as error:  # a template that cannot be filled
            _LOG.error("page.failed", path=self._way.path, exc_info=error)
            return await visitor.respond(trouble.fault(visitor.say))

    async def _received(self, visitor: Visitor) -> Visitor:
        """The request with who sent it and what they typed, once all of that is believed."""
        posted = self._way.method == "POST"
        if posted and not guard.is_ours(visitor.request, self._front.settings()):
            why = visitor.say._("This did not come from a page of Vacancy.")
            raise Turned(trouble.forbidden(why, visitor.say))
        visitor = await recognise(visitor)
        self._admit(visitor)
        query = read_said(visitor.request.url.query.encode())
        form = await _form(visitor) if posted else Said()
        for value in visitor.request.path_params.values():
            if len(str(value)) > _LONGEST_NAME or "\0" in str(value):
                raise Turned(trouble.missing(visitor.say))
        return replace(visitor, asked=replace(visitor.asked, query=query, form=form))

    def _admit(self, visitor: Visitor) -> None:
        way, say, signed = self._way, visitor.say, visitor.signed
        if signed is None and not way.public:
            raise Turned(_to_sign_in(visitor.asked, way))
        who = signed.actor.key_id if signed else f"address {visitor.asked.address}"
        kind = "reads" if way.method == "GET" else "writes"
        if not self._front.limits.count(who, kind, way.name).granted:
            wait = say._("Wait a minute, then try again.")
            raise Turned(trouble.told(429, say._("Too much at once"), wait))
        if signed is not None and way.scope is not None and not signed.actor.may(way.scope):
            why = say._("Your role may not do this. Ask an owner.")
            raise Turned(trouble.forbidden(why, say))

    async def _given(self, visitor: Visitor) -> Given:
        way, named = self._way, visitor.request.path_params
        reading = way.method == "GET"
        try:
            before = None if way.before is None else await way.before(visitor.caller, **named)
            work = partial(visitor.work, partial(way.endpoint, **named), before, reading=reading)
            return await _in_thread(work, self._front.readers if reading else self._front.writers)
        except (VacancyError, *StoreFailure) as failure:
            error = _refusal(failure)
            if way.form is None or isinstance(error, Unknown):
                raise error from None
            return await self._again(visitor, way.form, error)

    async def _again(self, visitor: Visitor, form: Endpoint, error: VacancyError) -> Given:
        """The page of the form that was refused, with what was typed and why."""
        page = partial(form, **visitor.request.path_params)
        given = await _in_thread(
            partial(visitor.work, page, None, reading=True), self._front.readers
        )
        if not isinstance(given, Page):
            return given
        note = words.refusal(error, visitor.say)
        return replace(given, status=words.status_of(error), note=note)


def stranger(shell: Shell, request: Request) -> Visitor:
    """A request of which it is not known yet who sent it."""
    settings = shell.front.settings()
    client = request.client.host if request.client else ""
    path, query = request.url.path, request.url.query
    asked = Asked(
        path=path,
        here=f"{path}?{query}" if query else path,
        fragments=frozenset(request.headers.get(FRAGMENT, "").split()[:100]),
        address=client,
        agent=request.headers.get("user-agent", ""),
        request_id=request.scope.get("state", {}).get("request_id", ""),
        token=guard.token_of(request, settings),
    )
    return Visitor(shell, request, asked, speak(request.headers.get("accept-language", "")))


async def recognise(visitor: Visitor) -> Visitor:
    """The visitor as who they are, spoken to as they chose."""
    known = partial(_known, visitor.front, visitor.asked.token)
    signed: Signed | None = await _in_thread(known, visitor.front.readers)
    accepted = visitor.request.headers.get("accept-language", "")
    wanted = signed.preferences.get("language") if signed else None
    wanted = wanted or visitor.request.query_params.get("lang")
    return replace(visitor, signed=signed, say=speak(accepted, wanted))


def _known(front: Front, token: str) -> Signed | None:
    if not token:
        return None
    now = front.now()
    with front.store.read() as session:
        signed = login.authenticate(session, token, now)
    if signed is not None and signed.stale:
        with front.store.write() as session:
            sessions.note_seen(session, signed.actor.key_id, now)
    return signed


async def _form(visitor: Visitor) -> Said:
    say = visitor.say
    kind = visitor.request.headers.get("content-type", "").partition(";")[0].strip()
    body = await visitor.request.body()
    if body and kind != _FORM_TYPE:
        raise Turned(trouble.told(415, say._("Not a form"), say._("Send a form of a page.")))
    form = read_said(body)
    given = form.secret(guard.FORM_FIELD)
    if visitor.signed is not None and not login.is_form_token(given, visitor.asked.token):
        why = say._("This page is too old. Load it again, then try once more.")
        raise Turned(trouble.forbidden(why, say))
    return form


def _to_sign_in(asked: Asked, way: Way) -> Given:
    if asked.fragments or way.path == "/live":
        return Sent(b"", "text/plain", status=401)
    here = asked.here if way.method == "GET" and asked.here != "/" else ""
    return Goes(f"/sign-in?next={quote(here, safe='')}" if here else "/sign-in")


def _refusal(failure: Exception) -> VacancyError:
    """What failed, if it is a refusal. Raises it, if it is none."""
    if isinstance(failure, VacancyError):
        return failure
    if collided(failure):
        return Refused("changed_meanwhile", "somebody else wrote the same just now: look again")
    raise failure


def _down(failure: Exception, say: Language) -> Given:
    if isinstance(failure, VaultError):
        _LOG.error("vault.failed", error=str(failure))
    else:
        _LOG.error("store.failed", during="page", error=describe(failure))
    return trouble.unavailable(say)


async def _in_thread(work: Callable[[], Any], limiter: CapacityLimiter) -> Any:
    return await to_thread.run_sync(work, limiter=limiter)
