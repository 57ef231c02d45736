"""A request on its way: who sent it, what it works with, and how its answer is written."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from vacancy.access.login import Signed
from vacancy.console import guard, menu
from vacancy.console.desk import Asked, Caller, Desk, Given, Goes, Page
from vacancy.console.front import Front
from vacancy.console.language import Language
from vacancy.console.menu import Badges, Item
from vacancy.console.render import form_field, render
from vacancy.store.served import StoreFailure

#: In bytes: what is smaller fits into a packet or two as it is.
_WORTH_ZIPPING = 1400


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page: the house, and the entries of the menu."""

    front: Front
    items: Sequence[Item] = field(default_factory=tuple[Item, ...])


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request; `signed` once it is known who sent it."""

    shell: Shell
    request: Request
    asked: Asked
    say: Language
    signed: Signed | None = None

    @property
    def front(self) -> Front:
        return self.shell.front

    @property
    def caller(self) -> Caller:
        return Caller(self.front, self.asked, self.say, self.signed)

    def work(self, endpoint: Callable[..., Given], before: Any, *, reading: bool) -> Given:
        """Run a page in one transaction, in this thread."""
        opened = self.front.store.read() if reading else self.front.store.write()
        with opened as session:
            desk = Desk(self.front, self.asked, self.say, self.signed, session, before)
            return endpoint(desk)

    async def respond(self, given: Given) -> Response:
        """The answer, with the headers of every answer."""
        response = await self._written(given)
        response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie, X-Fragment"
        return guard.protect(response)

    async def _written(self, given: Given) -> Response:
        settings, token = self.front.settings(), self.asked.token
        if isinstance(given, Page):
            told = await to_thread.run_sync(partial(self._page, given), limiter=self.front.readers)
            if guard.has_note(self.request, settings) and not self.asked.fragments:
                guard.set_note(told, None, token, settings)
            return told
        if not isinstance(given, Goes):
            more = {"media_type": given.media_type, "headers": dict(given.headers)}
            return Response(given.body, given.status, **more)
        response = Response(status_code=303, headers={"Location": given.to})
        if given.token is not None:
            guard.set_token(response, given.token, settings)
        if given.note is not None:
            token = token if given.token is None else given.token
            guard.set_note(response, given.note, token, settings)
        return response

    def _page(self, page: Page) -> Response:
        html = render(page.template, self.say, self._shown(page)).encode()
        accepted = self.request.headers.get("accept-encoding", "")
        if len(html) < _WORTH_ZIPPING or "gzip" not in accepted:
            return HTMLResponse(html, page.status)
        zipped = gzip.compress(html, 5, mtime=0)
        return HTMLResponse(zipped, page.status, {"Content-Encoding": "gzip"})

    def _shown(self, page: Page) -> dict[str, Any]:
        signed, asked = self.signed, self.asked
        settings = self.front.settings()
        return {
            "layout": "fragments.html" if asked.fragments else "base.html",
            "fragments": asked.fragments,
            "who": signed,
            "theme": signed.preferences.get("theme", "") if signed else "",
            "may": self.caller.may,
            "menu": menu.seen_by(self.shell.items, signed.actor) if signed else [],
            "badges": self._badges(),
            "asked": asked,
            "back": asked.here if self.request.method == "GET" else "/",
            "form": asked.form,
            "query": asked.query,
            "now": self.front.now(),
            "form_field": form_field(asked.token if signed else "", self.front.chance(32)),
            "note": page.note or guard.note_of(self.request, asked.token, settings),
            **page.shown,
        }

    def _badges(self) -> Badges:
        if self.signed is None:
            return Badges()
        try:
            with self.front.store.read() as session:
                return menu.badges(session, self.signed.actor)
        except StoreFailure:
            return Badges()  # its failure is what the page tells
