"""docs/events.md says what is: its examples are what the house writes, its consumer works."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from flows.serving import free_port, until
from notifier.endpoints import Telling
from vacancy.domain.claims import Kind
from vacancy.domain.conflicts import ConflictKind
from vacancy.domain.events import EventType, conflict_data, health_fact, reading_fact, stay_data
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Conflict, ConflictStatus, Span, Stay, StayStatus
from vacancy.domain.webhooks import MOST_OF_PROPERTY, STEPS
from vacancy.services import webhooks
from vacancy.store.session import Store

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)


def catalogue() -> dict[str, dict[str, Any]]:
    """The example of each type."""
    found = re.findall(r"### `([a-z_.]+)`\n\n.+?```json\n(.+?)```", PAGE, re.DOTALL)
    return {kind: json.loads(example) for kind, example in found}


def test_every_type_has_its_example() -> None:
    """No more and no less, each under its own name."""
    examples = catalogue()
    assert set(examples) == set(EventType)
    assert all(example["type"] == kind for kind, example in examples.items())


def written() -> dict[str, set[str]]:
    """The names that each kind of thing has in an event, as the house writes it."""
    nights = Nights(date(2027, 2, 3), date(2027, 2, 5))
    span = Span(nights, NOW)
    stay = Stay("s", "u", Kind.RESERVATION, None, StayStatus.CONFIRMED, "airbnb", "f", (span,), NOW)
    status, kind = ConflictStatus.OPEN, ConflictKind.DOUBLE_BOOKING
    conflict = Conflict("c", "u", kind, status, "a", "b", (date(2027, 2, 3),), NOW)
    health = health_fact("u", "f", "ok", "failing")
    assert health is not None
    reading = reading_fact("u", "e", "airbnb", unread=True)
    return {
        "booking": set(stay_data(stay)),
        "block": set(stay_data(stay)),
        "hold": set(stay_data(stay)),
        "conflict": set(conflict_data(conflict, date(2027, 1, 10))),
        "feed": set(health.data),
        "export": set(reading.data) | {"last_read_at"},
    }


def test_examples_are_what_the_house_writes() -> None:
    """Each has the names that such an event has; what changed is part of the thing."""
    names = written()
    for kind, example in catalogue().items():
        noun = kind.partition(".")[0]
        if noun in names and kind != EventType.FEED_SUSPICIOUS:
            assert set(example["data"]) == names[noun], kind
        assert set(example["previous"] or {}) <= set(example["data"]), kind
        for name, before in (example["previous"] or {}).items():
            assert example["data"][name] != before, kind


def test_the_numbers_are_those_of_the_house() -> None:
    """The steps, and how many webhooks a property may have."""
    told = re.search(r"made again after (.+?), each 20 %", PAGE, re.DOTALL)
    assert told is not None
    units = {"s": 1, "min": 60, "h": 3600}
    steps = [
        int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", told[1])
    ]
    assert steps == [step.total_seconds() for step in STEPS[1:]]
    assert MOST_OF_PROPERTY == 3
    assert "(three\nof each property)" in PAGE


@pytest.mark.timeout(60)
def test_the_consumer_works(sqlite_store: Store, tmp_path: Path) -> None:
    """As printed: it takes each event once, however often it comes, and refuses a forged one."""
    (program,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    assert len(program.splitlines()) <= 40
    (tmp_path / "consumer.py").write_text(program)
    port, telling = free_port(), Telling(sqlite_store)
    telling.allowed, telling.clock.at = [f"127.0.0.1:{port}"], datetime.now(UTC)
    url = f"http://127.0.0.1:{port}/"
    with sqlite_store.write() as session:
        wish = {"url": url, "types": [], "property_id": None}
        ways = (telling.vault, telling.allowed)
        hook = webhooks.create(session, telling.account_id, wish, ways, telling.at())
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": hook["secret"]}
    process = subprocess.Popen([sys.executable, "consumer.py"], cwd=tmp_path, env=environment)
    try:
        until(lambda: forged(url) == 401, "it listens, and takes nothing unsigned")
        ids = telling.facts(3)
        telling.step()
        again(telling, hook["id"])
        assert telling.step() == 3
    finally:
        process.kill()
        process.wait()
    assert [one["state"] for one in telling.deliveries(hook["id"])] == ["delivered"] * 3
    with sqlite3.connect(tmp_path / "events.db") as kept:
        assert sorted(row[0] for row in kept.execute("SELECT id FROM event")) == sorted(ids)
    kept.close()


def again(telling: Telling, webhook_id: str) -> None:
    span = {"since": NOW.replace(year=2020), "until": NOW.replace(year=2100)}
    wish = {**span, "undelivered_only": False}
    with telling.store.write() as session:
        webhooks.redeliver_span(session, telling.account_id, webhook_id, wish, telling.at())


def forged(url: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b"{}"), timeout=5) as answer:
            return answer.status
    except HTTPError as refused:
        return refused.code
    except OSError:
        return 0
