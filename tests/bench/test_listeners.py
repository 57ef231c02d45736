"""Programs that listen to the journal while facts are written miss none."""

from __future__ import annotations

import os

import pytest
from listeners import MIB, Heard, measure

PROOF = bool(os.environ.get("VACANCY_PROOF"))
LISTENERS, SECONDS = (1000, 20.0) if PROOF else (50, 2.0)
#: What one more of them may weigh in the server, in bytes.
WEIGHT = 0.25 * MIB


@pytest.mark.timeout(300)
def test_no_listener_misses_an_event() -> None:
    """A hundred facts a second, by the server's own process and socket: each told once, in order.

    The proof listens for 20 seconds, `make bench` for a minute.
    """
    heard: Heard = measure(LISTENERS, SECONDS)
    assert heard.written > 0
    assert heard.missed == 0
    assert heard.bytes_after - heard.bytes_before < WEIGHT * LISTENERS
