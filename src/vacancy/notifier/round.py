"""One round of telling: what is news, what is due, send it, write down what arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

import structlog

from vacancy.domain.alerts import (
    Standing,
    Told,
    is_pressing,
    next_word,
    quiet_until,
    wait_after,
)
from vacancy.ids import Chance
from vacancy.notifier import wording
from vacancy.notifier.news import listen
from vacancy.notifier.send import Message, receiver_of, send, shown
from vacancy.notifier.standing import look
from vacancy.store import accounts, alerts
from vacancy.store.session import Session, Store
from vacancy.store.tables import Alert

_LOG = structlog.get_logger(__name__)

#: An incident that nothing is said of is looked at again after so long: time alone makes it worse.
LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the config wants: the addresses, the events to hear of, the quiet hours."""

    to: tuple[str, ...] = field(repr=False)
    on: frozenset[str]
    quiet: str | None = None


@dataclass(frozen=True, slots=True)
class _Due:
    """One word that a receiver is due; `again_at`: when it is tried again if this is in vain."""

    alert_id: str
    receiver: str
    message: Message
    state: Standing
    again_at: datetime


def tell(
    store: Store,
    wish: Wish,
    at: tuple[datetime, Chance],
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Tell every receiver what is due; how many messages arrived.

    What was told is written down, so that a restart repeats nothing and loses nothing (a kill
    between sending and writing down repeats one message). Nothing is sent inside a transaction.
    `go_on` is asked before each message. Raises what the store raises.
    """
    addresses = {receiver_of(address): address for address in wish.to}
    if not addresses:
        return 0
    now = at[0]
    with store.read() as session:
        account_id = accounts.the_account(session).id
        heard = [row.cursor for row in alerts.receivers(session, account_id).values()]
        quiet = len(heard) >= len(addresses) and min(heard) == alerts.last_sequence(
            session, account_id
        )
        if quiet and not alerts.is_due(session, account_id, now):
            return 0
    with store.write() as session:
        listen(session, account_id, tuple(addresses), at)
        due = _decide(session, account_id, (tuple(addresses), wish), now)
    arrived = 0
    for receiver, words in groupby(due, attrgetter("receiver")):
        arrived += _send_all(store, addresses[receiver], list(words), (now, go_on))
    return arrived


def _decide(
    session: Session, account_id: str, wanted: tuple[tuple[str, ...], Wish], now: datetime
) -> list[_Due]:
    """The words that are due, by receiver; each is taken in hand, so that no other process sends
    it as well."""
    known, wish = wanted
    found: list[_Due] = []
    for row in alerts.due(session, account_id, known, now):
        word = _word(session, row, wish, now)
        if word is not None:
            found.append(word)
    session.flush()
    return sorted(found, key=attrgetter("receiver"))


def _word(session: Session, row: Alert, wish: Wish, now: datetime) -> _Due | None:
    incident = look(session, row.account_id, row.subject, now)
    if incident is None:
        row.look_at = None
        return None
    standing, zone = incident.standing, incident.unit.timezone
    word = next_word(standing, _told(row), wish.on)
    if word is None:
        row.look_at = None if standing.over else now + LOOK_AGAIN
        return None
    ends = quiet_until(wish.quiet, zone, now)
    if ends is not None and not is_pressing(standing.arrival, zone, now):
        row.look_at = min(ends, now + LOOK_AGAIN)
        return None
    row.tries += 1
    row.look_at = now + wait_after(row.tries)
    message = wording.message(incident, word)
    return _Due(row.id, row.receiver, message, standing, row.look_at)


def _told(row: Alert) -> Told | None:
    if row.told is None or row.told_at is None:
        return None
    return Told(row.told["level"], frozenset(row.told["extent"]), row.told_at)


def _send_all(
    store: Store,
    address: str,
    words: Sequence[_Due],
    at: tuple[datetime, Callable[[], bool]],
) -> int:
    """Send a receiver its words, one message each, or one for all where they are many."""
    now, go_on = at
    many = len(words) > wording.MOST_AT_ONCE
    letters = (
        [(wording.bundle([one.message for one in words]), words)]
        if many
        else [(one.message, [one]) for one in words]
    )
    arrived = 0
    for message, told in letters:
        if not go_on():
            break
        trouble = send(address, message)
        _write_down(store, told, trouble, now)
        if trouble is None:
            arrived += 1
            _LOG.info("alert.sent", to=shown(address), incidents=len(told))
        else:
            _LOG.warning("alert.failed", to=shown(address), reason=trouble)
    return arrived


def _write_down(store: Store, told: Sequence[_Due], trouble: str | None, now: datetime) -> None:
    with store.write() as session:
        for one in told:
            row = alerts.get(session, one.alert_id)
            row.trouble = trouble
            if trouble is not None:
                continue
            row.told = {"level": one.state.level, "extent": sorted(one.state.extent)}
            row.told_at, row.tries = now, 0
            if row.look_at == one.again_at:  # else there was news meanwhile
                row.look_at = None if one.state.over else now + LOOK_AGAIN
