"""One hostile server for the room's tests, and clients that may ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from asking import client_for
from hostile import HostileServer
from vacancy.net.client import Client, Limits


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The daemon runs on uvloop where it is to be had, so what holds must hold on both."""
    return request.param


@pytest.fixture(scope="session")
def shared_server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A server of its own, where a test counts what it was asked."""
    with HostileServer() as server:
        yield server


@pytest.fixture
async def client(shared_server: HostileServer) -> AsyncIterator[Client]:
    """May ask the shared server, within the usual bounds."""
    client = client_for(shared_server)
    yield client
    await client.aclose()


@pytest.fixture
async def hasty(shared_server: HostileServer) -> AsyncIterator[Client]:
    """May ask the shared server, and waits half a second, so that what hangs is soon over."""
    client = client_for(shared_server, limits=Limits(total=0.5))
    yield client
    await client.aclose()
