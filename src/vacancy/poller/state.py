"""What is known of a feed before an answer is judged: rows gathered into values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from vacancy.channels.catalog import profile_of
from vacancy.domain.claims import Snapshot
from vacancy.domain.echoes import ExportHistory, OurStay, named_stay
from vacancy.domain.feed import FeedState
from vacancy.domain.linked import derive, split_id
from vacancy.domain.release import ReleaseRules
from vacancy.domain.stays import Stay
from vacancy.poller.timing import local_date
from vacancy.poller.tools import Defaults, Tools
from vacancy.store import accounts, claims, doubts, exports, feeds, stays, trees
from vacancy.store.leasing import Due
from vacancy.store.session import Session, places_stand

#: Claims released longer ago than this are not reinstated.
REINSTATED_WITHIN = timedelta(days=400)
#: Stays that ended longer ago than this are shown by no feed any more.
SHOWN_WITHIN = timedelta(days=60)

#: In the habits: the last believed answer closed every free night of the year.
CLOSES_ALL = "closes_all"
#: In the habits, but no habit of the channel.
_MARKS = frozenset({CLOSES_ALL, feeds.EDITED})


def feed_state(
    session: Session, tools: Tools, due: Due, habits: Mapping[str, Any], now: datetime
) -> FeedState:
    """All that decides how the answer is taken, our stays apart (see `with_our_stays`)."""
    places_stand(session)
    every = claims.of_unit(session, due.unit_id, now - REINSTATED_WITHIN)
    return FeedState(
        feed_id=due.feed_id,
        known=tuple(claim for claim in every if claim.feed_id == due.feed_id),
        sightings=doubts.sightings(session, due.feed_id),
        doubt=doubts.standing(session, due.feed_id),
        last_good_at=due.last_believed_at,
        rules=release_rules(due, tools.defaults),
        history=_history(session, due, now),
        own_domain=accounts.domain(session),
        habits={name: value for name, value in habits.items() if name not in _MARKS},
        address_changed=bool(habits.get(feeds.EDITED)),
        inherited=claims.inherited(session, due.unit_id, due.channel, due.feed_id),
    )


def release_rules(due: Due, defaults: Defaults) -> ReleaseRules:
    """The feed's own patience, else its channel's, else the config's."""
    profile = profile_of(due.channel).release
    said = due.settings
    absences = said.get("absences") or profile.absences or defaults.absences
    span = _span(said.get("absence_span"))
    if span is None:
        span = profile.absence_span or defaults.absence_span
    suspicion = _span(said.get("suspicion_span"))
    return ReleaseRules(
        absences=absences,
        span=span,
        suspicion_span=defaults.suspicion_span if suspicion is None else suspicion,
    )


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _history(session: Session, due: Due, now: datetime) -> ExportHistory:
    export_id = exports.of_feed(session, due.feed_id)
    if export_id is None:
        return ExportHistory()
    return exports.history(session, export_id, now - SHOWN_WITHIN)


def with_our_stays(
    session: Session, state: FeedState, snapshot: Snapshot, due: Due, now: datetime
) -> FeedState:
    """The state with every stay of ours that the answer may show, by UID or nights."""
    known = {stay.id: stay for stay in stays.of_unit(session, due.unit_id, now - SHOWN_WITHIN)}
    wanted = {publication.stay_id for publication in state.history.publications}
    wanted |= {claim.echo_of for claim in state.known if claim.echo_of}
    named = (named_stay(claim.uid, state.own_domain) for claim in snapshot.claims)
    wanted |= {stay_id for stay_id in named if stay_id}
    known |= stays.by_ids(session, sorted(wanted - known.keys()), due.account_id)
    ours = {stay.id: _ours(stay, due) for stay in known.values()}
    return replace(state, our_stays=ours | _derived(session, wanted, due, now))


def _derived(
    session: Session, wanted: Iterable[str], due: Due, now: datetime
) -> dict[str, OurStay]:
    """What our stays close without holding it: like stays of our own, under ids of their own.

    Those wanted that close nothing any more are there too, with the nights of their cause.
    """
    causes = {key: named for key in wanted if (named := split_id(key)) is not None}
    relatives = trees.family(session, due.unit_id)
    found: dict[str, OurStay] = {}
    if causes:
        known = stays.by_ids(session, sorted({c for c, _ in causes.values()}), due.account_id)
        for key, (cause, unit_id) in causes.items():
            if cause in known:
                found[key] = OurStay(key, unit_id == due.unit_id, known[cause].nights, False)
    if trees.derives(relatives):
        today = local_date(now, due.timezone)
        tree = trees.members(session, relatives, now)
        for closure in derive(due.unit_id, tree, today):
            found[closure.id] = OurStay(closure.id, True, closure.nights, True)
    return found


def _ours(stay: Stay, due: Due) -> OurStay:
    return OurStay(stay.id, stay.unit_id == due.unit_id, stay.nights, stay.live)
