"""The API's lists on a year's store: found by indexes, and quickly, on both databases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lists import LIMIT, asked
from year import Size

PROOF = bool(os.environ.get("VACANCY_PROOF"))
SIZE = Size() if PROOF else Size(stays=2000, events=10_000)
#: What a machine that does other things besides may take longer.
NOISE = 1.25


@pytest.mark.timeout(900 if PROOF else 120)
def test_no_list_reads_a_table_whole(store_url: str, tmp_path: Path) -> None:
    """By the plan of every statement of every list; a whole year's lists take less than 50 ms.

    A small PostgreSQL is asked whether an index could serve, a full one whether it does.
    """
    listed = asked(store_url, tmp_path, SIZE, 5 if PROOF else 1, forced=not PROOF)
    whole = [(one.name, plan) for one in listed for plan in one.plans if plan.scanned]
    assert whole == []
    if PROOF:
        slow = {one.name: one.cpu for one in listed if one.cpu > LIMIT * NOISE}
        assert slow == {}
