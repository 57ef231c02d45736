"""Clients for tests that ask servers on the loopback."""

from __future__ import annotations

import ssl

from hostile import HostileServer
from vacancy.net.client import Answer, Client, FetchFailed, Limits
from vacancy.net.guard import Guard
from vacancy.net.politeness import Politeness
from vacancy.secret import Secret

AGENT = "Vacancy/0 (+tests@hostile.test)"
UNHURRIED = 50
#: The usual trust store, loaded once: it is what making a client costs.
TRUSTING = ssl.create_default_context()


def client_for(*servers: HostileServer, limits: Limits | None = None) -> Client:
    """A client that may ask these servers, and does not wait between requests."""
    return Client(
        Guard(server.origin for server in servers),
        AGENT,
        limits=limits,
        politeness=Politeness(in_flight=UNHURRIED, spacing=0),
        tls=TRUSTING,
    )


async def fetched(client: Client, url: str, **asked: str) -> Answer | FetchFailed:
    """How a fetch ends, whichever way."""
    try:
        return await client.get(Secret(url), **asked)
    except FetchFailed as failure:
        return failure
