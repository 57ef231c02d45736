"""Our own stays told to a booking system: out, moved, canceled, refused, and coming back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from calendars import calendar
from flows.house import UNIT, HouseUnderTest, house
from flows.test_sources import MAPPED, SOURCE
from sources.imagined import Imagined, known
from vacancy import failpoints
from vacancy.domain.alerts import Word
from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.domain.pushes import Pushed
from vacancy.notifier.standing import look
from vacancy.notifier.wording import message
from vacancy.services import bookings
from vacancy.services.taking import Wish
from vacancy.sources.port import SourceFailed, Takes
from vacancy.store import accounts, pushes, sources

STAY = ("2027-02-01", "2027-02-05")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imagined]:
    with known(monkeypatch) as account:
        yield account


@pytest.fixture
def home(tmp_path: Path, system: Imagined) -> Iterator[HouseUnderTest]:
    """A unit whose own stays a system is told of."""
    del system
    with house(tmp_path) as opened:
        opened.says("airbnb", calendar())
        opened.declare({"airbnb": ""}, MAPPED)
        opened.apply()
        opened.step()
        yield opened


def book(home: HouseUnderTest, *nights: str, kind: Kind = Kind.RESERVATION) -> str:
    """The id of a direct booking, or a block."""
    wish = Wish(UNIT, bookings.read_nights(*nights), kind)
    with home.store.write() as session:
        account = accounts.the_account(session)
        return bookings.create(session, account.id, wish, home.at())["id"]


def cancel(home: HouseUnderTest, stay_id: str) -> None:
    with home.store.write() as session:
        bookings.cancel(session, accounts.the_account(session).id, stay_id, home.at())


def move(home: HouseUnderTest, stay_id: str, *nights: str) -> None:
    to = bookings.read_nights(*nights)
    with home.store.write() as session:
        account = accounts.the_account(session)
        bookings.move(session, account.id, stay_id, (to.arrival, to.departure), home.at())


def pushed(home: HouseUnderTest) -> list[Pushed]:
    with home.store.read() as session:
        (row,) = sources.of_account(session, accounts.the_account(session).id)
        return pushes.of_source(session, row.id)


def shown(system: Imagined) -> list[tuple[str, str, str]]:
    """What the system holds."""
    return [
        (one.kind.value, one.nights.arrival.isoformat(), one.nights.departure.isoformat())
        for one in system.bookings.values()
    ]


def told(system: Imagined) -> list[str]:
    return [what for what, _ in system.told]


def test_a_direct_booking_and_a_block_go_out_and_come_back_as_echoes(
    home: HouseUnderTest, system: Imagined
) -> None:
    """Each is told once; what the system lists of them then is no second stay."""
    stay = book(home, *STAY)
    book(home, "2027-02-10", "2027-02-12", kind=Kind.BLOCK)
    home.step(seconds=5)
    assert shown(system) == [("reservation", *STAY), ("block", "2027-02-10", "2027-02-12")]
    assert {push.stay_id for _, push in system.told} >= {stay}
    home.poll(SOURCE, minutes=15)
    home.poll(SOURCE, minutes=15)
    home.step(minutes=15)
    assert len(system.told) == 2
    assert len(home.held()) == 2
    assert home.conflicts() == []


def test_an_echo_is_known_by_its_number_where_the_system_gives_back_no_more(
    home: HouseUnderTest, system: Imagined
) -> None:
    """It does not give back whose stay it was pushed for."""
    system.gives_back_ours = False
    book(home, *STAY)
    home.step(seconds=5)
    home.poll(SOURCE, minutes=15)
    assert len(home.bookings()) == 1


def test_a_move_and_a_cancellation_follow(home: HouseUnderTest, system: Imagined) -> None:
    """In place where the system takes moves; what was moved back and forth ends as it is."""
    stay = book(home, *STAY)
    home.step(seconds=5)
    move(home, stay, "2027-02-02", "2027-02-06")
    home.step(seconds=5)
    assert shown(system) == [("reservation", "2027-02-02", "2027-02-06")]
    move(home, stay, "2027-02-03", "2027-02-07")
    move(home, stay, *STAY)
    home.step(seconds=5)
    assert shown(system) == [("reservation", *STAY)]
    cancel(home, stay)
    home.step(seconds=5)
    assert shown(system) == []
    home.poll(SOURCE, minutes=15)
    assert home.held() == []
    assert told(system) == ["booking", "booking", "booking", "withdraw"]


def test_without_moves_it_is_withdrawn_and_made_anew(
    home: HouseUnderTest, system: Imagined
) -> None:
    """Never both at once."""
    system.takes = Takes(bookings=True, blocks=True, cancellations=True)
    stay = book(home, *STAY)
    home.step(seconds=5)
    move(home, stay, "2027-02-02", "2027-02-06")
    home.step(seconds=5)
    assert told(system) == ["booking", "withdraw", "booking"]
    assert shown(system) == [("reservation", "2027-02-02", "2027-02-06")]


def test_a_system_that_takes_no_bookings_is_told_to_close_the_nights(
    home: HouseUnderTest, system: Imagined
) -> None:
    """What matters is that it sells them to nobody."""
    system.takes = Takes(blocks=True, cancellations=True)
    book(home, *STAY)
    home.step(seconds=5)
    assert shown(system) == [("block", *STAY)]
    home.poll(SOURCE, minutes=15)
    assert home.held() == [("reservation", *STAY)]


def test_what_it_takes_not_at_all_is_told_to_the_host_once(
    home: HouseUnderTest, system: Imagined
) -> None:
    """And not tried again."""
    system.takes = Takes(bookings=True)
    book(home, *STAY, kind=Kind.BLOCK)
    home.step(seconds=5)
    home.step(hours=30)
    (event,) = home.events("push.refused")
    assert event["data"]["state"] == "left"
    assert system.told == []


def test_what_it_refuses_is_told_and_not_tried_for_ever(
    home: HouseUnderTest, system: Imagined
) -> None:
    """The nights are taken there: the host hears of it; another change is tried again."""
    system.refuses = True
    stay = book(home, *STAY)
    home.step(seconds=5)
    home.step(hours=30)
    assert len(system.told) == 1
    (event,) = home.events("push.refused")
    assert event["data"]["stay_id"] == stay
    system.refuses = False
    move(home, stay, "2027-02-02", "2027-02-06")
    home.step(seconds=5)
    assert shown(system) == [("reservation", "2027-02-02", "2027-02-06")]
    assert len(home.events("push.taken")) == 1


def test_people_hear_of_what_is_refused_and_that_it_is_over(
    home: HouseUnderTest, system: Imagined
) -> None:
    """With the system, the nights and what to do; once each, and nothing of a guest."""
    system.refuses = True
    stay = book(home, *STAY)
    home.step(seconds=5)
    said = heard(home)
    assert "Imagined does not hold your own reservation, 2027-02-01 to 2027-02-05" in said[0]
    system.refuses = False
    move(home, stay, "2027-02-02", "2027-02-06")
    home.step(seconds=5)
    assert "took your own reservation, 2027-02-02 to 2027-02-06" in heard(home)[-1]


def heard(home: HouseUnderTest) -> list[str]:
    """What the standing incidents of pushes say now."""
    with home.store.read() as session:
        account = accounts.the_account(session)
        (row,) = sources.of_account(session, account.id)
        found = []
        for one in pushes.listed(session, row.id):
            incident = look(session, account.id, f"push:{one.id}", home.clock.now())
            assert incident is not None
            word = Word.OVER if incident.standing.over else Word.OPENED
            found.append(message(incident, word).body)
        return found


def test_a_failure_is_tried_again_in_steps(home: HouseUnderTest, system: Imagined) -> None:
    """Seconds, then minutes; under the same key."""
    system.down = SourceFailed("http_500", "The system is not well.")
    book(home, *STAY)
    home.step(seconds=5)
    system.down = None
    home.step(seconds=10)
    assert shown(system) == [("reservation", *STAY)]
    with home.store.read() as session:
        (row,) = sources.of_account(session, accounts.the_account(session).id)
        rows = pushes.listed(session, row.id)
        tries = pushes.tries_of(session, [one.id for one in rows])
    assert [one.outcome for one in tries[rows[0].id]] == ["http_500", "done"]


def test_holds_and_imported_stays_stay_at_home(home: HouseUnderTest, system: Imagined) -> None:
    """A hold is no sale yet, and what another channel sold is not ours to tell."""
    from vacancy.services.taking import take

    wish = Wish(UNIT, bookings.read_nights("2027-03-01", "2027-03-05"))
    with home.store.write() as session:
        account = accounts.the_account(session)
        expires = home.clock.now() + timedelta(minutes=15)
        take(session, account.id, wish, home.at(), expires)
    system.add(*STAY)
    home.poll(SOURCE, seconds=5)
    home.step(seconds=5)
    assert system.told == []


def test_a_crash_between_the_push_and_its_record_is_healed(
    home: HouseUnderTest, system: Imagined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system has it, we do not know: it is one stay meanwhile, and told once in effect."""
    system.gives_back_ours = False
    book(home, *STAY)
    with monkeypatch.context() as broken:
        broken.setenv(failpoints.VARIABLE, "after_push:raise")
        home.step(seconds=5)
    assert len(system.bookings) == 1
    home.poll(SOURCE, minutes=1)
    assert home.held() == [("reservation", *STAY)]
    assert home.conflicts() == []
    home.step(minutes=10)
    assert len(system.bookings) == 1
    assert all(push.settled for push in pushed(home))
    assert len({push.attempt_key for _, push in system.told}) == 1


def test_a_cancellation_that_overtakes_a_push_in_doubt(
    home: HouseUnderTest, system: Imagined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be there is made sure of first, and then taken back."""
    stay = book(home, *STAY)
    with monkeypatch.context() as broken:
        broken.setenv(failpoints.VARIABLE, "after_push:raise")
        home.step(seconds=5)
    cancel(home, stay)
    home.step(minutes=10)
    assert system.bookings == {}
    assert all(push.settled for push in pushed(home))


def test_a_stay_of_ours_that_was_moved_there_closes_those_nights_too(
    home: HouseUnderTest, system: Imagined
) -> None:
    """In doubt nights are closed: ours stay ours, and the others are a block."""
    book(home, *STAY)
    home.step(seconds=5)
    (booking,) = system.bookings.values()
    system.keep(
        booking, nights=Nights(booking.nights.arrival, booking.nights.departure.replace(day=7))
    )
    home.poll(SOURCE, minutes=15)
    assert home.held() == [("reservation", *STAY), ("block", "2027-02-05", "2027-02-07")]
    assert home.conflicts() == []


def test_what_is_pushed_before_the_system_was_connected_goes_out_too(
    tmp_path: Path, system: Imagined
) -> None:
    """Connecting tells it of all that is to come."""
    with house(tmp_path) as opened:
        opened.says("airbnb", calendar())
        book(opened, *STAY)
        opened.declare({"airbnb": ""}, MAPPED)
        opened.apply()
        opened.step(seconds=5)
        assert shown(system) == [("reservation", *STAY)]


def test_push_false_tells_it_nothing(tmp_path: Path, system: Imagined) -> None:
    """The host may want to read only."""
    with house(tmp_path) as opened:
        opened.declare({"airbnb": ""}, MAPPED + "push = false\n")
        opened.apply()
        book(opened, *STAY)
        opened.step(seconds=5)
        assert system.told == []
