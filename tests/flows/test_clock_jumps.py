"""The wall clock is set while the house runs: no span is over by that alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from calendars import airbnb, booking, calendar
from flows.house import HouseUnderTest, house
from vacancy.daemon.clocks import Clocks, believe
from vacancy.daemon.compose import House, open_rounds
from vacancy.store.tables import Feed

FEB = airbnb("FEB", "2027-02-03", "2027-02-06")
NIGHT = date(2027, 2, 3)


class TwoClocks:
    """A wall clock that can be set, and one that only runs."""

    def __init__(self, home: HouseUnderTest) -> None:
        self.home = home
        self.steady = 0.0

    def now(self) -> datetime:
        return self.home.clock.now()

    def monotonic(self) -> float:
        return self.steady


def due_at(home: HouseUnderTest) -> datetime:
    with home.store.read() as session:
        return session.execute(select(Feed)).scalar_one().next_poll_at


@pytest.mark.parametrize("hours", [30, -30])
def test_a_night_is_not_freed_by_setting_the_clock(tmp_path: Path, hours: int) -> None:
    """One absence before and one after a jump of a day are not two over an hour; polls go on."""
    with house(tmp_path) as home:
        clocks = Clocks(TwoClocks(home))
        home.polled(calendar(FEB, airbnb("MAR", "2027-03-03", "2027-03-06")))
        home.polled(calendar(airbnb("MAR", "2027-03-03", "2027-03-06")), minutes=0)
        home.pass_time(hours=hours)
        assert clocks.watch(home.store) == home.clock.now()
        assert due_at(home) <= home.clock.now() + timedelta(minutes=15)
        assert clocks.watch(home.store) is None
        home.poll()
        home.poll(minutes=5)
        assert NIGHT in home.taken()
        home.poll(minutes=61)
        assert NIGHT not in home.taken()


def test_one_jump_is_told_once_however_many_look_at_it_together(tmp_path: Path) -> None:
    """The tick, and each answer that is about to be judged."""
    with house(tmp_path) as home:
        clocks = Clocks(TwoClocks(home))
        home.pass_time(hours=30)
        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(lambda _: clocks.watch(home.store), range(8)))
        assert sorted(map(bool, told)) == [False] * 7 + [True]
        assert clocks.parted() == timedelta()


def test_an_answer_between_two_ticks_is_not_judged_by_a_clock_that_jumped(tmp_path: Path) -> None:
    """It comes in before the tick that would have noticed."""
    with house(tmp_path) as home:
        clock = TwoClocks(home)
        whole, clocks = (
            House(home.settings, home.store, home.vault, clock, home.chance),
            Clocks(clock),
        )
        home.polled(calendar(FEB, airbnb("MAR", "2027-03-03", "2027-03-06")))
        home.polled(calendar(airbnb("MAR", "2027-03-03", "2027-03-06")), minutes=0)
        home.pass_time(hours=2)

        def before() -> None:
            clocks.watch(home.store)

        async def once() -> None:
            async with open_rounds(whole, before, lambda _: None) as rounds:
                await rounds.once()

        asyncio.run(once())
        assert NIGHT in home.taken()


def test_a_clock_set_back_while_nobody_ran_is_believed(tmp_path: Path) -> None:
    """No feed waits for the day that comes again, and what was missing is counted anew."""
    with house(tmp_path) as home:
        home.polled(calendar(FEB, airbnb("MAR", "2027-03-03", "2027-03-06")))
        home.polled(calendar(airbnb("MAR", "2027-03-03", "2027-03-06")), minutes=5)
        home.pass_time(hours=-30)
        assert home.step().polls == ()
        assert len(home.step(minutes=15).polls) == 1
        assert NIGHT in home.taken()
        home.step(minutes=30)
        assert NIGHT in home.taken()
        home.step(minutes=35)
        assert NIGHT not in home.taken()
        assert not believe(home.store, home.clock.now())


def test_clocks_that_are_kept_right_by_seconds_never_part(tmp_path: Path) -> None:
    """Up to a minute is no jump."""
    with house(tmp_path) as home:
        clocks = Clocks(TwoClocks(home))
        home.pass_time(seconds=59)
        assert clocks.watch(home.store) is None
        assert clocks.parted() == timedelta()


def test_nights_that_a_channel_may_have_left_out_stay_closed_whatever_the_clock(
    tmp_path: Path,
) -> None:
    """Sold twice, read by the second channel, and left out there after the clock was set back."""
    with house(tmp_path, feeds={"airbnb": "", "booking_com": ""}) as home:
        clocks = Clocks(TwoClocks(home))
        home.says("airbnb", calendar(FEB))
        home.says("booking_com", calendar(booking("2027-02-03", "2027-02-06")))
        home.step()
        home.pass_time(minutes=5)
        home.read_export("booking_com")
        home.pass_time(hours=-30)
        assert clocks.watch(home.store) == home.clock.now()
        home.says("booking_com", calendar())
        for _ in range(6):
            home.step(hours=2)
        assert [one["status"] for one in home.conflicts()] == ["open"]


def test_a_canceled_stay_that_another_feed_lists_stays_closed_for_a_day_that_passed(
    tmp_path: Path,
) -> None:
    """Setting the clock is not a day."""
    with house(tmp_path, feeds={"airbnb": "", "hostaway": ""}) as home:
        clocks = Clocks(TwoClocks(home))
        home.says("airbnb", calendar(FEB, airbnb("MAR", "2027-03-03", "2027-03-06")))
        home.says("hostaway", calendar(FEB))
        home.step()
        gone = replace(FEB, more=(*FEB.more, "STATUS:CANCELLED"))
        home.says("airbnb", calendar(gone, airbnb("MAR", "2027-03-03", "2027-03-06")))
        home.step(minutes=20)
        assert home.bookings(status="canceled") and NIGHT in home.taken()
        home.pass_time(hours=30)
        clocks.watch(home.store)
        home.step()
        assert NIGHT in home.taken()
        home.step(hours=25)
        assert NIGHT not in home.taken()
