"""The host's consent by OAuth 2.1: a code with PKCE once, then tokens that are renewed.

To connect: `Consent.register` once, `begin` gives the address that the host opens, `finish` makes a
grant of where the browser was sent back to, be it caught on loopback or pasted. From then on a
`Bearer` speaks for the host on the wire. The words of OAuth are Authlib's, the sending is ours.

A refresh token is good once: who uses it twice may lose the grant (OAuth 2.1, 4.3.1). So one
renewal runs at a time, it is not broken off with the request that wanted it, and what it brought is
kept before it is used. A process killed before the answer came has lost the grant if the system
had renewed it already; nothing at this end can mend that but connecting again.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from vacancy.ids import Chance
from vacancy.secret import Secret
from vacancy.sources.port import SourceFailed
from vacancy.sources.wire import Ask, Headers, Json, Wire, an_object

_AGAIN = "run `vacancy sources connect` again"
#: How a token endpoint says no to what it was shown, as the wire names it.
_NO = frozenset({"refused", "unauthorized", "forbidden"})


class Keeping(Protocol):
    """Where the credentials of one source are kept, sealed, for all processes to see."""

    async def latest(self) -> Mapping[str, str]:
        """Those that are kept now."""
        ...

    async def keep(self, credentials: Mapping[str, str]) -> None:
        """Put these in their place; returns when they would outlive this process."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What the host consented to, and for which client; the secrets in it are never shown."""

    client_id: str
    access: Secret
    scopes: frozenset[str]
    client_secret: Secret | None = None
    refresh: Secret | None = None

    def credentials(self) -> dict[str, str]:
        """As it is kept: texts by name, to be sealed."""
        told = {
            "client_id": self.client_id,
            "client_secret": _plain(self.client_secret),
            "access_token": self.access.reveal(),
            "refresh_token": _plain(self.refresh),
            "scope": " ".join(sorted(self.scopes)),
        }
        return {name: text for name, text in told.items() if text}


def granted(credentials: Mapping[str, str]) -> Grant:
    """The grant that was kept. Raises SourceFailed(`unauthorized`) where there is none yet."""
    if not credentials.get("client_id") or not credentials.get("access_token"):
        raise SourceFailed("unauthorized", f"This source is not connected yet: {_AGAIN}.")
    return Grant(
        client_id=credentials["client_id"],
        access=Secret(credentials["access_token"]),
        scopes=frozenset(credentials.get("scope", "").split()),
        client_secret=_secret(credentials.get("client_secret")),
        refresh=_secret(credentials.get("refresh_token")),
    )


@dataclass(frozen=True, slots=True)
class Client:
    """What the system knows us as; without a secret, PKCE alone stands for it."""

    client_id: str
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """What is kept while the host is asked: who asks, where the answer goes, and what proves it."""

    client: Client
    redirect: str
    scopes: frozenset[str]
    state: Secret
    verifier: Secret


@dataclass(frozen=True, slots=True)
class Consent:
    """How a system is asked for consent. `wire` carries no key; the paths are below its base.

    `spelling`: what the system calls the fields of a registration (RFC 7591), where otherwise.
    """

    wire: Wire
    register_at: str
    authorize_at: str
    token_at: str
    spelling: Mapping[str, str] = field(default_factory=dict[str, str])

    async def register(self, name: str, redirect: str, scopes: Iterable[str]) -> Client:
        """Make us known, as a program that keeps no secret of its own. Raises SourceFailed."""
        wish: dict[str, Json] = {
            "client_name": name,
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": " ".join(scopes),
        }
        spelt = {self.spelling.get(word, word): value for word, value in wish.items()}
        told = an_object(await self.wire.send("POST", self.register_at, spelt), "a registration")
        client_id, secret = told.get("client_id"), told.get("client_secret")
        if not isinstance(client_id, str) or not client_id:
            raise self.wire.unexpected("a registration without client_id")
        return Client(client_id, _secret(secret))

    def begin(
        self, client: Client, redirect: str, scopes: Iterable[str], chance: Chance
    ) -> tuple[str, Begun]:
        """The address that the host opens in a browser, and what to keep until the answer."""
        wanted = tuple(scopes)
        state, verifier = _drawn(chance), _drawn(chance)
        address = prepare_grant_uri(
            f"{self.wire.base}{self.authorize_at}",
            client_id=client.client_id,
            response_type="code",
            redirect_uri=redirect,
            scope=" ".join(wanted),
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return address, Begun(client, redirect, frozenset(wanted), Secret(state), Secret(verifier))

    async def finish(self, returned: str, begun: Begun) -> Grant:
        """The grant, for the code that came back.

        `returned` is the address that the browser was sent back to, whole, or what followed its
        question mark. Raises SourceFailed(`unauthorized`) where it is not the answer to what was
        begun, or the host said no.
        """
        form = {
            "grant_type": "authorization_code",
            "code": _code(returned, begun, self.wire.name),
            "redirect_uri": begun.redirect,
            "client_id": begun.client.client_id,
            "client_secret": _plain(begun.client.secret),
            "code_verifier": begun.verifier.reveal(),
        }
        why = f"{self.wire.name} does not accept the code, which is good once and for minutes only"
        told = await self._told(form, f"{why}: {_AGAIN}.")
        asked_for = Grant(
            begun.client.client_id, Secret(""), begun.scopes, client_secret=begun.client.secret
        )
        return self._read(told, asked_for)

    async def refresh(self, grant: Grant) -> Grant:
        """The grant that takes the place of this one. Raises SourceFailed, `unauthorized` where
        only the host can help."""
        why = f"{self.wire.name} no longer accepts the consent that you gave: {_AGAIN}."
        if grant.refresh is None:
            raise SourceFailed("unauthorized", why)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": grant.refresh.reveal(),
            "client_id": grant.client_id,
            "client_secret": _plain(grant.client_secret),
        }
        return self._read(await self._told(form, why), grant)

    async def _told(self, form: Mapping[str, str], why: str) -> Json:
        filled = {name: text for name, text in form.items() if text}
        try:
            return await self.wire.ask(Ask("POST", self.token_at, form=filled))
        except SourceFailed as failed:
            if failed.reason not in _NO:
                raise
        # Not in the system's own words: it may have put into them what it was shown.
        raise SourceFailed("unauthorized", why)

    def _read(self, told: Json, before: Grant) -> Grant:
        answer = an_object(told, "a token")
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        kind, scope = answer.get("token_type", "Bearer"), answer.get("scope")
        if not isinstance(access, str) or not access or str(kind).lower() != "bearer":
            raise self.wire.unexpected("no bearer token where one was promised")
        return replace(
            before,
            access=Secret(access),
            refresh=_secret(refresh) or before.refresh,
            scopes=frozenset(scope.split()) if isinstance(scope, str) else before.scopes,
        )


class Bearer:
    """Speaks for the host on the wire, with a token that it renews when it is refused.

    One for each source and process: two that knew nothing of each other would use a refresh token
    twice. Belongs to one event loop. What `keeping` raises goes through as it is.
    """

    def __init__(self, consent: Consent, grant: Grant, keeping: Keeping) -> None:
        self._consent = consent
        self._keeping = keeping
        self._grant = grant
        self._unkept: Grant | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return self._grant.scopes

    async def headers(self) -> Headers:
        return {"Authorization": Secret(f"Bearer {self._grant.access.reveal()}")}

    async def renew(self, refused: Headers) -> bool:
        """Have another token than the refused one. Raises SourceFailed."""
        if refused != await self.headers():
            return True
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())
            self._renewing.add_done_callback(_heard)
        await asyncio.shield(self._renewing)
        return True

    async def _renew(self) -> None:
        kept = granted(await self._keeping.latest())
        if kept.access != self._grant.access:
            # Another process was quicker, or the host connected anew.
            self._grant, self._unkept = kept, None
            return
        if self._unkept is None:
            self._unkept = await self._consent.refresh(self._grant)
        # What could not be kept is tried again: the token that brought it is spent.
        await self._keeping.keep(self._unkept.credentials())
        self._grant, self._unkept = self._unkept, None


def _code(returned: str, begun: Begun, name: str) -> str:
    """The code that came back, if it came back to us."""
    told = dict(parse_qsl(returned.strip().rpartition("?")[2].partition("#")[0]))
    state = told.get("state", "").encode(errors="replace")
    if not hmac.compare_digest(state, begun.state.reveal().encode()):
        raise SourceFailed(
            "unauthorized", f"This is not the answer to what {name} was asked just now: {_AGAIN}."
        )
    if "error" in told:
        raise SourceFailed("unauthorized", f"{name} was not given your consent: {_AGAIN}.")
    if not told.get("code"):
        raise SourceFailed("unauthorized", f"{name} gave no code: {_AGAIN}.")
    return told["code"]


def _drawn(chance: Chance) -> str:
    """256 random bits as 43 letters: what PKCE asks of a verifier at least."""
    return base64.urlsafe_b64encode(chance(32)).rstrip(b"=").decode()


def _heard(task: asyncio.Task[None]) -> None:
    """Nobody may be left to hear how a renewal ended; the next one starts it anew."""
    if not task.cancelled():
        task.exception()


def _secret(text: object) -> Secret | None:
    return Secret(text) if isinstance(text, str) and text else None


def _plain(secret: Secret | None) -> str:
    return "" if secret is None else secret.reveal()
