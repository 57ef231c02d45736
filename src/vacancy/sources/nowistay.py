"""Nowistay: bookings of every channel it manages, read by the host's consent."""

from __future__ import annotations

from vacancy.sources.oauth import Consent
from vacancy.sources.wire import Caller, Nobody, Wire

BASE = "https://api.nowistay.com"

#: How its registration spells what RFC 7591 names.
_SPELLING = {
    "client_name": "clientName",
    "redirect_uris": "redirectUris",
    "grant_types": "grantTypes",
    "response_types": "responseTypes",
    "token_endpoint_auth_method": "tokenEndpointAuthMethod",
}


def consent(client: Caller, base: str = BASE) -> Consent:
    """How the host's consent is asked for."""
    return Consent(
        wire=Wire(client, base, Nobody(), "Nowistay"),
        register_at="/public/oauth/register",
        authorize_at="/public/oauth/authorize",
        token_at="/public/oauth/token",  # noqa: S106 - a path
        spelling=_SPELLING,
    )
