"""Work put into the queue that instances share, in the transaction that makes it due.

A job is a hint, not the work: what is due stands in its own table, and whoever takes a job looks
there first. So a job too many does nothing, and one too few is made up for by the next look.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlmodel import Session

# The queue's own function refuses all of a batch for one that waits already, and would end the
# transaction. No two with one queueing lock wait, and no two with one lock run.
_PUT = text("""
    INSERT INTO procrastinate_jobs
        (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
    SELECT CAST(:kind AS text), CAST(:kind AS text), name, name, jsonb_build_object('key', key),
        to_timestamp(ceil(extract(epoch FROM clock_timestamp())
            / CAST(:pace AS float)) * CAST(:pace AS float))
    FROM (
        SELECT key, CAST(:kind AS text) || ':' || key AS name
        FROM unnest(CAST(:keys AS text[])) AS key ORDER BY key
    ) AS wanted
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
""")


def put(session: Session, kind: str, keys: Iterable[str], pace: float | None = None) -> None:
    """Have these pieces of work done by whichever instance comes first.

    `pace`: not before the next full multiple of so many seconds, so that instances that all ask for
    it have it done once in each. A piece that waits already is left as it is. Nothing where one
    process does everything (SQLite).
    """
    wanted = sorted(set(keys))
    if wanted and session.get_bind().dialect.name == "postgresql":
        session.execute(_PUT, {"kind": kind, "keys": wanted, "pace": pace})
