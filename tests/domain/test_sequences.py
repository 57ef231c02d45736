"""Real successions of fetches: no taken night is freed, each real cancellation is told once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.planning import Feed
from vacancy.domain.claims import Claim, Identity, Kind, Reason, Snapshot
from vacancy.domain.feed import FeedState
from vacancy.domain.nights import Nights, night_set
from vacancy.domain.release import ReleaseRules
from vacancy.domain.settle import settle

FEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
SEQUENCES: dict[str, Any] = (
    json.loads((FEEDS / "SEQUENCES.json").read_text()) if FEEDS.exists() else {}
)
SLOW = ReleaseRules(absences=3, span=timedelta(hours=6))

pytestmark = pytest.mark.skipif(not SEQUENCES, reason="no shared/feeds beside the project")


def _claim(row: dict[str, str]) -> Claim:
    """A claim as the channels' profiles would read it: Airbnb by key, Booking.com by nights."""
    wordless = row["uid"].endswith("@booking.com")
    kind = Kind(row["kind"])
    identity = Identity.NIGHTS if wordless else Identity.HINT
    if kind is Kind.RESERVATION and not wordless:
        identity = Identity.KEY
    return Claim(
        uid=row["uid"],
        nights=Nights(date.fromisoformat(row["arrival"]), date.fromisoformat(row["departure"])),
        kind=kind,
        reason=None if kind is Kind.RESERVATION else Reason.OWNER,
        provider="booking_com" if wordless else "airbnb",
        rule="as read",
        identity=identity,
        key=row["uid"] if identity is Identity.KEY else None,
        worded=not wordless,
    )


def _play(name: str) -> list[tuple[Feed, frozenset[date]]]:
    """The feed after each fetch at its own time, with the nights that the fetch shows closed."""
    sequence = SEQUENCES[name]
    zone = ZoneInfo(sequence["property_timezone"])
    rules = SLOW if sequence["provider"] == "booking.com" else ReleaseRules()
    feed = Feed(FeedState("feed_1", rules=rules))
    seen: list[tuple[Feed, frozenset[date]]] = []
    for fetch in sequence["fetches"]:
        feed.now = datetime.fromisoformat(fetch["fetched_at"])
        feed.today = feed.now.astimezone(zone).date()
        claims = tuple(_claim(row) for row in fetch["reads_as"])
        feed.take(settle(feed.state, Snapshot(claims), feed.now, feed.today, feed.new_id))
        shown = frozenset(n for n in night_set(c.nights for c in claims) if n >= feed.today)
        seen.append((replace(feed, log=list(feed.log)), shown))
    return seen


@pytest.mark.parametrize("name", SEQUENCES)
def test_no_taken_night_is_freed(name: str) -> None:
    """A night that this fetch shows, or that the last one and the next one show, stays closed."""
    played = _play(name)
    flood = "all_gaps" in name
    for place, (feed, shown) in enumerate(played):
        if not (flood and place == 1):
            assert shown <= feed.taken
    for (_, before), (feed, _), (_, after) in zip(played, played[1:], played[2:], strict=False):
        if not flood:
            assert {n for n in before & after if n >= feed.today} <= feed.taken


@pytest.mark.parametrize("name", SEQUENCES)
def test_nothing_is_told_twice(name: str) -> None:
    """Each cancellation is reported once, and none that the last fetch shows live."""
    feed, _ = _play(name)[-1]
    gone = Counter(c.uid for c in feed.log if c.change.value in ("canceled", "withdrawn"))
    shown = {row["uid"] for row in SEQUENCES[name]["fetches"][-1]["reads_as"]}
    assert all(times == 1 for times in gone.values())
    assert not {u for u in gone if "1418fb94e984" in u} & shown


def _reports(name: str) -> Counter[str]:
    feed, _ = _play(name)[-1]
    return Counter(c.change.value for c in feed.log)


@pytest.mark.parametrize(
    "name",
    [
        "seq_real_airbnb_empty_200",
        "seq_real_booking_partial_drop",
        "seq_real_booking_empty_one_hour",
    ],
)
def test_one_bad_answer_frees_nothing(name: str) -> None:
    """An empty or a partial calendar holds everything, and the next one is as before."""
    told = _reports(name)
    assert not told["withdrawn"] and not told["canceled"]
    for (_, shown), (feed, _) in pairwise(_play(name)):
        assert {n for n in shown if n >= feed.today} <= feed.taken


def test_a_flood_closes_nothing_elsewhere() -> None:
    """One fetch with every gap blocked leaves the nights as they were."""
    (first, _), (second, _), (third, _) = _play("seq_real_airbnb_all_gaps_blocked")
    assert second.last is not None and second.last.outcome == "suspicious" and second.last.alarm
    assert second.taken <= first.taken
    assert third.state.doubt is None


def test_the_cancellation_is_told_and_the_nights_stay_closed() -> None:
    """A reservation vanished, and a day later a block stands there: withdrawn, never free."""
    played = _play("seq_real_airbnb_cancelled_then_blocked")
    stay = Nights(date(2025, 7, 15), date(2025, 7, 19))
    assert all(set(stay) <= feed.taken for feed, _ in played)
    told = [(c.change.value, c.kind.value) for c in played[-1][0].log if c.nights == stay]
    assert told == [
        ("created", "reservation"),
        ("missing", "reservation"),
        ("withdrawn", "reservation"),
        ("created", "block"),
    ]


def test_merging_and_splitting_is_no_change() -> None:
    """Back-to-back stays that merge and split again change nothing but the season's tail."""
    feed, _ = _play("seq_real_booking_merge_split")[-1]
    assert {c.change.value for c in feed.log} == {"created", "updated"}
    assert len([c for c in feed.log if c.change.value == "updated"]) == 1


def test_a_running_stay_keeps_its_arrival_and_grows() -> None:
    """Cut to today each night, extended twice: one stay from its first arrival."""
    feed, _ = _play("seq_real_booking_stay_cut_each_day")[-1]
    assert feed.standing[0].nights == Nights(date(2025, 11, 30), date(2025, 12, 8))


def test_a_running_block_keeps_its_arrival() -> None:
    """A block that is cut day by day under new UIDs stays one block, and ages out."""
    feed, _ = _play("seq_real_airbnb_past_block_cut")[3]
    assert Nights(date(2025, 7, 4), date(2025, 7, 9)) in [k.nights for k in feed.standing]
    end, _ = _play("seq_real_airbnb_past_block_cut")[4]
    assert ("aged_out", "block") in [(c.change.value, c.kind.value) for c in end.log]


def test_a_move_beyond_the_year_is_reinstated_or_moved() -> None:
    """The same UID a year later is the same stay, whatever was reported between."""
    (first, _), _, (last, _) = _play("seq_real_airbnb_moved_beyond_one_year")
    stays = {k.said.uid: k.id for k in first.standing}
    moved = next(k for k in last.standing if k.nights.arrival == date(2027, 5, 12))
    assert stays[moved.said.uid] == moved.id


def test_a_blip_is_held_by_the_slower_release() -> None:
    """Fifteen hours away and back under the same UID: never freed, never told canceled."""
    told = _reports("seq_real_booking_vanish_return")
    assert told["missing"] == 1 and not told["withdrawn"]
