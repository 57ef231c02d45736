"""Every real feed reads as expected; a run without the corpus beside the project says so."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from vacancy.channels.classify import classify, is_live
from vacancy.ical.read import NotACalendar, ReadSettings, read

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
PRESENT = (SHARED / "EXPECTED.json").exists()
needs_corpus = pytest.mark.skipif(
    not PRESENT, reason="the feed corpus (../shared/feeds) does not lie beside the project"
)
EXPECTED: dict[str, Any] = (
    json.loads((SHARED / "EXPECTED.json").read_text()) if PRESENT else {"absent": {}}
)
SEQUENCES: dict[str, Any] = json.loads((SHARED / "SEQUENCES.json").read_text()) if PRESENT else {}
FETCHES = [
    (name, place) for name, one in SEQUENCES.items() for place in range(len(one["fetches"]))
] or [("absent", 0)]

Told = tuple[str | None, str, str, str]


def wanted(expected: list[dict[str, str | None]]) -> list[Told]:
    return sorted(
        (one["uid"] or "", str(one["kind"]), str(one["arrival"]), str(one["departure"]))
        for one in expected
    )


def told(body: bytes, provider: str, today: date, **more: Any) -> list[Told]:
    """The live claims; a UID that the file did not give is told as none."""
    reading = read(body, ReadSettings(today=today, horizon=date(today.year + 3, 1, 1), **more))
    given = {entry.uid for entry in reading.entries}
    shown = classify(
        reading.entries,
        reading.skipped,
        channel=provider.replace(".", "_"),
        host=None,
        today=today,
    )
    return sorted(
        (
            claim.uid if claim.uid in given else "",
            claim.kind.value,
            str(claim.nights.arrival),
            str(claim.nights.departure),
        )
        for claim in shown.claims
        if is_live(claim, today)
    )


@needs_corpus
@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_reads_as_expected(name: str) -> None:
    """UID, kind, arrival and departure of each live entry."""
    expected = EXPECTED[name]
    body = (SHARED / name).read_bytes()
    today = date.fromisoformat(expected["fetched_on"])
    zone = ZoneInfo(expected["property_timezone"])
    if "error" in expected:
        with pytest.raises(NotACalendar):
            told(body, expected["provider"], today, zone=zone)
        return
    read_as = told(body, expected["provider"], today, zone=zone, **expected.get("settings", {}))
    assert read_as == wanted(expected["expect"])


@needs_corpus
@pytest.mark.parametrize(("name", "place"), FETCHES)
def test_a_real_fetch_reads_as_observed(name: str, place: int) -> None:
    """Each fetch of each sequence, by itself."""
    sequence = SEQUENCES[name]
    fetch = sequence["fetches"][place]
    zone = ZoneInfo(sequence["property_timezone"])
    today = datetime.fromisoformat(fetch["fetched_at"]).astimezone(zone).date()
    body = (SHARED / name / fetch["file"]).read_bytes()
    assert told(body, sequence["provider"], today, zone=zone) == wanted(fetch["reads_as"])
