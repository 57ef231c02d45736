"""The API, composed: the house as it is now behind the door, health and figures beside it."""

from __future__ import annotations

from collections.abc import Callable

from vacancy.api.app import add_health, make_app
from vacancy.api.door import App, Bounds, Door
from vacancy.api.front import Front
from vacancy.api.health import Health, Metrics
from vacancy.api.limits import RateLimits
from vacancy.clock import SystemClock
from vacancy.daemon.compose import House, make_client
from vacancy.poller.fetch import Failed
from vacancy.services import check
from vacancy.services.publishing import publisher


def make_web(house: Callable[[], House], health: Health, metrics: Metrics | None) -> App:
    """Everything that is served but exports; `house` gives the one whose settings are in force."""
    now = house()
    api = now.settings.api
    app = make_app(make_front(house))
    add_health(app, health, metrics, now.clock.monotonic)
    bounds = Bounds(api.body_bytes, api.body_within.total_seconds())
    return Door(app, now.chance, bounds)


def make_front(house: Callable[[], House]) -> Front:
    """What the API is composed of."""

    async def download(address: str) -> bytes | Failed:
        return await check.download(address, make_client(house().settings))

    now = house()
    api = now.settings.api
    wall = SystemClock()
    return Front(
        store=now.store,
        vault=now.vault,
        now=now.clock.now,
        chance=now.chance,
        publish=publisher(now.chance),
        settings=lambda: house().settings,
        download=download,
        limits=RateLimits(api.reads, api.writes, lambda: wall.now().timestamp()),
    )
