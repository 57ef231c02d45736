"""Telling a story to people, and stopping where it does not go as told."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text


class NotAsTold(Exception):
    """What was told did not come true."""


class Teller:
    """Prints chapters, sentences and checked claims; counts what it has checked."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapters = 0
        self.checked = 0

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self._console.print()
        self._console.print(Rule(f"[bold]{self._chapters}. {title}", align="left"))

    def say(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 0, 2)))

    def check(self, told: str, true: bool) -> None:
        """Tells it if it is true. Raises NotAsTold if not."""
        if not true:
            raise NotAsTold(told)
        self.checked += 1
        self._console.print(Padding(Text.assemble(("✓ ", "bold green"), told), (0, 0, 0, 2)))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*heads, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        self._console.print(Padding(table, (1, 0, 1, 4)))

    def address(self, name: str, url: str) -> None:
        """An address on a line of its own, never broken."""
        self._console.print(f"  {name}: {url}", soft_wrap=True, markup=False)

    def end(self, seconds: float) -> None:
        self._console.print()
        told = f"The story went as told: {self.checked} promises kept in {seconds:.0f} seconds."
        self._console.print(Text(told, style="bold green"))

    def fail(self, told: str) -> None:
        self._console.print(Padding(Text.assemble(("✗ ", "bold red"), told), (0, 0, 0, 2)))
        self._console.print()
        asked = (
            "The story did not go as told. Please report it, together with what is printed above."
        )
        self._console.print(Text(asked, style="bold red"))
