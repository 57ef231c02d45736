"""What the daemon weighs with many feeds, and what one more feed adds."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from rig import Rig, write_config
from rows import Row
from server import Channel

MIB = 1024 * 1024
_POLLED = re.compile(r'^vacancy_polls_total\{outcome="(\w+)"\} (\S+)$', re.M)
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """Bytes resident after every feed was polled, at two sizes of the house."""

    few: tuple[int, int]
    many: tuple[int, int]

    @property
    def per_feed(self) -> float:
        return (self.many[1] - self.few[1]) / (self.many[0] - self.few[0])


def measure(channel: Channel, feeds: int) -> Weighed:
    """Weigh the daemon with a quarter of the feeds and with all of them."""
    few = max(1, feeds // 4)
    return Weighed((few, _weigh(channel, few)), (feeds, _weigh(channel, feeds)))


def rows(weighed: Weighed) -> list[Row]:
    feeds, size = weighed.many
    # The budget is of 10,000 feeds; fewer weigh less, and what they add drowns in warm caches.
    bounds, more = ((150.0, 120.0), (1.0, 0.5)) if feeds >= 10_000 else ((None, None), (None, None))
    figure = f"{size / MIB:,.0f} MB"
    added = weighed.per_feed / 1024
    apart = f"{weighed.few[0]:,} to {feeds:,} feeds"
    return [
        Row(f"daemon with {feeds:,} feeds x 60", figure, size / MIB, "", *bounds, unit=" MB"),
        Row("added per feed", f"{added:.2f} KB", added, apart, *more, unit=" KB"),
    ]


def _weigh(channel: Channel, feeds: int) -> int:
    """Resident bytes of `vacancy serve` on a house that knows its feeds, all polled once more."""
    with TemporaryDirectory(prefix="vacancy-bench-") as name:
        folder = Path(name)
        channel.says(0, "kept")
        now = _import(folder, channel, feeds)
        port = _free_port()
        config = write_config(folder, channel, feeds, port=port)
        command = [sys.executable, "-m", "vacancy", "serve", "--config", str(config)]
        environment = {**os.environ, "VACANCY_NOW": now}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
            try:
                _until_polled(port, feeds, daemon)
                return psutil.Process(daemon.pid).memory_info().rss
            finally:
                daemon.terminate()


def _import(folder: Path, channel: Channel, feeds: int) -> str:
    """Every feed polled for the first time, in this process; an hour later, as text."""
    rig = Rig(folder, channel, feeds)

    async def first() -> None:
        async with rig.rounds() as rounds:
            await rig.once(rounds, "fresh")

    asyncio.run(first())
    rig.close()
    return f"{rig.clock.at:%Y-%m-%dT10:30:00Z}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _until_polled(port: int, feeds: int, daemon: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    polled = 0.0
    while polled < feeds:
        if daemon.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the daemon polled {polled:.0f} of {feeds} feeds")
        time.sleep(0.5)
        try:
            text = urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        except URLError:
            continue
        polled = sum(float(count) for outcome, count in _POLLED.findall(text))
