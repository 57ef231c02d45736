"""How a page is made: who may see it, its transaction, its form. A page says only what it shows.

A page is a plain function that takes a `desk` and what its path names, and gives a `Page`, `Goes`
or `Sent`. It runs in a worker thread with the one transaction of its request: a page that is
looked at can only read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from vacancy.console.desk import Given
from vacancy.console.menu import Item
from vacancy.domain.scopes import Scope

Endpoint = Callable[..., Given]
#: Awaited ahead of the transaction, with the `Caller` and what the path names; it gives the desk's
#: `before`.
Before = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Way:
    """How one page is served. `public`: to anybody; else to who is signed in and may do what
    `scope` says (None: to anybody who is).

    `form` is the page on which a POST's form stands: it is shown again, with what was typed, where
    the POST is refused.
    """

    method: str
    path: str
    endpoint: Endpoint
    scope: Scope | None = None
    public: bool = False
    before: Before | None = None
    form: Endpoint | None = None

    @property
    def name(self) -> str:
        """What requests to it are counted as."""
        return f"console {self.method} {self.path}"


class Room:
    """The pages of one theme, with their entries in the menu."""

    def __init__(self, *items: Item) -> None:
        self.items = list(items)
        self.ways: list[Way] = []

    def page(self, path: str, scope: Scope | None = None, **more: Any) -> Callable[..., Any]:
        """GET of a page; `more` are `public` and `before` of `Way`."""
        return partial(self._add, "GET", path, {"scope": scope, **more})

    def action(self, path: str, scope: Scope | None = None, **more: Any) -> Callable[..., Any]:
        """POST of a form; `more` are `public`, `before` and `form` of `Way`."""
        return partial(self._add, "POST", path, {"scope": scope, **more})

    def _add(self, method: str, path: str, more: dict[str, Any], endpoint: Endpoint) -> Endpoint:
        self.ways.append(Way(method, path, endpoint, **more))
        return endpoint
