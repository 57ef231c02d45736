"""Work to be shared: a pile of pieces, in which every hand that touches one leaves its mark."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from vacancy.runner.work import Work

PATIENCE = 20.0


class Pile:
    """Pieces that are due until they are done. It stands for the store: it alone says what is due,
    and a piece in one hand is given to no other.
    """

    def __init__(self, *keys: str, takes: float = 0.0) -> None:
        self.due = set(keys)
        self.in_hand: set[str] = set()
        self.done: list[tuple[str, str]] = []
        self.begun: Counter[str] = Counter()
        self.given_back: list[str] = []
        self.takes = takes
        self.fails: dict[str, Exception] = {}
        self.most_at_once = 0

    def add(self, *keys: str) -> None:
        self.due.update(keys)

    @property
    def times(self) -> Counter[str]:
        """How often each piece was done."""
        return Counter(key for key, _ in self.done)

    @property
    def by(self) -> Counter[str]:
        """How many pieces each process did."""
        return Counter(who for _, who in self.done)

    def work(self, who: str = "one", kind: str = "piece", **wish: Any) -> Work:
        """The work as the process `who` is handed it."""

        async def due() -> Sequence[str]:
            return sorted(self.due - self.in_hand)

        async def do(key: str) -> None:
            await self._do(key, who)

        async def let_go(keys: Sequence[str]) -> None:
            self.given_back += keys
            self.in_hand -= set(keys)

        return Work(kind, due, do, let_go, **{"at_once": 4, **wish})

    async def _do(self, key: str, who: str) -> None:
        if key not in self.due or key in self.in_hand:
            return
        failure = self.fails.pop(key, None)
        if failure is not None:
            raise failure
        self.in_hand.add(key)
        self.begun[key] += 1
        self.most_at_once = max(self.most_at_once, len(self.in_hand))
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.in_hand.discard(key)
        self.due.discard(key)
        self.done.append((key, who))


async def until(holds: Callable[[], Any], what: str) -> None:
    """Wait until something holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not holds():
        assert loop.time() < end, f"it never came to be that {what}"
        await asyncio.sleep(0.02)
