"""The port: what a kind of due work is, and what sees to it that it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


async def nothing_in_hand(_keys: Sequence[str]) -> None:
    """What to give back of a kind of work that nobody takes in hand."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work that becomes due, in pieces with a key.

    What is due stands in the store alone. `due` names pieces that are due and in nobody's hand, the
    most urgent first, as many as this process has room for. `do` does one, if it still is, and is
    back when its outcome is written down; twice does nothing. `let_go` gives back pieces that a
    process had in hand which died. `here` does whatever is due in this process, all together; None:
    piece by piece.

    `every`: seconds between looks. `at_once`: pieces side by side in one process. `paced`: all
    instances together do it once in `every`.
    """

    kind: str
    due: Callable[[], Awaitable[Sequence[str]]]
    do: Callable[[str], Awaitable[object]]
    let_go: Callable[[Sequence[str]], Awaitable[object]] = nothing_in_hand
    here: Callable[[], Awaitable[object]] | None = None
    every: float = 1.0
    at_once: int = 1
    paced: bool = False


class Runner(Protocol):
    """Sees to it that due work is done, as long as somebody looks for it."""

    async def start(self) -> None:
        """Be ready to do work."""
        ...

    async def look(self, work: Work) -> None:
        """See to it that what is due of this kind is done. Raises what the store raises; nothing is
        lost by it: the next look finds the same.
        """
        ...

    async def stop(self) -> None:
        """Take up nothing more, and let what is under way end for a while."""
        ...
