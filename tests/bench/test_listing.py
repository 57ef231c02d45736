"""A list of bookings beside a route of the usual kind that does the same."""

from __future__ import annotations

import os

import pytest
from listing import measure, rows

PROOF = bool(os.environ.get("VACANCY_PROOF"))
#: What a machine that does other things besides may blur.
NOISE = 0.75


@pytest.mark.timeout(300)
def test_a_list_of_bookings_is_cheap() -> None:
    """Both give the same answer, in this run on this machine; the proof holds the gate."""
    row = rows(measure(5, 320) if PROOF else measure(1, 32))[0]
    assert row.value is not None
    assert row.gate is not None
    assert row.value > (row.gate * NOISE if PROOF else 1)
