"""Connecting a booking system by the host's consent: asked once, kept sealed from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vacancy.daemon.compose import House, make_client
from vacancy.daemon.systems import Kept
from vacancy.net.client import Client
from vacancy.secret import Secret
from vacancy.sources.catalog import SYSTEMS, System
from vacancy.sources.oauth import Client as KnownAs
from vacancy.sources.oauth import Consent
from vacancy.store import sources
from vacancy.store.sources import Known

#: What the system tells the host who asks.
_NAME = "Vacancy"

#: Shows the address that the host opens; where the browser was sent back to, whole.
Asks = Callable[[str], Awaitable[str]]


def needs_consent(kind: str) -> bool:
    """Whether a system of this kind is connected by the host's consent, not by a key."""
    system = SYSTEMS.get(kind)
    return system is not None and system.consent is not None


async def connect(house: House, known: Known, redirect: str, asks: Asks) -> None:
    """Ask the host's consent and keep what it gives. Raises SourceFailed."""
    system = SYSTEMS[known.kind]
    client = make_client(house.settings)
    try:
        await _connect(house, known, (system, client), (redirect, asks))
    finally:
        await client.aclose()


async def _connect(
    house: House, known: Known, by: tuple[System, Client], way: tuple[str, Asks]
) -> None:
    (system, client), (redirect, asks) = by, way
    assert system.consent is not None  # noqa: S101 - the caller asked `needs_consent`
    consent = system.consent(client, known.base_url)
    keeping = Kept(house.store, house.vault, known.id)
    known_as = await _known_as(consent, dict(await keeping.latest()), redirect, system.scopes)
    address, begun = consent.begin(known_as, redirect, system.scopes, house.chance)
    grant = await consent.finish(await asks(address), begun)
    await keeping.keep(grant.credentials())
    await asyncio.to_thread(_hasten, house, known.id)


async def _known_as(
    consent: Consent, kept: dict[str, str], redirect: str, scopes: tuple[str, ...]
) -> KnownAs:
    """The client that the host registered by hand, else one that is registered now."""
    if kept.get("client_id") and not kept.get("access_token"):
        secret = kept.get("client_secret")
        return KnownAs(kept["client_id"], Secret(secret) if secret else None)
    return await consent.register(_NAME, redirect, scopes)


def _hasten(house: House, source_id: str) -> None:
    with house.store.write() as session:
        sources.hasten(session, source_id, house.clock.now())
