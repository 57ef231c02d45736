"""Whatever a feed answers: nothing is freed without evidence, and twice changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.planning import TODAY, Feed, block, closed, reservation
from vacancy.domain.claims import Claim, ClaimStatus, Kind
from vacancy.domain.diff import diff
from vacancy.domain.identity import names
from vacancy.domain.nights import night_set

EXAMPLES = 1000 if os.environ.get("VACANCY_PROOF") else 60
MANY = settings(max_examples=EXAMPLES, deadline=None)
FEW = settings(max_examples=EXAMPLES // 4, deadline=None)

HOME, AWAY, MOVED, SHORT = "home", "away", "moved", "short"
SLOTS = [(-2, 3), (3, 4), (4, 6), (9, 12), (12, 14), (20, 27), (30, 33), (40, 41)]
MAKERS: list[Callable[..., Claim]] = [reservation, block, closed]

makers = st.sampled_from(MAKERS)
gaps = st.sampled_from([5, 15, 45, 60, 180, 400, 1500])
slot = st.sampled_from([HOME] * 5 + [AWAY] * 2 + [MOVED, SHORT])
whole = st.lists(slot, min_size=len(SLOTS), max_size=len(SLOTS))
same = st.just([HOME] * len(SLOTS))
nothing = st.just([AWAY] * len(SLOTS))
steps = st.lists(st.tuples(gaps, st.one_of(whole, whole, same, nothing)), min_size=2, max_size=14)


def _shown(maker: Callable[..., Claim], row: list[str], today: date) -> list[Claim]:
    """The entries of one answer: each slot at home, away, moved a season on, or a night shorter."""
    found: list[Claim] = []
    for place, (state, (first, last)) in enumerate(zip(row, SLOTS, strict=True)):
        if state == AWAY:
            continue
        shift = 100 if state == MOVED else 0
        end = last - 1 if state == SHORT and last - first > 1 else last
        claim = maker(first + shift, end + shift, f"slot{place}")
        if claim.nights.departure >= today:
            found.append(claim)
    return found


@dataclass
class Witness:
    """Knows rule 4 and 5 from outside: it sees answers and closed nights, and nothing else."""

    answers: list[tuple[datetime, frozenset[date]]] = field(default_factory=list)

    def absent_for(self, night: date) -> tuple[int, timedelta]:
        """In how many of the last answers the night was not shown, and over which time."""
        times: list[datetime] = []
        for at, shown in reversed(self.answers):
            if night in shown:
                break
            times.append(at)
        return len(times), times[0] - times[-1] if times else timedelta()


def _too_much(feed: Feed, shown: list[Claim], witness: Witness) -> bool:
    """Rule 5 in its plain form: three or more are gone, and a third of them all.

    What a day of answers agreed on counts no more, and the pieces of one stay are one.
    """
    ids = frozenset[str]().union(*(names(c) for c in shown))
    nights = night_set(c.nights for c in shown)
    day = timedelta(hours=24)
    live = [
        k
        for k in feed.standing
        if k.nights.arrival > feed.today
        and not all(witness.absent_for(n)[1] >= day for n in k.nights)
    ]
    gone = [k for k in live if not (names(k.said) & ids) and not any(n in nights for n in k.nights)]
    stays_gone, stays = ({k.stay_id for k in some} for some in (gone, live))
    return len(stays_gone) >= 3 and len(stays_gone) * 3 >= len(stays)


@MANY
@given(makers, steps)
def test_no_night_is_freed_without_evidence(
    maker: Callable[..., Claim], story: list[tuple[int, list[str]]]
) -> None:
    """A night is freed after 2 answers over 60 minutes, by a move under a key, or never."""
    feed, witness = Feed(), Witness()
    feed.answers(*_shown(maker, [HOME] * len(SLOTS), feed.today))
    for gap, row in story:
        feed.wait(timedelta(minutes=gap))
        shown = _shown(maker, row, feed.today)
        witness.answers.append((feed.now, night_set(c.nights for c in shown)))
        before = {n: k for k in feed.standing for n in k.nights if n >= feed.today}
        doubted = _too_much(feed, shown, witness)
        settled = feed.answers(*shown, after=timedelta())
        ids = frozenset[str]().union(*(names(c) for c in shown))
        for night, known in before.items():
            if night in feed.taken:
                continue
            if names(known.said) & ids:
                assert settled.outcome != "suspicious"
                continue
            times, span = witness.absent_for(night)
            assert times >= 2 and span >= timedelta(minutes=60)
            running = known.nights.arrival <= feed.today
            assert not (running and known.said.kind is Kind.RESERVATION)
            if doubted:
                assert span >= timedelta(hours=24)
        assert night_set(c.nights for c in shown) & {n for n in feed.taken} >= {
            n for c in shown for n in c.nights if n >= feed.today
        }


@MANY
@given(makers, steps)
def test_polling_twice_changes_nothing(
    maker: Callable[..., Claim], story: list[tuple[int, list[str]]]
) -> None:
    """The same answer at the same moment reports nothing and stores no claim but a wait's count."""
    feed = Feed()
    for gap, row in story:
        feed.wait(timedelta(minutes=gap))
        shown = _shown(maker, row, feed.today)
        first = feed.answers(*shown, after=timedelta())
        taken, standing = feed.taken, [(k.id, k.nights, k.status) for k in feed.standing]
        again = feed.answers(*shown, after=timedelta())
        assert not again.changes and not again.alarm and again.outcome != "fresh"
        assert feed.taken == taken
        assert [(k.id, k.nights, k.status) for k in feed.standing] == standing
        if not first.waiting:
            assert not again.claims


@MANY
@given(makers, whole, whole)
def test_applying_a_diff_shows_the_answer(
    maker: Callable[..., Claim], one: list[str], other: list[str]
) -> None:
    """What is held and new, less what goes missing, is exactly what the answer shows to come."""
    feed = Feed()
    feed.answers(*_shown(maker, one, TODAY))
    shown = _shown(maker, other, TODAY)
    difference = diff(feed.standing, shown, TODAY)
    held = [n for f in difference.fates if not f.lacking for r in f.holds for n in r]
    new = [n for c in difference.new for n in c.nights]
    to_come = [n for n in (*held, *new) if n >= TODAY]
    assert set(to_come) == {n for c in shown for n in c.nights if n >= TODAY}


@MANY
@given(makers, steps)
def test_a_claim_is_never_in_two_states(
    maker: Callable[..., Claim], story: list[tuple[int, list[str]]]
) -> None:
    """Standing claims of a feed share no night to come, and a released one says since when."""
    feed = Feed()
    for gap, row in story:
        feed.wait(timedelta(minutes=gap))
        feed.answers(*_shown(maker, row, feed.today), after=timedelta())
        listed = [n for k in feed.standing for n in k.nights if n >= feed.today]
        assert len(listed) == len(set(listed)) or maker is reservation
        for known in feed.state.known:
            assert (known.released_at is None) == known.stands
            assert known.stands or known.status is not ClaimStatus.MISSING


@FEW
@given(makers, whole)
def test_a_steady_feed_comes_to_rest(maker: Callable[..., Claim], row: list[str]) -> None:
    """A feed that says the same for two days is believed, or asks a person."""
    feed = Feed()
    feed.answers(*_shown(maker, [HOME] * len(SLOTS), feed.today))
    for _ in range(40):
        feed.answers(*_shown(maker, row, feed.today), after=timedelta(minutes=90))
    shown = {n for c in _shown(maker, row, feed.today) for n in c.nights if n >= feed.today}
    more = [k for k in feed.standing if any(n not in shown and n >= feed.today for n in k.nights)]
    asks = feed.state.doubt is not None and feed.state.doubt.needs_person
    for known in more:
        guest = known.said.kind is Kind.RESERVATION and known.nights.arrival <= feed.today
        assert asks or guest
