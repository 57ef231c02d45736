"""What a channel does with the export that it reads, learned from the stays it read (RULES 6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from vacancy.domain.answer import Answer
from vacancy.domain.claims import ClaimStatus
from vacancy.domain.echoes import ExportReading, Publication
from vacancy.domain.feed import FeedState, Habits
from vacancy.domain.nights import night_set

SHOWS_IMPORTS_AFTER = timedelta(hours=48)
SHOWS_OWN_AFTER = timedelta(hours=24)


def learn(state: FeedState, answer: Answer, now: datetime, today: date) -> Habits:
    """The habits after a believed answer; what is not in them is not known yet."""
    habits = {name: value for name, value in state.habits.items() if name != "empty"}
    if answer.empty:
        habits["empty"] = True
    shown = night_set(answer.ranges)
    if any(echo.proven for echo in answer.echoes):
        habits["shows_imports"] = True
    elif "shows_imports" not in habits and _ignores(state, shown, now, today):
        habits["shows_imports"] = False
    if "shows_own" not in habits and _goes_on(state, shown, now, today):
        habits["shows_own"] = True
    return habits


def learning(state: FeedState, habits: Habits) -> bool:
    """Whether something read is still to be judged, so that time alone may teach."""
    return bool(state.history.readings) and (
        "shows_imports" not in habits or "shows_own" not in habits
    )


def _ignores(state: FeedState, shown: frozenset[date], now: datetime, today: date) -> bool:
    """A stay of ours was read, and for two good answers and 48 h none of its nights is shown."""
    for publication, reading in _read(state):
        stay = state.our_stays.get(publication.stay_id)
        nights = {n for n in publication.nights if n >= today}
        if stay is None or not stay.live or not nights or nights & shown:
            continue
        if _settled(state, reading, now, SHOWS_IMPORTS_AFTER):
            return True
    return False


def _goes_on(state: FeedState, shown: frozenset[date], now: datetime, today: date) -> bool:
    """Its own stay's nights were closed by a version it read, and it still shows them all."""
    own = night_set(
        k.nights
        for k in state.known
        if k.status is ClaimStatus.LIVE and k.echo_of is None and not k.said.is_rule_block
    )
    since = {n: s.first_shown for s in state.sightings for n in s.nights}
    for publication, reading in _read(state):
        nights = {
            n
            for n in publication.nights
            if n >= today and n in own and n in since and since[n] < reading.first_at
        }
        if nights and nights <= shown and _settled(state, reading, now, SHOWS_OWN_AFTER):
            return True
    return False


def _read(state: FeedState) -> list[tuple[Publication, ExportReading]]:
    """Every publication that the last read version still held, with its first reading."""
    last = max((r.version for r in state.history.readings), default=None)
    if last is None:
        return []
    found: list[tuple[Publication, ExportReading]] = []
    for publication in state.history.publications:
        readings = [r for r in state.history.readings if publication.in_version(r.version)]
        if readings and publication.in_version(last):
            found.append((publication, min(readings, key=lambda r: r.version)))
    return found


def _settled(state: FeedState, reading: ExportReading, now: datetime, span: timedelta) -> bool:
    """Whether this is at least the second good answer since the reading, and the span is over."""
    good = state.last_good_at
    return good is not None and good > reading.first_at and now - reading.first_at >= span
