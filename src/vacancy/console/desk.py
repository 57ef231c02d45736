"""What a page works with, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from vacancy.access.login import Signed
from vacancy.console.front import Front
from vacancy.console.language import Language
from vacancy.console.said import Said
from vacancy.domain.scopes import Actor, Role, Scope
from vacancy.services.at import At
from vacancy.store.session import Session

Kind = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence above a page: what was done, what is in doubt, or what was refused."""

    text: str
    kind: Kind = "good"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as a page looks at it.

    `here` is its path with its query, `address` the network address that it came from, `agent` what
    the browser calls itself. `fragments` names the elements that a script wants anew (none: a whole
    page). `form` is what was posted: on a page that is shown again because of a refusal, too.
    """

    path: str
    here: str
    query: Said = field(default_factory=Said)
    form: Said = field(default_factory=Said)
    fragments: frozenset[str] = frozenset()
    address: str = ""
    agent: str = ""
    request_id: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for what, of which house; `say` is how they are spoken to.

    On a page for anybody `signed` may be None; then there is no `actor`.
    """

    front: Front
    asked: Asked
    say: Language
    signed: Signed | None

    @property
    def now(self) -> datetime:
        return self.front.now()

    @property
    def query(self) -> Said:
        return self.asked.query

    @property
    def form(self) -> Said:
        return self.asked.form

    @property
    def me(self) -> Signed:
        if self.signed is None:
            raise RuntimeError("nobody is signed in: only a page that is not public may ask who")
        return self.signed

    @property
    def actor(self) -> Actor:
        return self.me.actor

    @property
    def account_id(self) -> str:
        return self.actor.account_id

    @property
    def role(self) -> Role:
        return self.actor.role

    @property
    def at(self) -> At:
        """This instant, for a service that writes: by who is signed in, if anybody is."""
        if self.signed is None:
            return At(self.front.now(), self.front.chance, self.front.publish)
        return self.front.at(self.actor)

    def may(self, scope: Scope) -> bool:
        return self.signed is not None and self.actor.may(scope)


@dataclass(frozen=True, slots=True)
class Desk(Caller):
    """What a page works with: the one transaction of its request, who asks, and what the page's own
    `before` gave.
    """

    session: Session
    before: Any = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page: a template and what it shows. `status` is another where something is refused."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict[str, Any])
    status: int = 200
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Goes:
    """Go and look at another page (303), which shows `note` once.

    `token`: the browser's from now on; empty: it has none any more.
    """

    to: str
    note: Note | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that is no page: a file to keep, an image."""

    body: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Given = Page | Goes | Sent
