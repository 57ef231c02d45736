"""Answers that are too much to believe at once (rules 5): what is held, and what ends the doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from vacancy.domain.claims import Claim, Kind, KnownClaim
from vacancy.domain.echoes import Sighting
from vacancy.domain.errors import Refused
from vacancy.domain.nights import Nights, joined, night_set
from vacancy.domain.release import ReleaseRules, lasted


class DoubtKind(StrEnum):
    SHRUNK = "shrunk"
    EMPTIED = "emptied"
    FLOODED = "flooded"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One suspicion of a feed.

    `held`: known claims that the answer lacks and the open doubt keeps. `kept`: those that a person
    kept, or (`needs_person`) that wait for one: no absence withdraws them. `believed`: those that a
    day of agreement gave up to the common rule; neither are counted again. `decision`: None while
    it is open; "accepted" by a person or by agreement, "rejected" by a person. `answer_digest`
    names the answer that a person is asked about.
    """

    id: str
    kind: DoubtKind
    since: datetime
    agreeing_since: datetime | None = None
    last_agreed_at: datetime | None = None
    needs_person: bool = False
    held: frozenset[str] = frozenset()
    alarmed_at: datetime | None = None
    answer_digest: str = ""
    decision: str | None = None
    decided_at: datetime | None = None
    kept: frozenset[str] = frozenset()
    believed: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        return self.decision is None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one complete answer lacks, and when it was given.

    `counted`: the live claims that it ought to show: to come, not running, masked or rule blocks;
    `lacking`: those of them that it does not; `missing`: every live claim that it does not show.
    `rule_nights`: nights that known rule blocks close. `flood`: its blocks close every free night.
    `edited`: the first answer after an edited address or reading setting. `shown`: what it lists.
    `sightings`: since when the feed shows each night without a break.
    """

    now: datetime
    today: date
    counted: tuple[KnownClaim, ...]
    lacking: tuple[KnownClaim, ...]
    missing: tuple[KnownClaim, ...]
    empty: bool = False
    rule_nights: int = 0
    flood: bool = False
    edited: bool = False
    shown: tuple[Claim, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    _first_shown: dict[date, datetime] = field(default_factory=dict[date, datetime])

    @property
    def digest(self) -> str:
        """A name for the answer."""
        return digest_of(self.shown)

    def shown_since(self, night: date, since: datetime) -> bool:
        """Whether no answer before this instant showed the night."""
        if not self._first_shown:
            self._first_shown.update({n: s.first_shown for s in self.sightings for n in s.nights})
        return (first := self._first_shown.get(night)) is not None and first >= since

    @property
    def shows_none(self) -> bool:
        """Whether nothing is left of three or more live claims."""
        if self.emptied >= 3:
            return True
        return number(self.counted) >= 3 and all(k in self.lacking for k in self.counted)

    @property
    def emptied(self) -> int:
        """How many live claims an empty answer lacks, running ones included."""
        return number(k for k in self.missing if not k.masked) if self.empty else 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is believed, and the doubt from now on (None: there is none, or no more).

    `fresh`: claims held since this answer. `alarm`: tell people, once a doubt; `remind`: again.
    """

    believed: bool
    doubt: Doubt | None
    fresh: frozenset[str] = frozenset()
    alarm: bool = False
    remind: bool = False


def digest_of(claims: Iterable[Claim]) -> str:
    """A name for what an answer shows: the same for the same entries, in any order."""
    lines = sorted(f"{c.uid} {c.nights.arrival} {c.nights.departure} {c.kind}" for c in claims)
    return sha256("\n".join(lines).encode()).hexdigest()[:32]


def floods(
    claims: Sequence[Claim], closed: frozenset[date], today: date, rules: ReleaseRules
) -> bool:
    """Whether the answer leaves no night of the year free, by blocks on many that were free.

    `closed`: nights that the last believed answer closed; closing them again is no flood.
    """
    if not leave_nothing(claims, today, rules):
        return False
    year = {today + timedelta(days=n) for n in range(2, rules.flood_days)}
    blocked = night_set(c.nights for c in claims if c.kind is Kind.BLOCK)
    return len((blocked & year) - closed) >= rules.rule_nights


def leave_nothing(claims: Iterable[Claim], today: date, rules: ReleaseRules) -> bool:
    """Whether these leave no night of the year free, from the day after tomorrow on."""
    year = Nights(today + timedelta(days=2), today + timedelta(days=rules.flood_days))
    return any(nights.covers(year) for nights in joined(c.nights for c in claims))


def flood_agreed(doubt: Doubt | None) -> bool:
    """Whether the answer before flooded too and nobody rejected it: now the nights are closed."""
    return doubt is not None and doubt.kind is DoubtKind.FLOODED and doubt.decision != "rejected"


def number(claims: Iterable[KnownClaim]) -> int:
    """How many things these are: the pieces of one stay are one."""
    return len({k.stay_id or k.id for k in claims})


def exceeds(evidence: Evidence, since: datetime, rules: ReleaseRules) -> bool:
    """Whether so many claims are gone at once that the answer is doubted.

    Nights that the feed shows only since `since` do not make those that are gone fewer.
    """
    gone = number(evidence.lacking)
    if gone < rules.doubt_claims:
        return False
    lost = sum(len(k.nights) for k in evidence.lacking)
    old = sum(not evidence.shown_since(n, since) for k in evidence.counted for n in k.nights)
    share = rules.doubt_share
    return gone * share >= number(evidence.counted) or lost * share >= old


def judge(
    doubt: Doubt | None, evidence: Evidence, rules: ReleaseRules, new_id: Callable[[str], str]
) -> Verdict:
    """Whether to believe an answer, and what to hold if not. `new_id` names a new doubt."""
    doubt = _prune(doubt, evidence)
    if doubt is not None:
        evidence = _without(evidence, doubt.kept | doubt.believed | _since(doubt, evidence))
    kind = _kind(doubt, evidence, rules)
    if kind is None:
        return _calm(doubt, evidence, rules)
    if doubt is None or not doubt.open:
        doubt = _opened(doubt, kind, evidence, new_id)
    held = evidence.missing if kind is DoubtKind.EDITED else evidence.lacking
    return _hold(replace(doubt, kind=kind), held, evidence, rules)


def _prune(doubt: Doubt | None, evidence: Evidence) -> Doubt | None:
    """The doubt without decided claims that are back or gone; None when nothing is left of it."""
    if doubt is None:
        return None
    missing = frozenset(k.id for k in evidence.missing)
    kept, believed = doubt.kept & missing, doubt.believed & missing
    silenced = doubt.kind is DoubtKind.FLOODED and doubt.decision == "rejected" and evidence.flood
    if not (doubt.open or kept or believed or silenced):
        return None
    waits = doubt.needs_person and (doubt.open or bool(kept))
    return replace(doubt, kept=kept, believed=believed, needs_person=waits)


def _since(doubt: Doubt, evidence: Evidence) -> frozenset[str]:
    """What only doubted answers brought, and still show: it must not outnumber what they lack.

    New claims, those that came back from long ago, and the new nights of one that moved.
    """
    if not doubt.open:
        return frozenset()
    brought = frozenset(
        k.id
        for k in evidence.counted
        if k.first_seen >= doubt.since
        or all(evidence.shown_since(night, doubt.since) for night in k.nights)
    )
    return brought - frozenset(k.id for k in evidence.missing)


def _without(evidence: Evidence, aside: frozenset[str]) -> Evidence:
    """The evidence but for these claims."""
    if not aside:
        return evidence
    return replace(
        evidence,
        counted=tuple(k for k in evidence.counted if k.id not in aside),
        lacking=tuple(k for k in evidence.lacking if k.id not in aside),
        missing=tuple(k for k in evidence.missing if k.id not in aside),
    )


def _kind(doubt: Doubt | None, evidence: Evidence, rules: ReleaseRules) -> DoubtKind | None:
    """What is suspicious about the answer, None if nothing is."""
    edited = doubt is not None and doubt.open and doubt.kind is DoubtKind.EDITED
    if evidence.missing and (evidence.edited or edited):
        return DoubtKind.EDITED
    if evidence.flood and (doubt is None or doubt.kind is not DoubtKind.FLOODED):
        return DoubtKind.FLOODED
    ruled = evidence.empty and evidence.rule_nights >= rules.rule_nights
    emptied = evidence.emptied >= rules.doubt_claims
    if (
        ruled
        or emptied
        or _nothing_back(doubt, evidence)
        or exceeds(evidence, doubt.since if doubt and doubt.open else evidence.now, rules)
    ):
        return DoubtKind.EMPTIED if evidence.empty else DoubtKind.SHRUNK
    return None


def _nothing_back(doubt: Doubt | None, evidence: Evidence) -> bool:
    """Whether an open doubt still lacks all that it holds: what else is shown changes nothing."""
    if doubt is None or not doubt.open or not doubt.held or doubt.kind is DoubtKind.FLOODED:
        return False
    return doubt.held <= {k.id for k in evidence.lacking}


def _calm(doubt: Doubt | None, evidence: Evidence, rules: ReleaseRules) -> Verdict:
    """A believed answer: an open doubt is over, what was decided stays until it is settled."""
    if doubt is not None and doubt.open:
        doubt = _closed(doubt, evidence.now)
    if doubt is not None and _reminder_due(doubt, evidence.now, rules):
        return Verdict(True, replace(doubt, alarmed_at=evidence.now), remind=True)
    return Verdict(believed=True, doubt=doubt)


def _closed(doubt: Doubt, now: datetime) -> Doubt | None:
    """An open doubt that the answers ended: only what was decided before lives on."""
    if not doubt.kept and not doubt.believed:
        return None
    word = "rejected" if doubt.kept else "accepted"
    return replace(doubt, held=frozenset(), needs_person=False, decision=word, decided_at=now)


def _opened(
    before: Doubt | None, kind: DoubtKind, evidence: Evidence, new_id: Callable[[str], str]
) -> Doubt:
    """A new doubt; it takes over the claims that an older, decided one still keeps in mind."""
    fresh = Doubt(new_id("doubt"), kind, evidence.now)
    if before is None:
        return fresh
    return replace(fresh, kept=before.kept, believed=before.believed)


def _hold(
    doubt: Doubt, held: Sequence[KnownClaim], evidence: Evidence, rules: ReleaseRules
) -> Verdict:
    """Another answer that agrees with the doubt: it goes on, or has agreed for long enough."""
    ids = frozenset(k.id for k in held)
    fresh, now = ids - doubt.held, evidence.now
    since = now if fresh or doubt.agreeing_since is None else doubt.agreeing_since
    near = evidence.today + timedelta(days=rules.person_days)
    waits = frozenset(k.id for k in held if k.nights.arrival <= near)
    flooded = doubt.kind is DoubtKind.FLOODED
    patient = bool(rules.suspicion_span) and lasted(since, now, rules.suspicion_span)
    if patient and not evidence.shows_none and not flooded:
        return _agreed(doubt, ids, waits, evidence)
    doubt = replace(
        doubt,
        held=ids,
        agreeing_since=since,
        last_agreed_at=now,
        needs_person=evidence.shows_none or bool(waits) or not rules.suspicion_span,
        answer_digest=evidence.digest,
    )
    alarm, remind = doubt.alarmed_at is None, _reminder_due(doubt, now, rules)
    if alarm or remind:
        doubt = replace(doubt, alarmed_at=now)
    return Verdict(False, doubt, fresh, alarm, remind)


def _agreed(
    doubt: Doubt, ids: frozenset[str], waits: frozenset[str], evidence: Evidence
) -> Verdict:
    """A day of agreement: the answer is believed, but for those that wait for a person."""
    doubt = replace(
        doubt,
        held=frozenset(),
        kept=doubt.kept | waits,
        believed=doubt.believed | (ids - waits),
        needs_person=bool(waits),
        last_agreed_at=evidence.now,
        decision="accepted",
        decided_at=evidence.now,
        answer_digest=evidence.digest,
    )
    return Verdict(believed=True, doubt=doubt)


def _reminder_due(doubt: Doubt, now: datetime, rules: ReleaseRules) -> bool:
    told = doubt.alarmed_at
    return doubt.needs_person and told is not None and now - told >= rules.reminder


def decide(doubt: Doubt, *, accept: bool, now: datetime, answer: str | None = None) -> Doubt:
    """A person's word on a doubt. `answer` names the one they were shown.

    Refused `answer_changed` when the feed has answered differently since.
    """
    if answer is not None and answer != doubt.answer_digest:
        raise Refused("answer_changed", "the feed answers differently by now: look again first")
    kept = frozenset[str]() if accept else doubt.held | doubt.kept
    return replace(
        doubt,
        held=frozenset(),
        kept=kept,
        needs_person=False,
        decision="accepted" if accept else "rejected",
        decided_at=now,
    )
