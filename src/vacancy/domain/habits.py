"""What a channel does with the export that it reads, learned from the stays it read (rules 6)."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, timedelta

from vacancy.domain.answer import Answer
from vacancy.domain.claims import ClaimStatus
from vacancy.domain.echoes import ExportReading, Publication
from vacancy.domain.feed import FeedState, Habits, counts_from
from vacancy.domain.nights import night_set

SHOWS_IMPORTS_AFTER = timedelta(hours=48)
SHOWS_OWN_AFTER = timedelta(hours=24)


def learn(state: FeedState, answer: Answer, now: datetime, today: date) -> Habits:
    """The habits after a believed answer; what is not in them is not known yet."""
    habits = {name: value for name, value in state.habits.items() if name != "empty"}
    if answer.empty:
        habits["empty"] = True
    if any(echo.proven for echo in answer.echoes):
        habits["shows_imports"] = True
    elif habits.get("shows_imports") is False and _shows_after_all(state, answer, now, today):
        del habits["shows_imports"]
    elif "shows_imports" not in habits:
        unseen = _not_shown(state, answer, today)
        if any(_settled(state, r, now, SHOWS_IMPORTS_AFTER) for r in unseen):
            habits["shows_imports"] = False
    own = [] if habits.get("shows_own") else _own_shown(state, answer, today)
    if any(_settled(state, r, now, SHOWS_OWN_AFTER) for r in own):
        habits["shows_own"] = True
    return habits


def pending(state: FeedState, answer: Answer, habits: Habits, today: date) -> bool:
    """Whether a stay that was read is still to be judged, so that time alone may teach."""
    if "shows_imports" not in habits and _not_shown(state, answer, today):
        return True
    return "shows_own" not in habits and bool(_own_shown(state, answer, today))


def _not_shown(state: FeedState, answer: Answer, today: date) -> list[ExportReading]:
    """The readings of stays of ours of which no night is shown, nor ever came back."""
    read = _read(state)
    if not read:
        return []
    shown = night_set(answer.ranges)
    echoed = {k.echo_of for k in state.known if k.echo_of is not None}
    found: list[ExportReading] = []
    for publication, reading in read:
        stay = state.our_stays.get(publication.stay_id)
        if stay is None or not stay.live or stay.stay_id in echoed:
            continue
        nights = {n for n in publication.nights if n >= today}
        if nights and not nights & shown:
            found.append(reading)
    return found


def _shows_after_all(state: FeedState, answer: Answer, now: datetime, today: date) -> bool:
    """A stay of ours that it had read appears, whole, in this very answer.

    That it may be a true double booking is why these nights stay its own; only the habit goes.
    """
    fresh = night_set(s.nights for s in answer.sightings if s.first_shown == now)
    shown = night_set(answer.ranges)
    for publication, reading in _read(state):
        nights = {n for n in publication.nights if n >= today}
        if nights and nights <= shown and nights & fresh and reading.first_at < now:
            return True
    return False


def _own_shown(state: FeedState, answer: Answer, today: date) -> list[ExportReading]:
    """The readings that closed nights of the channel's own stays, which it shows all the same."""
    if not state.history.readings:
        return []
    shown = night_set(answer.ranges)
    own = night_set(
        k.nights
        for k in state.known
        if k.status is ClaimStatus.LIVE and k.echo_of is None and not k.said.is_rule_block
    )
    since = {n: s.first_shown for s in state.sightings for n in s.nights}
    found: list[ExportReading] = []
    for publication, reading in _read(state):
        nights = {n for n in publication.nights if n >= today and n in own and n in since}
        if nights and nights <= shown and all(since[n] < reading.first_at for n in nights):
            found.append(reading)
    return found


def _read(state: FeedState) -> list[tuple[Publication, ExportReading]]:
    """Every publication that the last read version still held, with its first reading."""
    readings = sorted(state.history.readings, key=lambda r: r.version)
    if not readings:
        return []
    versions = [r.version for r in readings]
    return [
        (publication, readings[bisect_left(versions, publication.from_version)])
        for publication in state.history.publications
        if publication.in_version(versions[-1])
    ]


def _settled(state: FeedState, reading: ExportReading, now: datetime, span: timedelta) -> bool:
    """Whether this is at least the second good answer since the reading, and the span is over."""
    good, since = state.last_good_at, counts_from(state.habits, reading.first_at)
    return good is not None and good > since and now - since >= span
