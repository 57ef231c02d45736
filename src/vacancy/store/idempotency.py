"""POSTs that were done under a key of their caller's: answered again, never done twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session

from vacancy.store.tables import Idempotency

#: How long an answer is kept.
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST with a key. `scope` is the digest of account, caller, method, path and key."""

    account_id: str
    scope: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What was answered; `answer` is sealed."""

    body_hash: str
    status: int
    answer: bytes
    headers: dict[str, str]


def find(session: Session, scope: str, now: datetime) -> Stored | None:
    """The answer that was given, for as long as it is kept."""
    row = session.get(Idempotency, scope)
    if row is None or row.created_at + KEPT <= now:
        return None
    return Stored(row.body_hash, row.status, row.answer, row.headers)


def keep(session: Session, asked: Asked, stored: Stored, now: datetime) -> None:
    """Keep an answer in the transaction of its effect. Two at once: the second one's fails."""
    session.execute(
        delete(Idempotency).where(
            Idempotency.scope == asked.scope,  # type: ignore[arg-type]
            Idempotency.created_at <= now - KEPT,  # type: ignore[arg-type]
        )
    )
    session.add(
        Idempotency(
            scope=asked.scope,
            account_id=asked.account_id,
            body_hash=stored.body_hash,
            status=stored.status,
            answer=stored.answer,
            headers=stored.headers,
            created_at=now,
        )
    )
    session.flush()


def forget(session: Session, now: datetime) -> int:
    """Drop the answers that are kept no longer; how many."""
    done = session.execute(
        delete(Idempotency).where(Idempotency.created_at <= now - KEPT)  # type: ignore[arg-type]
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
