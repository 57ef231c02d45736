"""The whole decision for one good answer of one feed (RULES 1 to 6): values in, values out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from vacancy.domain.answer import Answer, outlived, take_apart
from vacancy.domain.claims import Change, ClaimStatus, Identity, KnownClaim, Reason, Snapshot
from vacancy.domain.diff import Diff, diff
from vacancy.domain.doubt import Evidence, Verdict, decide, judge
from vacancy.domain.echoes import Sighting
from vacancy.domain.errors import Refused
from vacancy.domain.feed import FeedState, Habits, Notice, Settlement
from vacancy.domain.habits import learn, learning
from vacancy.domain.identity import running
from vacancy.domain.ledger import Ledger
from vacancy.domain.nights import night_set, runs
from vacancy.domain.release import Absence, guest_is_in, release_by_person

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
    evidence = _evidence(state, answer, difference, (now, today))
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


def _evidence(
    state: FeedState, answer: Answer, difference: Diff, moment: tuple[datetime, date]
) -> Evidence:
    """What the answer lacks of what it ought to show."""
    now, today = moment
    missing = [f.known for f in difference.fates if f.lacking and f.known.nights.departure > today]
    lacking = {k.id for k in missing}
    counted = [f.known for f in difference.fates if _counts(f.known, today)]
    rules = night_set(k.nights for k in state.known if k.stands and k.said.is_rule_block)
    return Evidence(
        now=now,
        today=today,
        counted=tuple(counted),
        lacking=tuple(k for k in counted if k.id in lacking),
        missing=tuple(missing),
        empty=answer.empty,
        rule_nights=sum(night >= today for night in rules),
        flood=answer.flood,
        edited=state.address_changed,
        digest=answer.digest,
    )


def _counts(known: KnownClaim, today: date) -> bool:
    """Whether a claim is one that every whole answer must show."""
    return not known.masked and known.nights.departure > today and not running(known.nights, today)


def _apply(ledger: Ledger, answer: Answer, difference: Diff, verdict: Verdict) -> None:
    """Additions always; removals only where the answer is believed."""
    for fate in difference.fates:
        if fate.lacking and fate.known.id in difference.replaced and verdict.believed:
            ledger.replace_by_key(fate.known)
        elif not fate.lacking:
            ledger.keep(fate, believed=verdict.believed)
    for claim in difference.new:
        ledger.create(claim)
    _lose(ledger, answer, difference, verdict)
    ledger.settings(answer.rules, believed=verdict.believed)
    ledger.echo(answer.echoes, believed=verdict.believed)


def _lose(ledger: Ledger, answer: Answer, difference: Diff, verdict: Verdict) -> None:
    """What the answer lacks: held while it is doubted, else missing and in time withdrawn."""
    state, doubt = ledger.state, verdict.doubt
    kept = doubt.kept if doubt is not None else frozenset[str]()
    settled = doubt.believed if doubt is not None else frozenset[str]()
    absence = Absence(
        ledger.now,
        ledger.today,
        state.last_good_at,
        empty=answer.empty,
        first_empty=answer.empty and not state.habits.get("empty"),
    )
    plain = replace(absence, empty=False, first_empty=False)
    for fate in difference.fates:
        known = fate.known
        if not verdict.believed or (fate.lacking and known.id in kept):
            if fate.lacking:
                ledger.hold(known, fresh=known.id in verdict.fresh)
        elif known.id not in difference.replaced:
            ledger.lose(fate, plain if known.id in settled else absence)


def _settlement(ledger: Ledger, answer: Answer, verdict: Verdict, habits: Habits) -> Settlement:
    """One exit for the decision: what to store, whom to tell, and whether something waits."""
    notices = [*ledger.notices, *answer.notices, *_doubt_notices(verdict), *_outliving(ledger)]
    doubted = verdict.doubt is not None and verdict.doubt.open
    outcome = "suspicious" if doubted else "fresh" if ledger.news() else "unchanged"
    return Settlement(
        outcome=outcome,
        claims=ledger.changed(),
        changes=tuple(ledger.changes),
        sightings=_sightings(ledger, answer, verdict),
        doubt=verdict.doubt,
        habits=habits,
        alarm=verdict.alarm,
        notices=tuple(notices),
        waiting=verdict.doubt is not None or learning(ledger.state, habits) or _waits(ledger),
    )


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


def _waits(ledger: Ledger) -> bool:
    """Whether time alone may still change something."""
    return any(_waiting(ledger, k) for k in ledger.known.values() if k.stands)


def _waiting(ledger: Ledger, known: KnownClaim) -> bool:
    if known.echo_of is not None:
        stay = ledger.state.our_stays.get(known.echo_of)
        over = stay is None or not all(stay.holds(n) for n in known.nights if n >= ledger.today)
        return over or not known.proven
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


def start_anew(state: FeedState) -> FeedState:
    """Every span under way begins again, as when the clock jumped (RULES 9)."""
    known = tuple(
        replace(k, missing_since=None, absences=0) if k.status is ClaimStatus.MISSING else k
        for k in state.known
    )
    doubt = state.doubt
    if doubt is not None and doubt.open:
        doubt = replace(doubt, agreeing_since=None)
    return replace(state, known=known, doubt=doubt)
