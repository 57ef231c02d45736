"""The web, composed: the house as it is now behind the door, health and figures beside it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import uvicorn
from fastapi import FastAPI

from vacancy.api.app import add_health, make_app
from vacancy.api.door import App, Bounds, Door, Receive, Scope, Send
from vacancy.api.front import Ask, Front, nobody
from vacancy.api.health import Health, Metrics
from vacancy.api.limits import RateLimits
from vacancy.api.listening import Listeners
from vacancy.api.stream import listen as listen_to
from vacancy.clock import SystemClock
from vacancy.console.app import make_console
from vacancy.daemon.compose import House, ask_properties, make_client
from vacancy.domain.errors import ConfigError
from vacancy.poller.fetch import Failed
from vacancy.services import check
from vacancy.services.publishing import publisher
from vacancy.settings import Settings
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store.sources import Account


def listen(settings: Settings) -> socket.socket:
    """The socket that the web is served on. Raises ConfigError where it cannot be had."""
    server = settings.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        return socket.create_server((server.host, server.port), family=family)
    except OSError as trouble:
        why = (trouble.strerror or "").partition(" (")[0]
        raise ConfigError(
            f"server.listen: {server.listen} cannot be listened on ({why}): stop the program that"
            " has it, or choose another address"
        ) from None


class Web(uvicorn.Server):
    """uvicorn without its own signal handling: the daemon stops it in its turn."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Beside:
    """What runs beside the web. `house` gives the one whose settings are in force, `listeners` are
    the open streams, for whoever stops the server to end; `ask` polls feeds for a request.
    """

    house: Callable[[], House]
    health: Health
    listeners: Listeners
    metrics: Metrics | None = None
    ask: Ask = nobody


def make_web(beside: Beside) -> App:
    """Everything that is served but exports."""
    now = beside.house()
    api = now.settings.api
    front = make_front(beside)
    app = make_app(front)
    add_health(app, beside.health, beside.metrics, now.clock.monotonic)
    bounds = Bounds(api.body_bytes, api.body_within.total_seconds())
    console = make_console(front, partial(listen_to, front))
    return Door(side_by_side(app, console), now.chance, bounds)


def side_by_side(api: FastAPI, console: App) -> App:
    """The API, and the console at every address whose first word the API does not know."""
    words = {_first_word(getattr(route, "path", "")) for route in api.routes}

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        app = api if scope["type"] != "http" or _first_word(scope["path"]) in words else console
        await app(scope, receive, send)

    return either


def _first_word(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def make_front(beside: Beside) -> Front:
    """What the API is composed of."""
    house = beside.house

    async def download(address: str) -> bytes | Failed:
        return await check.download(address, make_client(house().settings))

    async def properties(account: Account) -> Sequence[RemoteProperty] | SourceFailed:
        return await ask_properties(house(), account)

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
        ask=beside.ask,
        properties=properties,
        limits=RateLimits(api.reads, api.writes, lambda: wall.now().timestamp()),
        listeners=beside.listeners,
    )
