"""A person may err: what a channel still shows after its release is closed again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from calendars import booking, calendar
from flows.house import UNIT, house
from vacancy.services import bookings
from vacancy.store import accounts

NIGHT = date(2027, 2, 4)


def test_the_next_answer_closes_it_again_though_it_is_unchanged(tmp_path: Path) -> None:
    """Two guests back to back are one stay where a channel has no words; only one had canceled."""
    with house(tmp_path, feeds={"booking_com": ""}) as home:
        body = calendar(booking("2027-02-03", "2027-02-06"))
        for _ in range(3):
            home.polled(body, "booking_com", minutes=30)
        with home.store.write() as session:
            account = accounts.the_account(session)
            bookings.release(session, account.id, home.bookings()[0]["id"], home.at())
        assert NIGHT not in home.taken()
        home.poll(f"{UNIT}/booking_com", minutes=15)
        assert NIGHT in home.taken()
