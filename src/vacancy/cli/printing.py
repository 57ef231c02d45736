"""What comes out: JSON for programs, tables and lines for people, notices on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

#: The width of a table that nobody looks at on a terminal: lines are not cut for a pipe.
_WIDE = 240


class ReaderLeft(Exception):
    """Whoever read our stdout has enough: `vacancy events | head`."""


def document(value: object) -> None:
    """One JSON document on stdout."""
    line(json.dumps(value, ensure_ascii=False, indent=2))


def line(text: str) -> None:
    """One line of an answer on stdout. Raises ReaderLeft."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeft from None


def notice(text: str) -> None:
    """One line beside the answer, on stderr."""
    sys.stderr.write(text + "\n")


def span(seconds: float | None) -> str:
    """A span as people say it: `45 min`, `2 h 5 min`, `3 d 4 h`; `-` for none."""
    if seconds is None:
        return "-"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """A table for people; `empty` is said where there is no row."""
    filled = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not filled:
        line(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in filled:
        shown.add_row(*(Text(cell) for cell in row))
    width = None if sys.stdout.isatty() else _WIDE
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    for text in captured.get().strip("\n").splitlines():
        if text.strip():
            line(text.rstrip())
