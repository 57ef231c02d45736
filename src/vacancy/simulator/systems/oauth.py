"""A host's consent as a booking system grants it: OAuth 2.1, code with PKCE, rotated refreshes.

The host who is asked says yes at once, or no where `consents` is False; no page is shown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import urlencode

from vacancy.clock import Clock
from vacancy.simulator.systems.serving import Asked, Document, Handler, Told

#: Makes the text of a secret that begins with the prefix.
Mint = Callable[[str], str]
#: Words an error in the system's own shape: status, stable code, message.
Refuse = Callable[[int, str, str], Told]

_CODE_LIVES = timedelta(minutes=10)


def numbered() -> Mint:
    """Secrets that are none: the same ones, in the same order, whenever a story is told."""
    numbers = count(1)
    return lambda prefix: f"{prefix}{next(numbers):012d}"


@dataclass(frozen=True, slots=True)
class Registered:
    """A program that may ask for consent; a public one has no secret."""

    client_id: str
    secret: str
    redirects: tuple[str, ...]
    scopes: frozenset[str]


@dataclass(slots=True)
class Grant:
    """What the host consented to: one access token and one refresh token live at a time."""

    client: Registered
    scopes: frozenset[str]
    refresh: str = ""
    access: str = ""
    expires: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    client: Registered
    redirect: str
    scopes: frozenset[str]
    challenge: str
    until: datetime


@dataclass(slots=True)
class Consent:
    """The authorization server of one system.

    `resource` is what its tokens are for. A refresh token that was already used ends its grant, as
    OAuth 2.1 asks of public clients. `replies` counts the tokens handed out.
    """

    resource: str
    scopes: tuple[str, ...]
    clock: Clock
    mint: Mint
    refuse: Refuse
    lives: timedelta = timedelta(hours=1)
    consents: bool = True
    grants: list[Grant] = field(default_factory=list[Grant])
    replies: int = 0
    _clients: dict[str, Registered] = field(default_factory=dict[str, Registered])
    _codes: dict[str, _Code] = field(default_factory=dict[str, _Code])
    _used: dict[str, Grant] = field(default_factory=dict[str, Grant])

    def routes(self, path: str, metadata: str) -> dict[str, Handler]:
        """Registration, authorization and tokens below `path`; `metadata` tells where they are."""
        return {
            f"POST {path}/register": self._register,
            f"GET {path}/authorize": self._authorize,
            f"POST {path}/token": self._token,
            f"GET {metadata}": lambda asked: Told(200, self._metadata(asked, path)),
        }

    def grant(self, client: Registered, scopes: frozenset[str]) -> Grant:
        """Consent as if it had been asked for and given."""
        made = Grant(client, scopes)
        self.grants.append(made)
        self._renew(made)
        return made

    def enrol(self, client: Registered) -> Registered:
        self._clients[client.client_id] = client
        return client

    def holder(self, access: str) -> Grant | None:
        """The grant of a token, also of one that has expired; None for what is no token."""
        return next((one for one in self.grants if access and _same(one.access, access)), None)

    def expire(self) -> None:
        """Every access token is over; refresh tokens are not."""
        for one in self.grants:
            one.expires = self.clock.now()

    def revoke(self) -> None:
        """The host takes every consent back."""
        for one in self.grants:
            one.revoked = True

    def _metadata(self, asked: Asked, path: str) -> Document:
        here = f"http://{asked.headers.get('host', '')}"
        return {
            "issuer": here,
            "authorization_endpoint": f"{here}{path}/authorize",
            "token_endpoint": f"{here}{path}/token",
            "registration_endpoint": f"{here}{path}/register",
            "scopes_supported": list(self.scopes),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        }

    def _register(self, asked: Asked) -> Told:
        told = asked.document
        redirects, scopes = told.get("redirectUris"), str(told.get("scope", "")).split()
        if not told.get("clientName") or not isinstance(redirects, list) or not redirects:
            return self.refuse(400, "invalid_client_metadata", "clientName or redirectUris missing")
        if not set(scopes) <= set(self.scopes):
            return self.refuse(422, "invalid_scope", "A scope is not known")
        public = told.get("tokenEndpointAuthMethod") == "none"
        client = self.enrol(
            Registered(
                client_id=self.mint("client_"),
                secret="" if public else self.mint("client_secret_"),
                redirects=tuple(str(one) for one in redirects),
                scopes=frozenset(scopes),
            )
        )
        answer = {
            "client_id": client.client_id,
            "client_secret": client.secret,
            "client_name": told["clientName"],
            "redirect_uris": list(client.redirects),
            "scope": " ".join(scopes),
        }
        return Told(201, {name: value for name, value in answer.items() if value})

    def _authorize(self, asked: Asked) -> Told:
        query = asked.query
        client = self._clients.get(query.get("client_id", ""))
        redirect = query.get("redirect_uri", "")
        if client is None or redirect not in client.redirects:
            return self.refuse(400, "invalid_client", "The client or its redirect is not known")
        state = {"state": query["state"]} if "state" in query else {}
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return _back(redirect, {"error": "invalid_request", **state})
        scopes = frozenset(query.get("scope", "").split())
        if not scopes <= client.scopes:
            return _back(redirect, {"error": "invalid_scope", **state})
        if not self.consents:
            return _back(redirect, {"error": "access_denied", **state})
        code = self.mint("auth_code_")
        self._codes[code] = _Code(
            client, redirect, scopes, query["code_challenge"], self.clock.now() + _CODE_LIVES
        )
        return _back(redirect, {"code": code, **state})

    def _token(self, asked: Asked) -> Told:
        form = asked.document
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not _same(client.secret, form.get("client_secret", "")):
            return self.refuse(401, "invalid_client", "Unknown client or wrong secret")
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(form, client)
            case "refresh_token":
                return self._refresh(form, client)
            case _:
                return self.refuse(400, "unsupported_grant_type", "No such grant")

    def _exchange(self, form: Mapping[str, str], client: Registered) -> Told:
        # A code is good for one try, whatever becomes of it.
        code = self._codes.pop(form.get("code", ""), None)
        good = (
            code is not None
            and code.client == client
            and code.redirect == form.get("redirect_uri")
            and self.clock.now() < code.until
            and _same(_challenge(form.get("code_verifier", "")), code.challenge)
        )
        if code is None or not good:
            return self.refuse(400, "invalid_grant", "The code is not, or no longer, good")
        return self._answer(self.grant(client, code.scopes))

    def _refresh(self, form: Mapping[str, str], client: Registered) -> Told:
        given = form.get("refresh_token", "")
        replayed = self._used.get(given)
        if replayed is not None:
            replayed.revoked = True
        grant = next((one for one in self.grants if given and _same(one.refresh, given)), None)
        if grant is None or grant.revoked or grant.client != client:
            return self.refuse(400, "invalid_grant", "The refresh token is not, or no longer, good")
        self._used[given] = grant
        self._renew(grant)
        return self._answer(grant)

    def _renew(self, grant: Grant) -> None:
        grant.access, grant.refresh = self.mint("nis_access_"), self.mint("nis_refresh_")
        grant.expires = self.clock.now() + self.lives

    def _answer(self, grant: Grant) -> Told:
        self.replies += 1
        return Told(
            200,
            {
                "access_token": grant.access,
                "token_type": "Bearer",
                "expires_in": int(self.lives.total_seconds()),
                "refresh_token": grant.refresh,
                "scope": " ".join(one for one in self.scopes if one in grant.scopes),
                "resource": self.resource,
            },
            {"Cache-Control": "no-store"},
        )


def _back(redirect: str, told: Mapping[str, str]) -> Told:
    joint = "&" if "?" in redirect else "?"
    return Told(302, headers={"Location": f"{redirect}{joint}{urlencode(told)}"})


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
