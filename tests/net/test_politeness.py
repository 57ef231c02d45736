"""Few requests to one host at a time, not all at once, and nothing kept of hosts gone by."""

from __future__ import annotations

import asyncio
import time

import pytest

from asking import AGENT
from hostile import Exchange, HostileServer
from hostile_answers import good
from vacancy.net.client import Client
from vacancy.net.guard import Guard
from vacancy.net.politeness import Politeness
from vacancy.secret import Secret

pytestmark = pytest.mark.anyio


async def test_no_more_than_so_many_at_a_time() -> None:
    """The third at one host waits; another host does not."""
    politeness = Politeness(in_flight=2, spacing=0)
    inside: list[str] = []
    most = 0

    async def visit(host: str) -> None:
        nonlocal most
        async with politeness.turn(host):
            inside.append(host)
            most = max(most, inside.count("one.test"))
            await asyncio.sleep(0.02)
            inside.remove(host)

    began = time.monotonic()
    await asyncio.gather(*(visit("one.test") for _ in range(6)), visit("two.test"))
    assert most == 2
    assert time.monotonic() - began >= 0.06


async def test_requests_to_one_host_are_spaced() -> None:
    """Five begin over at least four spacings."""
    politeness = Politeness(in_flight=10, spacing=0.05)
    begun: list[float] = []

    async def visit() -> None:
        async with politeness.turn("one.test"):
            begun.append(time.monotonic())

    await asyncio.gather(*(visit() for _ in range(5)))
    assert begun[-1] - begun[0] >= 0.19


async def test_other_hosts_begin_at_once() -> None:
    """Where one host's next turn is far away, another's is not."""
    politeness = Politeness(in_flight=10, spacing=60)
    async with asyncio.timeout(30):
        async with politeness.turn("one.test"), politeness.turn("two.test"):
            assert politeness.remembered == 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), politeness.turn("one.test"):
                raise AssertionError("too soon")


async def test_spacing_holds_for_one_after_another() -> None:
    """Also when nobody waits in between."""
    politeness = Politeness(in_flight=2, spacing=0.05)
    began = time.monotonic()
    for _ in range(3):
        async with politeness.turn("one.test"):
            pass
    assert time.monotonic() - began >= 0.09


async def test_the_operators_own_hosts_are_asked_at_will() -> None:
    """A host let through by name needs no protection from its owner."""
    politeness = Politeness(1, 5.0, unbounded=frozenset({"127.0.0.1:9001"}))
    async with asyncio.timeout(4):
        for _ in range(3):
            async with politeness.turn("127.0.0.1:9001"), politeness.turn("127.0.0.1:9001"):
                assert politeness.remembered == 0


async def test_hosts_are_forgotten() -> None:
    """Ten thousand hosts asked once leave nothing behind."""
    for spacing in (0, 0.02):
        politeness = Politeness(spacing=spacing)
        for number in range(1000):
            async with politeness.turn(f"{number}.test"):
                assert politeness.remembered
        async with asyncio.timeout(10):
            while politeness.remembered:
                await asyncio.sleep(0.01)


async def test_a_turn_is_given_back_whatever_happens() -> None:
    """A failure or a cancellation inside, or while waiting, blocks nobody."""
    politeness = Politeness(in_flight=1, spacing=0)
    with pytest.raises(ValueError, match="inside"):
        async with politeness.turn("one.test"):
            raise ValueError("inside")

    async def wait() -> None:
        async with politeness.turn("one.test"):
            raise AssertionError("nobody may enter")

    async with politeness.turn("one.test"):
        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(10), politeness.turn("one.test"):
        pass
    assert politeness.remembered == 0


async def test_the_client_is_polite(server: HostileServer) -> None:
    """Six feeds of one host are asked two at a time."""
    inside = most = 0

    async def counting(exchange: Exchange) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.2)
        inside -= 1
        await exchange.answer(good())

    server.handle("/counting", counting)
    client = Client(Guard([server.origin]), AGENT, politeness=Politeness(2, 0))
    await asyncio.gather(*(client.get(Secret(server.url("/counting"))) for _ in range(6)))
    await client.aclose()
    assert most == 2
