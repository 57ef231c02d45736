"""`python bench`: what a poll, an import, an export and the daemon cost beside the bare thing."""

from __future__ import annotations

import argparse
import sys

import polls
from machine import OUR_CORE, describe, pin
from rows import table
from server import channel


def main() -> int:
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--imports", type=int, default=1)
    wish = parser.parse_args()
    pin(OUR_CORE)
    with channel() as served:
        measured = polls.measure(served, wish.feeds, wish.runs, wish.imports)
    print(describe())
    print(table(polls.rows(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
