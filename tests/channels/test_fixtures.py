"""Every fixture reads as `fixtures/expected.json` says. Needs nothing beside the project."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from vacancy.channels.classify import classify, is_live
from vacancy.ical.read import NotACalendar, ReadSettings, read

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fixture_reads_as_expected(name: str) -> None:
    """UID, kind, reason and dates of each live claim, and why the rest was left out."""
    expected = EXPECTED[name]
    body = (FIXTURES / name).read_bytes()
    today = date.fromisoformat(expected["today"])
    settings = ReadSettings(
        ZoneInfo(expected["timezone"]),
        today,
        today.replace(year=today.year + 3),
        **expected.get("settings", {}),
    )
    if "error" in expected:
        with pytest.raises(NotACalendar) as refused:
            read(body, settings)
        assert refused.value.reason == expected["error"]
        return
    reading = read(body, settings)
    shown = classify(
        reading.entries, reading.skipped, channel=expected["channel"], host=None, today=today
    )
    told = [
        {
            "uid": claim.uid,
            "kind": claim.kind.value,
            "reason": claim.reason.value if claim.reason else None,
            "arrival": str(claim.nights.arrival),
            "departure": str(claim.nights.departure),
        }
        for claim in sorted(shown.claims, key=lambda one: one.nights)
        if is_live(claim, today)
    ]
    assert told == expected["claims"]
    assert [one.why for one in shown.skipped] == expected.get("skipped", [])


def test_every_fixture_is_expected() -> None:
    """No file lies there unread."""
    files = {str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.*") if path.is_file()}
    assert {name for name in files if "/" in name} == set(EXPECTED)
