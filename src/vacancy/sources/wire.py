"""JSON over HTTP to one booking system: every way it can go wrong ends as SourceFailed.

The adapter says which path and which document; this file says how it is asked and what an answer
must be. Statuses mean the same for every system: one table. Keys stand in `Secret` until they are
sent, and no error holds one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn, Protocol
from urllib.parse import quote, urlencode

from vacancy.net.client import Called, FetchFailed
from vacancy.secret import Secret
from vacancy.sources.port import SourceFailed

#: A JSON value as decoded; numbers with a point are Decimal, so that money stays what it is.
Json = Any
Headers = Mapping[str, Secret]

_READS = frozenset({"GET", "HEAD"})
_LONGEST_WORDS = 160
#: Of a header's parts, those so long are kept out of what is shown; `Bearer` is a word.
_SECRET_FROM = 8
#: Of a reset written as a number: beyond this it is an instant, below it a span of seconds.
_INSTANT_FROM = 1_000_000_000

_UNKNOWN = ("http_{status}", "answered with {status} and no reason that is known")
#: What a status says, whoever says it: the reason and the sentence's end. `{status}` is filled in.
_STATUSES: Mapping[int, tuple[str, str]] = {
    400: ("http_400", "does not understand what it was asked"),
    401: ("unauthorized", "does not accept the key: connect it again"),
    402: ("forbidden", "does not allow this in the plan that is paid for"),
    403: ("forbidden", "does not allow this with the key that it was given"),
    404: ("not_found", "has nothing there, or shows it to others only"),
    410: ("not_found", "has nothing there any more"),
    429: ("rate_limited", "wants to be asked less often"),
}
#: What a write may be told besides, and then means that the system does not accept it.
_REFUSALS = frozenset({400, 405, 409, 412, 422})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `query` leaves out what is None; a body is a `document` or a `form`.

    `once` is the idempotency key, for systems that know such a thing.
    """

    method: str
    path: str
    query: Mapping[str, str | int | None] = field(default_factory=dict[str, str | int | None])
    document: Json = None
    form: Mapping[str, str] | None = None
    once: str | None = None


class Caller(Protocol):
    """What `net.client.Client.call` is."""

    async def call(
        self, method: str, url: Secret, headers: dict[str, str], body: bytes | None = None
    ) -> Called: ...


class Authority(Protocol):
    """What says who we are. Raises SourceFailed, and nothing else."""

    async def headers(self) -> Headers:
        """What is sent along with the next request."""
        ...

    async def renew(self, refused: Headers, /) -> bool:
        """These headers were answered 401: whether one more try with others is worth it."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is sent as it is, and never renewed."""

    key: Secret
    header: str = "Authorization"
    scheme: str = "Bearer"

    async def headers(self) -> Headers:
        return {self.header: Secret(f"{self.scheme} {self.key.reveal()}".strip())}

    async def renew(self, _: Headers, /) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Nobody:
    """For what is asked without a key."""

    async def headers(self) -> Headers:
        return {}

    async def renew(self, _: Headers, /) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Wire:
    """How one account at one system is asked. `base` has no slash at its end; `name` is for people.

    A request answered 401 is tried once more where `authority` has been renewed.
    """

    client: Caller
    base: str
    authority: Authority
    name: str

    async def get(self, path: str, **query: str | int | None) -> Json:
        return await self.ask(Ask("GET", path, query))

    async def send(self, method: str, path: str, document: Json, once: str | None = None) -> Json:
        return await self.ask(Ask(method, path, document=document, once=once))

    async def ask(self, ask: Ask) -> Json:
        """The document answered; None where a good answer has no body. Raises SourceFailed."""
        headers = await self.authority.headers()
        called = await self._call(ask, headers)
        if called.status == 401 and await self.authority.renew(headers):
            headers = await self.authority.headers()
            called = await self._call(ask, headers)
        if not 200 <= called.status < 300:
            raise self._refused(ask, called, headers)
        return self._decoded(ask, called)

    async def _call(self, ask: Ask, headers: Headers) -> Called:
        sent = {"Accept": "application/json", **self._revealed(headers)}
        body = None
        if ask.form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(ask.form).encode()
        elif ask.document is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(ask.document).encode()
        if ask.once is not None:
            sent["Idempotency-Key"] = ask.once
        try:
            return await self.client.call(ask.method, self._address(ask), sent, body)
        except FetchFailed as trouble:
            failed = SourceFailed(trouble.reason, trouble.text, trouble.retry_after)
        raise failed

    def _address(self, ask: Ask) -> Secret:
        query = urlencode({name: told for name, told in ask.query.items() if told is not None})
        return Secret(f"{self.base}{ask.path}" + (f"?{query}" if query else ""))

    def _revealed(self, headers: Headers) -> dict[str, str]:
        plain = {name: value.reveal() for name, value in headers.items()}
        if not all(value.isascii() and value.isprintable() for value in plain.values()):
            raise SourceFailed(
                "unauthorized",
                f"The key for {self.name} holds letters that no key has: copy it anew.",
            )
        return plain

    def _refused(self, ask: Ask, called: Called, headers: Headers) -> SourceFailed:
        status = called.status
        if 300 <= status < 400:
            reason, why = "bad_redirect", "sends elsewhere, where no key is taken: see its address"
        elif status >= 500:
            reason, why = f"http_{status}", "has trouble of its own at present"
        elif ask.method not in _READS and status in _REFUSALS:
            reason, why = "refused", "does not accept what it was told"
        else:
            reason, why = _STATUSES.get(status, _UNKNOWN)
        words = _words(called.body, headers)
        said = f", in its words: {words}" if words else ""
        text = f"{self.name} {why.format(status=status)} ({status}){said}."
        return SourceFailed(reason.format(status=status), text, _left_alone(called))

    def _decoded(self, ask: Ask, called: Called) -> Json:
        if not called.body.strip() and (ask.method not in _READS or called.status == 204):
            return None
        try:
            return json.loads(called.body, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError):
            pass
        raise SourceFailed("bad_json", f"{self.name} sent an answer that breaks off or is no JSON.")

    def unexpected(self, what: str) -> SourceFailed:
        """The failure of an answer that is not shaped as documented; `what` says where."""
        return unexpected(what, self.name)


def unexpected(what: str, name: str = "The booking system") -> SourceFailed:
    """The failure of an answer that is not shaped as documented; `what` says where."""
    return SourceFailed("unexpected", f"{name} answered otherwise than its document says: {what}.")


def path_of(template: str, *ids: str) -> str:
    """A path with ids in the places of its `{}`, each escaped."""
    return template.format(*(quote(one, safe="") for one in ids))


def an_object(found: Json, what: str) -> dict[str, Any]:
    """The JSON object that this must be. Raises SourceFailed(`unexpected`)."""
    if not isinstance(found, dict):
        raise unexpected(f"{what} is no object")
    return found


def within(found: Json, *names: str) -> dict[str, Any]:
    """The object itself, or the one that it holds under the first of these names that it has."""
    outer = an_object(found, "the answer")
    return next((outer[name] for name in names if isinstance(outer.get(name), dict)), outer)


def _words(body: bytes, headers: Headers) -> str:
    """What the system says of an error, where that is a short text without the key in it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for name in ("error", "message", "detail", "error_description", "title"):
        if isinstance(said, dict) and name in said:
            said = said[name]
    if isinstance(said, dict):
        said = said.get("message") or said.get("code")
    if not isinstance(said, str):
        return ""
    words = " ".join(said.split()).rstrip(".")
    parts = [part for value in headers.values() for part in value.reveal().split()]
    secret = any(len(part) >= _SECRET_FROM and part in words for part in parts)
    return "" if secret or not words.isprintable() else words[:_LONGEST_WORDS]


def _left_alone(called: Called) -> timedelta | datetime | None:
    """How long it wants to be left alone: Retry-After, else when its limit begins anew."""
    reset = called.head.get("x-ratelimit-reset", "")
    if called.retry_after is not None or called.status != 429:
        return called.retry_after
    if not (reset.isascii() and reset.isdigit() and len(reset) <= 10):
        return None
    seconds = int(reset)
    if seconds < _INSTANT_FROM:
        return timedelta(seconds=min(seconds, 86_400))
    return datetime.fromtimestamp(seconds, UTC)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
