"""Two channels told of each other's guest, and both leave theirs out: a person decides."""

from __future__ import annotations

from pathlib import Path

from calendars import booking, calendar, vrbo
from flows.house import HouseUnderTest, house
from vacancy.services import bookings
from vacancy.store import accounts

SOLD = ("2027-02-13", "2027-02-16")
FAR = {
    "booking_com": booking("2027-05-01", "2027-05-04"),
    "vrbo": vrbo("FAR", "2027-06-01", "2027-06-04"),
}
KEYS = tuple(FAR)


def both_sold(home: HouseUnderTest) -> None:
    """Each sold the nights before it could know of the other, and then read that they are taken."""
    home.says("booking_com", calendar(FAR["booking_com"], booking(*SOLD)))
    home.says("vrbo", calendar(FAR["vrbo"], vrbo("ANA", *SOLD)))
    home.step()
    home.pass_time(minutes=10)
    for key in KEYS:
        home.read_export(key)
    home.step(hours=1)


def leave_out(home: HouseUnderTest, days: int) -> None:
    for key in KEYS:
        home.says(key, calendar(FAR[key]))
    for _ in range(days * 4):
        home.step(hours=6)
        for key in KEYS:
            home.read_export(key)


def test_what_two_channels_hide_from_each_other_waits_for_a_person(tmp_path: Path) -> None:
    """No evidence can tell a guest that is gone from one that is left out: both stay.

    The conflict that was told says where to look and what to release; then the other one is freed
    by its own absence, or shown again.
    """
    with house(tmp_path, feeds=dict.fromkeys(KEYS, "")) as home:
        both_sold(home)
        leave_out(home, days=4)
        (clash,) = home.conflicts()
        assert clash["status"] == "open" and len(home.events("conflict.opened")) == 1
        first, second = (side["id"] for side in clash["sides"])
        assert f"(vacancy release {first})" in clash["suggestion"]
        assert f"(vacancy release {second})" in clash["suggestion"]
        with home.store.write() as session:
            account = accounts.the_account(session).id
            bookings.release(session, account, first, home.at())
        assert home.conflicts() == []
        leave_out(home, days=2)
        assert {one["arrival"] for one in home.bookings(status="confirmed")} == {
            "2027-05-01",
            "2027-06-01",
        }
        assert home.bookings(status="missing") == []
