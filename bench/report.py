"""The page that tells what was measured, on which machine, and how to do it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rows import Row, markdown

#: Where the part of the page begins that people write.
_BY_HAND = "## What still misses its gate"

_PAGE = """\
# What it costs

Written by `make bench ARGS="--write docs/performance.md"`; figures are CPU time, medians, and mean
something as ratios only: both sides of a ratio took turns in one run on one machine.

Machine: {machine}.

{table}
- **bare** is httpx over its aiohttp transport, the client that polls are made with, fetching and
  reading the same answers and doing nothing else. Its server runs on another core.
- A poll is the whole of it: leasing, asking through the guard, judging, reading, settling,
  reconciling, publishing, and writing down, as the daemon does it.
- **vdirsyncer** 0.21 copies the same feeds into files. Its start-up is not counted, nor is ours.
- **Radicale** 3.9 keeps the same 60 entries as files, and answers a conditional request at the same
  price. It closes each connection.
- **SQLModel** is a route the way of FastAPI's and SQLModel's tutorials, on the same server: a
  session that FastAPI opens, instances of rows, a response model. It gives the same answer, and
  counts no requests.
- A listener missed an event if it was not told it once and in order.
- **hello** is the smallest ASGI app, on the same uvicorn process as the exports.
- `holds` says whether the ratio is within the aim, within the gate, or not (`no`).
"""


def page(machine: str, rows: Sequence[Row]) -> str:
    """The whole page, as Markdown."""
    return _PAGE.format(machine=machine, table=markdown(rows))


def by_hand(page: Path) -> str:
    """What people wrote at the end of the page as it is, to be kept when it is written anew."""
    before = page.read_text() if page.exists() else ""
    _, heading, text = before.partition(_BY_HAND)
    return f"\n{heading}{text}" if heading else ""
