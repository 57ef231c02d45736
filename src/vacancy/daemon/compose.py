"""How the parts are put together from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from vacancy import __version__
from vacancy.clock import Clock
from vacancy.daemon.polling import Polling
from vacancy.daemon.systems import Systems
from vacancy.ids import Chance
from vacancy.net.client import Client, Limits
from vacancy.net.guard import Guard
from vacancy.net.politeness import Politeness
from vacancy.notifier import deliver, pushes
from vacancy.notifier.deliver import Deliveries
from vacancy.notifier.pushes import Pushes
from vacancy.poller.round import Bounds, Rounds
from vacancy.poller.source_round import SourceRounds
from vacancy.poller.tools import Defaults, Polled, Tools
from vacancy.services.publishing import publisher
from vacancy.settings import Settings
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store.session import Store
from vacancy.store.sources import Account
from vacancy.vault import Vault

#: Seconds for polls, and tries of deliveries, in flight to end at a stop.
PATIENCE = 5.0
#: Seconds for a booking system to say what it lets, while somebody waits.
ASKED_WITHIN = 20.0
#: The bounds of one try of a delivery. What an endpoint answers is hardly read.
TRY = Limits(total=15.0, connect=5.0, raw=16 * 1024, redirects=0)


@dataclass(frozen=True, slots=True)
class House:
    """What everything else is composed of."""

    settings: Settings
    store: Store
    vault: Vault
    clock: Clock
    chance: Chance


def user_agent(settings: Settings) -> str:
    """Who we say we are: the version, and whom to write to."""
    return f"Vacancy/{__version__} ({settings.network.contact or settings.server.base_url})"


def make_client(settings: Settings) -> Client:
    """The client of one event loop."""
    limits = settings.limits
    return Client(
        Guard(settings.network.allow_private),
        user_agent(settings),
        limits=Limits(
            total=limits.total.total_seconds(),
            connect=limits.connect.total_seconds(),
            raw=limits.raw_bytes,
            inflated=limits.inflated_bytes,
            redirects=limits.redirects,
        ),
        politeness=Politeness(
            settings.polling.per_host, unbounded=frozenset(settings.network.allow_private)
        ),
    )


def own_hosts(settings: Settings) -> frozenset[str]:
    """Hosts of the operator's own, which need no politeness: those let through the guard."""
    return frozenset(
        urlsplit(f"//{allowed}").hostname or "" for allowed in settings.network.allow_private
    )


def defaults(settings: Settings) -> Defaults:
    """What holds for every feed that says nothing else."""
    return Defaults(
        absences=settings.release.absences,
        absence_span=settings.release.absence_span,
        suspicion_span=settings.release.suspicion_span,
        horizon_years=settings.limits.horizon_years,
        scale=settings.polling.scale,
    )


def bounds(settings: Settings) -> Bounds:
    """How many polls may fly at once."""
    polling = settings.polling
    return Bounds(polling.at_once, polling.per_host, own_hosts(settings))


@asynccontextmanager
async def open_rounds(
    house: House, before: Callable[[], None], report: Callable[[Polled], None]
) -> AsyncIterator[Rounds]:
    """The poller of this event loop. As the block ends, polls in flight may end too, for a while;
    then its client is closed.
    """
    client = make_client(house.settings)
    rounds = Rounds(_poller_tools(house, client), bounds(house.settings), before, report)
    try:
        yield rounds
    finally:
        await rounds.drain(PATIENCE)
        await client.aclose()


@asynccontextmanager
async def open_polling(
    house: House, before: Callable[[], None], report: Callable[[Polled], None]
) -> AsyncIterator[Polling]:
    """All that a poller asks, and what it tells booking systems: the same adapters do both."""
    client = make_client(house.settings)
    tools = _poller_tools(house, client)
    connect = Systems(house.store, house.vault, client).connect
    telling = pushes.Tools(
        store=house.store,
        vault=house.vault,
        connect=connect,
        clock=house.clock,
        chance=house.chance,
        scale=house.settings.polling.scale,
    )
    polling = Polling(
        feeds=Rounds(tools, bounds(house.settings), before, report),
        sources=SourceRounds(tools, connect, before, report),
        pushes=Pushes(telling),
    )
    try:
        yield polling
    finally:
        await polling.drain(PATIENCE)
        await client.aclose()


async def ask_properties(house: House, account: Account) -> Sequence[RemoteProperty] | SourceFailed:
    """What a booking system lets, asked once; why it does not say where it does not."""
    client = make_client(house.settings)
    try:
        source = Systems(house.store, house.vault, client).connect(account)
        async with asyncio.timeout(ASKED_WITHIN):
            return await source.properties()
    except TimeoutError:
        return SourceFailed("timeout", "The booking system took too long to answer.")
    except SourceFailed as failed:
        return failed
    finally:
        await client.aclose()


def _poller_tools(house: House, client: Client) -> Tools:
    return Tools(
        store=house.store,
        vault=house.vault,
        client=client,
        clock=house.clock,
        chance=house.chance,
        publish=publisher(house.chance),
        defaults=defaults(house.settings),
    )


@asynccontextmanager
async def open_deliveries(house: House) -> AsyncIterator[Deliveries]:
    """What tells endpoints, on this event loop. As the block ends, tries in flight may end too."""
    settings = house.settings
    client = Client(Guard(settings.network.allow_private), user_agent(settings), limits=TRY)
    tools = deliver.Tools(
        store=house.store,
        vault=house.vault,
        client=client,
        clock=house.clock,
        chance=house.chance,
        scale=settings.polling.scale,
    )
    deliveries = Deliveries(tools)
    try:
        yield deliveries
    finally:
        await deliveries.drain(PATIENCE)
        await client.aclose()
