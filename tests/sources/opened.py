"""A simulated booking system on a port, and an adapter's wire to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asking import AGENT, TRUSTING, UNHURRIED
from vacancy.net.client import Client
from vacancy.net.guard import Guard
from vacancy.net.politeness import Politeness
from vacancy.secret import Secret
from vacancy.simulator.systems.serving import Simulated, System
from vacancy.sources.wire import Key, Wire


@asynccontextmanager
async def opened(system: System, key: str, path: str = "") -> AsyncIterator[tuple[Simulated, Wire]]:
    """The system, serving, and a wire with this key to what lies under `path`."""
    with Simulated(system).running() as web:
        polite = Politeness(in_flight=UNHURRIED, spacing=0)
        client = Client(Guard([web.authority]), AGENT, politeness=polite, tls=TRUSTING)
        try:
            yield web, Wire(client, web.url + path, Key(Secret(key)), "The system")
        finally:
            await client.aclose()
