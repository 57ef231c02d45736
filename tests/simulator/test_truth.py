"""The judge of a rehearsal: what it would see if the house were wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.domain.nights import Nights
from vacancy.simulator.channels import Listing
from vacancy.simulator.habits import BOOKING_COM, VRBO, Use, like
from vacancy.simulator.paper import PaperUnit
from vacancy.simulator.truth import Judge

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Rome")
SOLD = Nights(date(2027, 4, 10), date(2027, 4, 14))
ALSO = Nights(date(2027, 4, 12), date(2027, 4, 17))


class Watched:
    """A unit on three channels, a judge beside it, and a clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.listings = {
            "vrbo": Listing(VRBO, "v", ZONE, use=Use.IGNORES),
            "booking_com": Listing(BOOKING_COM, "b", ZONE, use=Use.SUBTRACTS),
            "agoda": Listing(like("agoda"), "a", ZONE, use=Use.IGNORES),
        }
        self.unit = PaperUnit("sea-view", ZONE, {key: key for key in self.listings})
        self.judge = Judge(self.unit, self.listings)
        self.hears()

    def sells(self, key: str, nights: Nights) -> str:
        sale = self.listings[key].sell(nights, "Ana", self.now)
        self.judge.sold(key, sale, self.now)
        return sale.code

    def hears(self, *keys: str) -> None:
        """The house polls these feeds, or all."""
        for key in keys or self.listings:
            self.now += timedelta(minutes=15)
            self.unit.answers(key, self.listings[key].calendar(self.now), self.now)
            self.judge.after_answer(key, self.now)
            self.judge.after_plan(self.now)


def test_a_double_booking_is_found_when_both_sides_were_shown() -> None:
    """Not before, and with the time of the incident."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    watched.hears()
    watched.sells("booking_com", ALSO)
    watched.hears("vrbo")
    [double] = watched.judge.doubles
    assert double.found_at is None and not double.missed
    watched.hears("booking_com")
    assert double.found_at == watched.now and not double.missed


def test_an_incident_that_comes_late_is_a_double_booking_missed() -> None:
    """Both sides were shown, and for a while nothing was said."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    watched.sells("booking_com", ALSO)
    watched.hears("vrbo")
    listing = watched.listings["booking_com"]
    watched.unit.answers("booking_com", listing.calendar(watched.now), watched.now)
    watched.judge.after_answer("booking_com", watched.now)
    opened, watched.unit.conflicts = watched.unit.conflicts, {}
    watched.judge.after_plan(watched.now)
    [double] = watched.judge.doubles
    assert double.missed and double.found_at is None
    watched.unit.conflicts = opened
    watched.judge.after_plan(watched.now)
    assert double.missed and double.found_at is not None


def test_a_sale_that_looks_like_an_echo_is_not_missed_until_it_is_known_better() -> None:
    """A channel without words sold, then read of the other side's very nights, and then was asked.

    With no reading in between there is no reason to doubt.
    """
    watched = Watched()
    watched.sells("vrbo", SOLD)
    watched.hears("vrbo")
    watched.sells("agoda", SOLD)
    watched.now += timedelta(minutes=1)
    assert watched.unit.read_by("agoda", watched.now)
    watched.hears("agoda")
    [double] = watched.judge.doubles
    assert double.alike and not double.missed and double.found_at is None
    watched.unit.feeds["agoda"].readings.clear()
    watched.judge.after_plan(watched.now)
    assert double.missed


def test_one_night_that_both_showed_is_enough_to_know() -> None:
    """The channel leaves out what it read as closed; what it still shows must be an incident."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    watched.sells("booking_com", SOLD)
    first, last = date(2027, 4, 10), date(2027, 4, 14)
    watched.listings["booking_com"].take_over([Nights(first, last - timedelta(days=1))])
    watched.hears("vrbo", "booking_com")
    [double] = watched.judge.doubles
    assert double.second.seen == {date(2027, 4, 13)}
    assert double.found_at == watched.now and not double.missed
    watched.unit.conflicts.clear()
    double.found_at = None
    watched.judge.after_plan(watched.now)
    assert double.missed


def test_a_night_of_a_known_stay_that_is_open_was_freed_wrongly() -> None:
    """One night of it is enough; a stay that the channel gave up is none."""
    watched = Watched()
    code = watched.sells("vrbo", SOLD)
    watched.hears()
    assert watched.judge.wrongly_freed == []
    del watched.unit.nights[date(2027, 4, 12)]
    watched.judge.after_plan(watched.now)
    assert len(watched.judge.wrongly_freed) == 1
    watched.listings["vrbo"].cancel(code)
    watched.judge.ended(code, watched.now)
    watched.unit.nights.clear()
    watched.judge.after_plan(watched.now)
    assert len(watched.judge.wrongly_freed) == 1


def test_a_stay_that_is_shown_and_left_open_is_overlooked() -> None:
    """Its calendar showed it, and the house did not close it."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    watched.judge.after_answer("vrbo", watched.now)
    assert len(watched.judge.overlooked) == 1


def test_an_incident_about_nights_that_nobody_sold_is_false() -> None:
    """And one whose side has just been canceled is only late."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    code = watched.sells("booking_com", ALSO)
    watched.hears()
    [conflict] = watched.unit.conflicts.values()
    watched.judge.incident(conflict, watched.now)
    assert (watched.judge.false_conflicts, watched.judge.late_conflicts) == ([], 0)
    watched.judge.ended(code, watched.now)
    watched.judge.incident(conflict, watched.now)
    assert (watched.judge.false_conflicts, watched.judge.late_conflicts) == ([], 1)
    watched.judge.guests.clear()
    watched.judge.incident(conflict, watched.now)
    assert len(watched.judge.false_conflicts) == 1


def test_a_side_of_an_incident_that_its_channel_does_not_know_is_gone() -> None:
    """The host looks it up there, and releases it: each channel may have been told of the other."""
    watched = Watched()
    watched.sells("vrbo", SOLD)
    code = watched.sells("booking_com", ALSO)
    watched.hears()
    assert watched.judge.gone(watched.now, watched.now) == []
    watched.listings["booking_com"].cancel(code)
    watched.judge.ended(code, watched.now)
    [stay_id] = watched.judge.gone(watched.now, watched.now)
    assert watched.unit.stays[stay_id].feed_id == "booking_com"
    assert watched.judge.gone(NOW, watched.now) == []
