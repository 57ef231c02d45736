"""The whole decision for one good answer of one feed (rules 1 to 6): values in, values out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from vacancy.domain.answer import Answer, outlived, take_apart
from vacancy.domain.claims import Change, ClaimStatus, Identity, KnownClaim, Reason, Snapshot
from vacancy.domain.diff import Diff, Fate, diff
from vacancy.domain.doubt import Doubt, Evidence, Verdict, decide, judge
from vacancy.domain.echoes import Sighting
from vacancy.domain.errors import Refused
from vacancy.domain.feed import (
    CLOCK_SET_AT,
    FeedState,
    Habits,
    Notice,
    Settlement,
    learned,
)
from vacancy.domain.habits import learn, pending
from vacancy.domain.identity import running
from vacancy.domain.ledger import Ledger
from vacancy.domain.nights import night_set, runs
from vacancy.domain.release import Absence, guest_is_in, mask_of, release_by_person

OUTLIVED_TOLD = timedelta(hours=24)


def settle(
    state: FeedState, snapshot: Snapshot, now: datetime, today: date, new_id: Callable[[str], str]
) -> Settlement:
    """What a complete answer changes. `today` is the property's local date.

    An unchanged answer is the same call with the same snapshot: whatever waits moves on. Ids for
    new claims and doubts are drawn by `new_id`, which is given their prefix.
    """
    ledger = Ledger(state, now, today, new_id)
    answer = take_apart(state, snapshot, now, today)
    ledger.age_out()
    ledger.cancel(answer.canceled, answer.own)
    difference = diff(ledger.standing(), answer.own, today, _tails(state))
    evidence = _evidence(state, answer, difference, _absence(ledger, answer))
    verdict = judge(state.doubt, evidence, state.rules, new_id)
    _apply(ledger, answer, difference, verdict)
    habits = learn(state, answer, now, today) if verdict.believed else state.habits
    return _settlement(ledger, answer, verdict, habits)


def _tails(state: FeedState) -> frozenset[date]:
    """The nights of the rolling tail of a channel that is known by its nights."""
    return night_set(
        k.nights
        for k in state.known
        if k.stands and k.said.reason is Reason.RULE_WINDOW and k.said.identity is Identity.NIGHTS
    )


def _evidence(state: FeedState, answer: Answer, difference: Diff, absence: Absence) -> Evidence:
    """What the answer lacks of what it ought to show."""
    now, today = absence.now, absence.today
    missing = [
        _masked(part, _hidden(state, part, absence))
        for fate in difference.fates
        for part in _lacks(fate, today)
    ]
    lacking = tuple(k for k in missing if _counts(k, today))
    hidden = {k.id for k in missing if k.masked}
    whole = [
        _masked(fate.known, fate.lacking and fate.known.id in hidden) for fate in difference.fates
    ]
    counted = [k for k in whole if _counts(k, today)]
    running_on = {k.id for k in lacking} - {k.id for k in counted}
    rules = night_set(k.nights for k in state.known if k.stands and k.said.is_rule_block)
    return Evidence(
        now=now,
        today=today,
        counted=(*counted, *(k for k in lacking if k.id in running_on)),
        lacking=lacking,
        missing=tuple(missing),
        empty=answer.empty,
        rule_nights=sum(night >= today for night in rules),
        flood=answer.flood,
        edited=state.address_changed,
        shown=answer.shown,
        sightings=answer.sightings,
    )


def _masked(known: KnownClaim, masked: bool) -> KnownClaim:
    return known if known.masked is masked else replace(known, masked=masked)


def _lacks(fate: Fate, today: date) -> list[KnownClaim]:
    """What the answer lacks of one claim: all of it, or nights that will be claims of their own."""
    if fate.lacking:
        return [fate.known] if fate.known.nights.departure > today else []
    known = fate.known
    return [replace(known, said=replace(known.said, nights=nights)) for nights in fate.lost]


def _counts(known: KnownClaim, today: date) -> bool:
    """Whether a claim is one that every whole answer must show; `masked` is that of the answer."""
    return not known.masked and known.nights.departure > today and not running(known.nights, today)


def _hidden(state: FeedState, known: KnownClaim, absence: Absence) -> bool:
    """Whether its absence proves nothing, since the channel had read all of its nights closed."""
    mask = mask_of(known, state.history, absence, learned(state.habits, "shows_own"))
    return bool(mask.nights) and all(n in mask.nights for n in known.nights if n >= absence.today)


def _apply(ledger: Ledger, answer: Answer, difference: Diff, verdict: Verdict) -> None:
    """Additions always; removals only where the answer is believed."""
    doubt = verdict.doubt
    kept = doubt.kept if doubt is not None else frozenset[str]()
    settled = doubt.believed if doubt is not None else frozenset[str]()
    absence = _absence(ledger, answer)
    plain = replace(absence, empty=False, first_empty=False)
    for fate in difference.fates:
        id_ = fate.known.id
        believed = verdict.believed and id_ not in kept
        ledger.keep(fate, believed=believed)
        if not believed:
            ledger.hold(fate, fresh=id_ in verdict.fresh)
        elif id_ in difference.replaced:
            ledger.replace_by_key(fate.known)
        else:
            ledger.lose(fate, plain if id_ in settled else absence)
    for claim in difference.new:
        ledger.create(claim)
    ledger.settings(answer.rules, believed=verdict.believed)
    ledger.echo(answer.echoes, believed=verdict.believed)


def _absence(ledger: Ledger, answer: Answer) -> Absence:
    was_empty = bool(learned(ledger.state.habits, "empty"))
    return Absence(
        ledger.now,
        ledger.today,
        ledger.state.last_good_at,
        empty=answer.empty,
        first_empty=answer.empty and not was_empty,
    )


def _settlement(ledger: Ledger, answer: Answer, verdict: Verdict, habits: Habits) -> Settlement:
    """One exit for the decision: what to store, whom to tell, and whether something waits."""
    notices = [*ledger.notices, *answer.notices, *_doubt_notices(verdict)]
    notices += [*_closed(ledger), *_outliving(ledger)]
    doubt = _with_pieces(verdict.doubt, ledger)
    doubted = doubt is not None and doubt.open
    learning = pending(ledger.state, answer, habits, ledger.today)
    waits = any(_waiting(ledger, k) for k in ledger.known.values() if k.stands)
    outcome = "suspicious" if doubted else "fresh" if ledger.news() else "unchanged"
    return Settlement(
        outcome=outcome,
        claims=ledger.changed(),
        changes=tuple(ledger.changes),
        sightings=_sightings(ledger, answer, verdict),
        doubt=doubt,
        habits=habits,
        alarm=verdict.alarm,
        notices=tuple(notices),
        waiting=doubt is not None or learning or waits,
    )


def _with_pieces(doubt: Doubt | None, ledger: Ledger) -> Doubt | None:
    """What is held, kept or given up stays so for the pieces that it was cut into."""
    if doubt is None:
        return None
    held, kept, believed = (
        (ids | ledger.pieces_of(ids)) - ledger.cut_up()
        for ids in (doubt.held, doubt.kept, doubt.believed)
    )
    if doubt.open:
        held |= ledger.kept_back
    return replace(doubt, held=held, kept=kept, believed=believed)


def _sightings(ledger: Ledger, answer: Answer, verdict: Verdict) -> tuple[Sighting, ...]:
    """An answer that is not believed breaks no showing."""
    if verdict.believed:
        return answer.sightings
    shown = night_set(s.nights for s in answer.sightings)
    kept = [
        replace(s, nights=r)
        for s in ledger.state.sightings
        for r in runs(n for n in s.nights if n not in shown and n >= ledger.today)
    ]
    return tuple(sorted((*answer.sightings, *kept), key=lambda s: s.nights))


def _doubt_notices(verdict: Verdict) -> list[Notice]:
    if not verdict.remind:
        return []
    text = "Stays are missing from this calendar, and it waits for you to accept or reject that."
    return [Notice("suspicious_reminder", text)]


def _closed(ledger: Ledger) -> list[Notice]:
    """Two answers agreed that every free night is closed: a listing snoozed or unlisted."""
    now = {k.id for k in ledger.known.values() if _is_closure(k)}
    if not now or any(_is_closure(k) for k in ledger.state.known):
        return []
    text = (
        "The channel closed every free night of the year, as for a snoozed listing. Other channels"
        " were left open: add a block if the unit is closed everywhere."
    )
    return [Notice("rule_closed", text, min(now))]


def _is_closure(known: KnownClaim) -> bool:
    return known.stands and known.said.reason is Reason.RULE_CLOSED


def _outliving(ledger: Ledger) -> list[Notice]:
    """Nights that are shown a day after our own stay there ended: the channel's own, by now."""
    good = ledger.state.last_good_at
    text = "The channel still closes nights of a stay that ended: open them there if they are free."
    return [
        Notice("echo_outlived", text, k.id)
        for k in ledger.standing()
        if outlived(k) and good is not None
        if good - k.first_seen < OUTLIVED_TOLD <= ledger.now - k.first_seen
    ]


def _waiting(ledger: Ledger, known: KnownClaim) -> bool:
    """Whether time, or a reading of our export, may still change what this claim is."""
    if known.echo_of is not None:
        stay = ledger.state.our_stays.get(known.echo_of)
        if stay is None or not known.proven:
            return True
        return not all(stay.holds(n) for n in known.nights if n >= ledger.today)
    if known.status is ClaimStatus.MISSING:
        return not guest_is_in(known, ledger.today) or known.absences < 2
    return outlived(known) and ledger.now - known.first_seen < OUTLIVED_TOLD


def decide_doubt(
    state: FeedState, *, accept: bool, now: datetime, answer: str | None = None
) -> Settlement:
    """A person's word on the feed's doubt. Accepting withdraws at once what it held.

    `answer` is the digest of the answer that the person was shown; Refused when it is stale.
    """
    if state.doubt is None:
        raise Refused("not_suspicious", "this feed is not suspicious: there is nothing to decide")
    doubt = decide(state.doubt, accept=accept, now=now, answer=answer)
    gone: tuple[KnownClaim, ...] = ()
    changes: tuple[Change, ...] = ()
    if accept:
        waiting = state.doubt.held | state.doubt.kept
        gone, changes = release_by_person((k for k in state.known if k.id in waiting), now)
    return Settlement("fresh", gone, changes, state.sightings, doubt, state.habits, waiting=True)


def start_anew(state: FeedState, now: datetime) -> FeedState:
    """Every span under way begins again, as when the clock jumped to `now` (rules 9)."""
    known = tuple(
        replace(k, missing_since=None, absences=0) if k.status is ClaimStatus.MISSING else k
        for k in state.known
    )
    doubt = state.doubt
    if doubt is not None and doubt.open:
        doubt = replace(doubt, agreeing_since=None)
    habits = {**state.habits, CLOCK_SET_AT: now.isoformat()}
    return replace(state, known=known, doubt=doubt, habits=habits)
