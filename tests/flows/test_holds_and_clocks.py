"""The wall clock is set while nights are held: no setting of it, however often told, frees them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from flows.house import UNIT, HouseUnderTest, house
from vacancy.domain.nights import Nights
from vacancy.services import holds
from vacancy.services.taking import Wish
from vacancy.store import accounts, spans

NIGHT = date(2027, 2, 3)
NIGHTS = Nights(NIGHT, date(2027, 2, 6))
AN_HOUR = timedelta(hours=1)


def held(home: HouseUnderTest) -> None:
    with home.store.write() as session:
        account = accounts.the_account(session)
        holds.create(session, account.id, Wish(UNIT, NIGHTS), home.at())


def told(home: HouseUnderTest, by: timedelta) -> None:
    """A process says that the clock was set by so much."""
    with home.store.write() as session:
        spans.start_anew(session, home.clock.now(), by)


def test_a_hold_that_several_processes_saw_set_back_is_not_cut_short(tmp_path: Path) -> None:
    """Each process of a house says so: a quarter of an hour stays one."""
    with house(tmp_path) as home:
        held(home)
        home.pass_time(hours=-1)
        for _ in range(3):
            told(home, -AN_HOUR)
        home.step(minutes=14)
        assert NIGHT in home.taken()
        home.step(minutes=2)
        assert NIGHT not in home.taken()


def test_a_clock_that_was_fast_takes_nothing_from_holds_made_by_right_ones(tmp_path: Path) -> None:
    """One instance's clock comes back by an hour; the hold was made by another's, a minute ago."""
    with house(tmp_path) as home:
        held(home)
        home.pass_time(minutes=1)
        told(home, -AN_HOUR)
        home.step(minutes=13)
        assert NIGHT in home.taken()
        home.step(minutes=2)
        assert NIGHT not in home.taken()


def test_a_hold_keeps_the_time_left_to_it_when_the_clock_is_set_on(tmp_path: Path) -> None:
    """An hour that did not pass ends no hold."""
    with house(tmp_path) as home:
        held(home)
        home.pass_time(hours=1)
        told(home, AN_HOUR)
        home.step(minutes=14)
        assert NIGHT in home.taken()
        home.step(minutes=2)
        assert NIGHT not in home.taken()
