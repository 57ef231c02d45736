"""Real calendars, damaged by a seed and polled by the whole house: nothing is freed for nothing."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.house import HouseUnderTest, house
from flows.invariants import broken
from vacancy.daemon import StepReport
from vacancy.domain.claims import Change, ChangeKind
from vacancy.domain.nights import night_set
from vacancy.services import check

FEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
SEEDS = 60 if os.environ.get("VACANCY_PROOF") else 8
POLLS = 8
#: Real providers that the config cannot name are read by their own marks.
NAMEABLE = {"airbnb", "booking_com", "vrbo", "expedia", "guesty", "beds24", "smoobu", "lodgify"}

FREED_BY = {
    ChangeKind.WITHDRAWN,
    ChangeKind.CANCELED,
    ChangeKind.AGED_OUT,
    ChangeKind.UPDATED,
    ChangeKind.ECHO,
}
OUTCOMES = {"fresh", "unchanged", "suspicious", "failed"}

pytestmark = pytest.mark.skipif(
    not FEEDS.exists(), reason="the real calendars of ../shared are not here"
)


class Damage:
    """What may happen to a calendar on its way, each time another thing, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._kinds: tuple[Callable[[list[bytes]], list[bytes]], ...] = (
            self._drop_lines,
            self._drop_entries,
            self._double,
            self._rename,
            self._swap_dates,
            self._cancel,
            self._shuffle,
        )

    def done_to(self, body: bytes) -> bytes:
        """The body as it might arrive: most often a calendar still, at times a cut or odd one."""
        if self.chance.random() < 0.15:
            return body[: self.chance.randrange(len(body))]
        head, *entries = re.split(rb"(?=BEGIN:VEVENT)", body)
        tail = b""
        if entries:
            last, end, rest = entries[-1].partition(b"END:VEVENT")
            line_end = b"\r\n" if b"\r\n" in rest else b"\n"
            entries[-1], tail = last + end + line_end, rest.lstrip(b"\r\n")
        for kind in self.chance.sample(self._kinds, k=self.chance.randint(1, 3)):
            entries = kind(entries)
        whole = head + b"".join(entries) + tail
        if self.chance.random() < 0.1:
            whole = b"\xef\xbb\xbf" + whole.replace(b"\r\n", b"\n")
        return whole

    def _some(self, entries: list[bytes]) -> set[int]:
        most = max(1, len(entries) // 3)
        return {self.chance.randrange(len(entries)) for _ in range(most)} if entries else set()

    def _drop_lines(self, entries: list[bytes]) -> list[bytes]:
        chosen = self._some(entries)
        return [self._less(one) if at in chosen else one for at, one in enumerate(entries)]

    def _less(self, entry: bytes) -> bytes:
        lines = entry.splitlines(keepends=True)
        del lines[self.chance.randrange(1, max(2, len(lines) - 1))]
        return b"".join(lines)

    def _drop_entries(self, entries: list[bytes]) -> list[bytes]:
        chosen = self._some(entries)
        return [one for at, one in enumerate(entries) if at not in chosen]

    def _double(self, entries: list[bytes]) -> list[bytes]:
        return [*entries, *(entries[at] for at in self._some(entries))]

    def _rename(self, entries: list[bytes]) -> list[bytes]:
        chosen = self._some(entries)
        return [
            re.sub(rb"\nUID:", b"\nUID:x%d-" % self.chance.randrange(9999), one)
            if at in chosen
            else one
            for at, one in enumerate(entries)
        ]

    def _swap_dates(self, entries: list[bytes]) -> list[bytes]:
        if len(entries) < 2:
            return entries
        one, other = self.chance.sample(range(len(entries)), 2)
        dates = re.compile(rb"\n(?:DTSTART|DTEND)[^\n]*")
        mine, theirs = dates.findall(entries[one]), dates.findall(entries[other])
        changed = list(entries)
        for place, new in ((one, theirs), (other, mine)):
            fresh = iter(new)
            changed[place] = dates.sub(lambda m, it=fresh: next(it, m[0]), entries[place])
        return changed

    def _cancel(self, entries: list[bytes]) -> list[bytes]:
        at = self.chance.randrange(len(entries)) if entries else -1
        canceled = b"\nSTATUS:CANCELLED\nEND:VEVENT"
        return [
            one.replace(b"\nEND:VEVENT", canceled) if place == at else one
            for place, one in enumerate(entries)
        ]

    def _shuffle(self, entries: list[bytes]) -> list[bytes]:
        return self.chance.sample(entries, len(entries))


def real_feeds() -> list[tuple[str, dict[str, Any]]]:
    """The calendars with several live entries: what can be lost there is worth a test."""
    found = json.loads((FEEDS / "EXPECTED.json").read_text())
    return [
        (name, one)
        for name, one in found.items()
        if name.endswith(".ics") and len(one["expect"]) > 2 and one["fetched_on"] > "2014"
    ]


def shown(body: bytes, channel: str, today: date, timezone: str) -> set[date]:
    """The nights that a body shows closed, by the reader alone."""
    told = check.check(body, "", check.Wish(today, timezone, channel), 3)
    return {
        night
        for one in told["claims"]
        for night in nights(date.fromisoformat(one["arrival"]), one["departure"])
    }


def nights(first: date, departure: str) -> Iterable[date]:
    last = date.fromisoformat(departure)
    return (first + timedelta(days=n) for n in range((last - first).days))


@pytest.mark.timeout(1200 if SEEDS > 8 else 240)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_damaged_calendar_frees_no_night_without_evidence(tmp_path: Path, seed: int) -> None:
    """Every poll ends in an outcome, every refusal is named, the store is whole, and a night is
    free only by a word of the feed, or when believed answers have lacked it for long enough."""
    chance, damage = random.Random(seed), Damage(seed)
    feeds = real_feeds()
    name, real = feeds[seed % len(feeds)]
    channel = real["provider"] if real["provider"] in NAMEABLE else "other"
    body = (FEEDS / name).read_bytes()
    start = datetime.fromisoformat(real["fetched_on"]).replace(hour=10, tzinfo=UTC)
    zone = real["property_timezone"]
    with house(tmp_path, feeds={channel: ""}, timezone=zone, now=start) as home:
        home.polled(body, channel)
        lacking: dict[date, list[datetime]] = {}
        for _ in range(POLLS):
            before = home.taken().keys() - of_settings(home)
            now_says = body if chance.random() < 0.2 else damage.done_to(body)
            report = home.polled(now_says, channel, minutes=chance.choice((15, 30, 60, 400)))
            (polled,) = report.polls
            assert polled.finished.outcome in OUTCOMES
            assert polled.finished.outcome != "failed" or polled.finished.reason
            assert broken(home.store, home.vault, home.clock.now()) == []
            today = home.clock.now().date()
            if polled.finished.outcome != "failed":
                seen = shown(now_says, channel, today, zone)
                lacking = {
                    night: [*lacking.get(night, ()), home.clock.now()]
                    for night in before
                    if night not in seen
                }
            freed = {night for night in before - home.taken().keys() if night >= today}
            assert_freed_with_evidence(freed, report, lacking, home)


def of_settings(home: HouseUnderTest) -> set[date]:
    """The nights of a channel's own settings: each good answer replaces them whole."""
    return {
        night
        for one in home.bookings(kind="block")
        if (one["reason"] or "").startswith("rule_")
        for night in nights(date.fromisoformat(one["arrival"]), one["departure"])
    }


def assert_freed_with_evidence(
    freed: set[date], report: StepReport, lacking: dict[date, list[datetime]], home: HouseUnderTest
) -> None:
    (polled,) = report.polls
    if polled.finished.outcome == "failed":
        assert not freed
    said = night_set(nights for one in polled.changes for nights in let_go(one))
    assert freed <= said
    withdrawn = night_set(
        one.nights for one in polled.changes if one.change is ChangeKind.WITHDRAWN
    )
    for night in freed & withdrawn:
        times = lacking[night]
        assert len(times) >= 2
        assert times[-1] - times[0] >= timedelta(minutes=60)
    assert home.clock.now() == report.now


def let_go(change: Change) -> list[Any]:
    """The nights that a change may free: those that it ends, or that it moved away from."""
    if change.change not in FREED_BY:
        return []
    return [one for one in (change.nights, change.previous) if one is not None]
