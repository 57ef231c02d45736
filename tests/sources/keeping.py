"""Where tests keep credentials: a row that other processes see, and may have written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class Died(Exception):
    """The process was killed here."""


@dataclass
class Kept:
    """A row and what may happen while it is written.

    `trouble` is raised in place of writing; `dies` after it; `waits` holds it up. `reached` tells
    that something came to be kept, `as_it_comes` is called then, `times` counts what was kept.
    """

    row: dict[str, str] = field(default_factory=dict[str, str])
    trouble: Exception | None = None
    dies: bool = False
    waits: asyncio.Event | None = None
    as_it_comes: Callable[[], None] = lambda: None
    reached: bool = False
    times: int = 0

    async def latest(self) -> Mapping[str, str]:
        return self.row

    async def keep(self, credentials: Mapping[str, str]) -> None:
        self.reached = True
        self.as_it_comes()
        if self.waits is not None:
            await self.waits.wait()
        if self.trouble is not None:
            raise self.trouble
        self.row = dict(credentials)
        self.times += 1
        if self.dies:
            raise Died
