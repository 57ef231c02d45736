"""Readings: who counts as a reader, and when a reading is written down."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest

from exporting import NOW, House, a_house
from vacancy.publisher.readings import MOST_READERS, OTHERS, Readings, reader_of
from vacancy.store import exports
from vacancy.store.session import Store

IMPORTERS = {
    "Google-Calendar-Importer": "Google-Calendar-Importer",
    "Airbnb/1.0": "Airbnb",
    "Booking.com iCal importer 2.3": "Booking.com iCal importer",
    "Mozilla/5.0 (compatible; HomeAwayCalendar/3.1; +http://example.com)": "HomeAwayCalendar",
    "Mozilla/5.0": "Mozilla",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro)": "Microsoft Office",
    "macOS/13.4 (22F66) CalendarAgent/988": "macOS CalendarAgent",
    "iOS/17.0 (21A329) dataaccessd/1.0": "iOS dataaccessd",
    "python-requests/2.31.0": "python-requests",
    "Java/17.0.1": "Java",
    "": "unnamed",
    "1.2.3": "unnamed",
    "Évil\r\nagent/1 \x00": "vil agent",
    "x" * 500: "x" * 60,
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0": (
        "Mozilla Gecko Thunderbird"
    ),
}

BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
]


@pytest.mark.parametrize(("agent", "reader"), IMPORTERS.items())
def test_an_importer_is_a_reader_by_name_without_versions(agent: str, reader: str) -> None:
    """A new release of an importer is the same reader; a name is short and plain."""
    assert reader_of(agent) == reader


@pytest.mark.parametrize("agent", BROWSERS)
def test_a_browser_is_no_reader(agent: str) -> None:
    """A host who looks at an export proves nothing about the channel."""
    assert reader_of(agent) is None


def test_vacancy_itself_is_no_reader() -> None:
    """Checking our own address is no proof either."""
    assert reader_of("Vacancy/0.1 (+https://example.com)") is None


class Noted:
    """Readings of one export in a store."""

    def __init__(self, store: Store) -> None:
        self.house: House = a_house(store)
        self.store = store
        self.readings = Readings(random.Random(5).randbytes)
        with store.read() as session:
            self.export_id = self.house.export(session).id

    def note(self, version: int = 1, reader: str = "Airbnb", seconds: float = 0) -> None:
        self.readings.note(self.export_id, version, reader, NOW + timedelta(seconds=seconds))

    def flush(self, seconds: float, *, repeats: bool = False) -> int:
        at = NOW + timedelta(seconds=seconds)
        return self.readings.flush(self.store, at, repeats=repeats)

    def written(self) -> list[tuple[int, str, int]]:
        with self.store.read() as session:
            rows = exports.readings(session, self.export_id)
        return [(row.version, row.reader, row.count) for row in rows]


@pytest.fixture
def noted(store: Store) -> Noted:
    return Noted(store)


def test_the_first_reading_of_a_version_is_written_at_once(noted: Noted) -> None:
    """The next flush writes it, each version and reader anew."""
    noted.note()
    assert noted.flush(1) == 1
    noted.note(version=2, seconds=2)
    noted.note(version=2, reader="Google", seconds=2)
    assert noted.flush(3) == 2
    assert noted.written() == [(1, "Airbnb", 1), (2, "Airbnb", 1), (2, "Google", 1)]


def test_repeats_are_gathered_for_a_minute(noted: Noted) -> None:
    """Fifty readings of a version in a minute are two writes."""
    noted.note()
    noted.flush(1)
    for second in range(2, 52):
        noted.note(seconds=second)
        assert noted.flush(second) == 0
    assert noted.flush(61) == 1
    assert noted.written() == [(1, "Airbnb", 51)]
    with noted.store.read() as session:
        (row,) = exports.readings(session, noted.export_id)
    assert (row.first_at, row.last_at) == (NOW, NOW + timedelta(seconds=51))


def test_a_graceful_stop_writes_repeats_too(noted: Noted) -> None:
    """Nothing gathered is lost by a stop."""
    noted.note()
    noted.flush(1)
    noted.note(seconds=2)
    assert noted.flush(3, repeats=True) == 1
    assert noted.written() == [(1, "Airbnb", 2)]


def test_nothing_noted_opens_no_transaction(noted: Noted) -> None:
    """An idle second costs nothing: even a closed store would do."""
    noted.store.write = None  # type: ignore[assignment, method-assign]
    assert noted.flush(1) == 0


def test_a_clock_put_back_does_not_hold_repeats_back(noted: Noted) -> None:
    """They are written at once rather than when the clock has caught up."""
    noted.note()
    noted.flush(1)
    noted.note(seconds=2)
    assert noted.flush(-3600) == 1


def test_a_failing_store_loses_no_reading(noted: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes through; what was gathered meanwhile is added."""

    def down() -> None:
        raise OSError("the disk is full")

    noted.note()
    with monkeypatch.context() as patched:
        patched.setattr(noted.store, "write", down)
        with pytest.raises(OSError, match="disk"):
            noted.flush(1)
    noted.note(seconds=5)
    assert noted.flush(6) == 1
    assert noted.written() == [(1, "Airbnb", 2)]


def test_readers_beyond_a_bound_are_one(noted: Noted) -> None:
    """Whoever has a token cannot fill the store with names."""
    for at in range(MOST_READERS + 20):
        noted.note(reader=f"reader {at}")
    noted.flush(1)
    assert len(noted.written()) == MOST_READERS + 1
    assert (1, OTHERS, 20) in noted.written()


def test_notes_of_many_threads_are_all_counted(noted: Noted) -> None:
    """While a flush runs, too."""

    def note_many() -> None:
        for _ in range(500):
            noted.note()

    threads = [threading.Thread(target=note_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for second in range(5):
        noted.flush(second, repeats=True)
    for thread in threads:
        thread.join()
    noted.flush(9, repeats=True)
    assert noted.written() == [(1, "Airbnb", 2000)]
