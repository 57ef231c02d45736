"""The journal as the notifier hears it: facts become incidents to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vacancy.domain.events import EventType
from vacancy.ids import Chance
from vacancy.notifier.standing import look
from vacancy.store import alerts
from vacancy.store.session import Session
from vacancy.store.tables import Event

#: Which incidents a fact is news of.
_ABOUT: dict[str, tuple[str, ...]] = {
    EventType.CONFLICT_OPENED: ("conflict",),
    EventType.CONFLICT_UPDATED: ("conflict",),
    EventType.CONFLICT_RESOLVED: ("conflict",),
    EventType.FEED_FAILING: ("feed",),
    EventType.FEED_STALE: ("feed",),
    EventType.FEED_GONE: ("feed",),
    EventType.FEED_SUSPICIOUS: ("doubt",),
    EventType.FEED_RECOVERED: ("feed", "doubt"),
    EventType.EXPORT_UNREAD: ("export",),
    EventType.EXPORT_READ_AGAIN: ("export",),
    EventType.PUSH_REFUSED: ("push",),
    EventType.PUSH_TAKEN: ("push",),
}


def listen(
    session: Session, account_id: str, receivers: Sequence[str], at: tuple[datetime, Chance]
) -> None:
    """Hear the journal on from where each receiver stands: incidents that are news to it are to be
    looked at now. A new receiver hears all of it, and so learns of what stands open.
    """
    known = alerts.receivers(session, account_id)
    last = alerts.last_sequence(session, account_id)
    for receiver in receivers:
        row = known.get(receiver) or alerts.add_receiver(session, account_id, receiver, at)
        while row.cursor < last:
            facts = alerts.news(session, account_id, (row.cursor, last), tuple(_ABOUT))
            for subject, returned in _subjects(facts).items():
                _hear(session, account_id, (receiver, subject), at, returned=returned)
            row.cursor = facts[-1].sequence if facts else last
    session.flush()


def _subjects(facts: Sequence[Event]) -> dict[str, bool]:
    """What the facts are about; True where something that was put aside has come back."""
    found: dict[str, bool] = {}
    for fact in facts:
        for kind in _ABOUT[fact.type]:
            subject = f"{kind}:{fact.data['id']}"
            found[subject] = found.get(subject, False) or _came_back(fact)
    return found


def _came_back(fact: Event) -> bool:
    before = (fact.previous or {}).get("status")
    return before == "snoozed" and fact.data.get("status") == "open"


def _hear(
    session: Session,
    account_id: str,
    about: tuple[str, str],
    at: tuple[datetime, Chance],
    *,
    returned: bool,
) -> None:
    row = alerts.find(session, account_id, *about)
    if row is not None:
        row.look_at = at[0]
        row.told = None if returned else row.told
        return
    incident = look(session, account_id, about[1], at[0])
    if incident is not None and not incident.standing.over:
        alerts.add(session, account_id, about, at)
