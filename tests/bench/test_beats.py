"""What the daemon asks of all feeds and exports every few seconds."""

from __future__ import annotations

from datetime import timedelta

from plans import explain, heard

from exporting import NOW
from vacancy.store import leasing, polls, served, watch
from vacancy.store.leasing import Room
from vacancy.store.session import Store

#: Read from their narrow indexes alone: none of these looks at a feed's row, with its body.
COVERED = ("ix_feed_good", "ix_export_served")


def test_no_beat_reads_a_table_whole(store: Store) -> None:
    """Looks for exports, gauges, silent feeds and readers, and due feeds, by the plan of each."""
    with heard(store) as asked, store.read() as session:
        served.totals(session)
        list(served.totals_by_unit(session))
        served.waiting(session, NOW)
        polls.figures(session)
        polls.silent(session, NOW, timedelta(hours=2), 3)
        watch.due(session, NOW, 1)
        leasing.lease(session, NOW, timedelta(minutes=3), Room(64, 2))
    plans = explain(store, asked, forced=True)
    # Conflicts that are not resolved are few beside all else, and counted at leisure.
    assert [one for one in plans if {*one.scanned} - {"conflict"}] == []
    if store.is_sqlite:  # an empty PostgreSQL has no reason to prefer one index to another
        used = {index for one in plans for index in one.indexes}
        assert used >= {*COVERED, "ix_feed_due", "ix_export_watch"}


def test_feeds_are_counted_without_their_rows(sqlite_store: Store) -> None:
    """Their bodies lie between what is counted: reading past them costs a second of 100,000."""
    with heard(sqlite_store) as asked, sqlite_store.read() as session:
        polls.figures(session)
        served.totals(session)
    with sqlite_store.engine.connect() as connection:
        plans = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    of_all = [one for one in plans if any(index in one for index in COVERED)]
    assert len(of_all) == 3
    assert all("COVERING INDEX" in one for one in of_all)
