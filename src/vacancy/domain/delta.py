"""The decision for a listing of changes alone: it adds, and releases nothing (rules 1 and 4).

What it lacks is neither missing nor seen, and no doubt moves on. Where it says that nights were
given up, only a whole answer frees them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from vacancy.domain.answer import Answer, take_apart
from vacancy.domain.claims import Snapshot
from vacancy.domain.diff import diff
from vacancy.domain.echoes import Sighting
from vacancy.domain.feed import FeedState, Settlement
from vacancy.domain.identity import names
from vacancy.domain.ledger import Ledger
from vacancy.domain.nights import night_set, runs


def settle_delta(
    state: FeedState, snapshot: Snapshot, now: datetime, today: date, new_id: Callable[[str], str]
) -> Settlement:
    """What a listing of changes adds. It `wants_whole` where it shows that something was given up:
    then the whole is read at once, and decides.
    """
    ledger = Ledger(state, now, today, new_id)
    answer = take_apart(state, snapshot, now, today)
    ledger.age_out()
    difference = diff(ledger.standing(), answer.own, today)
    shown = [fate for fate in difference.fates if not fate.lacking]
    for fate in shown:
        ledger.keep(fate, believed=False)
        ledger.hold(fate, fresh=False)
    for claim in difference.new:
        ledger.create(claim)
    ledger.settings(answer.rules, believed=False)
    ledger.echo(answer.echoes, believed=False)
    doubted = state.doubt is not None and state.doubt.open
    return Settlement(
        outcome="suspicious" if doubted else "fresh" if ledger.news() else "unchanged",
        claims=ledger.changed(),
        changes=tuple(ledger.changes),
        sightings=_sightings(state, answer, today),
        doubt=state.doubt,
        habits=state.habits,
        notices=(*ledger.notices, *answer.notices),
        waiting=True,
        wants_whole=_given_up(state, answer) or any(fate.lost or fate.freed for fate in shown),
    )


def _given_up(state: FeedState, answer: Answer) -> bool:
    """Whether something that stands is listed as canceled."""
    canceled = {name for claim in answer.canceled for name in (*names(claim), claim.uid)}
    return any(
        not canceled.isdisjoint((*names(known.said), known.said.uid))
        for known in state.known
        if known.stands
    )


def _sightings(state: FeedState, answer: Answer, today: date) -> tuple[Sighting, ...]:
    """What is shown, and what was: a listing of changes breaks no showing."""
    shown = night_set(sighting.nights for sighting in answer.sightings)
    kept = [
        replace(sighting, nights=left)
        for sighting in state.sightings
        for left in runs(n for n in sighting.nights if n not in shown and n >= today)
    ]
    return tuple(sorted((*answer.sightings, *kept), key=lambda one: one.nights))
