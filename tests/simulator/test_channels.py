"""Pretend channels keep the habits that were measured on real feeds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from vacancy.domain.nights import Nights
from vacancy.simulator.channels import Listing, NotForSale
from vacancy.simulator.habits import AIRBNB, ALL, BOOKING_COM, VRBO, Habits, Use

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def listing(habits: Habits, **more: object) -> Listing:
    return Listing(habits, "sea-view", ZoneInfo("Europe/Lisbon"), **more)  # type: ignore[arg-type]


def nights(first: str, last: str, year: int = 2027) -> Nights:
    return Nights(date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last}"))


def shown(page: Listing, now: datetime = NOW) -> list[tuple[str, Nights, str]]:
    """(summary, nights, uid) of each event, by an independent reader."""
    return [
        (str(event["SUMMARY"]), Nights(event.start, event.end), str(event["UID"]))
        for event in Calendar.from_ical(page.calendar(now)).events
    ]


def export_of(*spans: Nights) -> bytes:
    """What a channel finds when it reads a calendar of these nights."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, span in enumerate(spans):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@test",
            "DTSTAMP:20270101T000000Z",
            f"DTSTART;VALUE=DATE:{span.arrival:%Y%m%d}",
            f"DTEND;VALUE=DATE:{span.departure:%Y%m%d}",
            "SUMMARY:Reserved",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize("habits", ALL.values(), ids=ALL)
def test_only_the_time_of_the_fetch_moves_while_nothing_happens(habits: Habits) -> None:
    """Two fetches of one hour differ in every DTSTAMP and in nothing else."""
    page = listing(habits, sells_until=180)
    page.sell(nights("03-10", "03-14"), "Ana", NOW)
    page.close(nights("04-01", "04-03"))
    first, later = page.calendar(NOW), page.calendar(NOW + timedelta(minutes=15))
    stamp = rb"DTSTAMP:\d{8}T\d{6}Z"
    assert first != later
    assert re.sub(stamp, b"", first) == re.sub(stamp, b"", later)
    assert set(re.findall(stamp, later)) == {b"DTSTAMP:20270301T121500Z"}


@pytest.mark.parametrize("habits", ALL.values(), ids=ALL)
def test_the_same_seed_sells_under_the_same_codes(habits: Habits) -> None:
    """What a listing does follows from its seed and from what it is told."""
    bodies = []
    for seed in (7, 7, 8):
        page = listing(habits, seed=seed)
        page.sell(nights("03-10", "03-14"), "Ana", NOW)
        bodies.append(page.calendar(NOW))
    assert bodies[0] == bodies[1]
    assert (bodies[0] == bodies[2]) == (habits is BOOKING_COM)  # which tells no code


def test_an_airbnb_reservation_keeps_its_uid_when_its_dates_move() -> None:
    """One code, one UID, whatever the dates."""
    page = listing(AIRBNB)
    sale = page.sell(nights("03-10", "03-14"), "Ana", NOW)
    before = shown(page)[0]
    page.move(sale.code, nights("05-02", "05-04"))
    after = shown(page)[0]
    assert before[0] == after[0] == "Reserved"
    assert before[2] == after[2]
    assert before[2].startswith("1418fb94e984-")
    assert after[1] == nights("05-02", "05-04")


def test_an_airbnb_reservation_links_to_itself_across_a_fold() -> None:
    """The description carries the code, folded at 75 octets in the middle of the address."""
    page = listing(AIRBNB)
    sale = page.sell(nights("03-10", "03-14"), "Ana", NOW)
    body = page.calendar(NOW)
    assert max(map(len, body.split(b"\r\n"))) <= 75
    about = str(Calendar.from_ical(body).events[0]["DESCRIPTION"])
    assert f"/hosting/reservations/details/{sale.code}\n" in about


def test_an_airbnb_block_is_named_by_its_first_night_alone() -> None:
    """Two homes closed from one day on share the UID of the block."""
    short, long = listing(AIRBNB), Listing(AIRBNB, "old-mill", ZoneInfo("Europe/Berlin"))
    short.close(nights("04-01", "04-03"))
    long.close(nights("04-01", "04-20"))
    assert shown(short)[0][2] == shown(long)[0][2]


def test_the_airbnb_window_slides_one_day_each_day() -> None:
    """The closed tail starts at the booking window and ends a year and a day ahead."""
    page = listing(AIRBNB, sells_until=180)
    today = NOW.date()
    for days in range(3):
        ((summary, tail, _),) = shown(page, NOW + days * DAY)
        assert summary == "Airbnb (Not available)"
        assert tail == Nights(today + (180 + days) * DAY, today + (366 + days) * DAY)
    with pytest.raises(NotForSale):
        page.sell(Nights(today + 180 * DAY, today + 182 * DAY), "Ana", NOW)


def test_an_airbnb_stay_is_listed_whole_until_a_day_after_its_departure() -> None:
    """A running stay is never cut; a past one leaves after a day."""
    page = listing(AIRBNB)
    page.sell(nights("03-02", "03-05"), "Ana", NOW)
    on = {
        day: [s[1] for s in shown(page, datetime(2027, 3, day, 12, tzinfo=UTC))]
        for day in (4, 6, 7)
    }
    assert on == {4: [nights("03-02", "03-05")], 6: [nights("03-02", "03-05")], 7: []}


def test_an_airbnb_stay_beyond_the_year_is_not_listed() -> None:
    """No arrival is shown later than today and 365 days."""
    page = listing(AIRBNB)
    sale = page.sell(nights("06-01", "06-04"), "Ana", NOW)
    page.move(sale.code, nights("03-01", "03-05", 2028))
    assert shown(page, NOW) == []
    assert len(shown(page, NOW + DAY)) == 1


def test_booking_com_says_the_same_of_everything() -> None:
    """No word, no code, no guest: a reservation and a closure look alike."""
    page = listing(BOOKING_COM)
    page.sell(nights("03-10", "03-14"), "Ana", NOW)
    page.close(nights("05-01", "05-03"))
    assert [summary for summary, _, _ in shown(page)] == ["CLOSED - Not available"] * 2
    assert b"Ana" not in page.calendar(NOW)


def test_booking_com_cuts_a_running_stay_each_night_and_renames_it() -> None:
    """The span starts today at local midnight, under a UID of that day."""
    page = listing(BOOKING_COM)
    page.sell(nights("03-02", "03-06"), "Ana", NOW)
    seen = [shown(page, datetime(2027, 3, day, 12, tzinfo=UTC)) for day in range(2, 7)]
    arrivals = [events[0][1].arrival.day for events in seen[:4]]
    assert arrivals == [2, 3, 4, 5]
    assert len({events[0][2] for events in seen[:4]}) == 4
    assert seen[4] == []


def test_booking_com_gives_another_guest_of_the_day_the_same_uid() -> None:
    """The UID follows room and first night, so it does not prove the reservation."""
    page = listing(BOOKING_COM)
    first = page.sell(nights("03-10", "03-14"), "Ana", NOW)
    before = shown(page)[0][2]
    page.cancel(first.code)
    page.sell(nights("03-10", "03-12"), "Bruno", NOW)
    assert shown(page)[0][2] == before


def test_booking_com_merges_and_splits_neighbours_but_keeps_their_nights() -> None:
    """Back-to-back stays are one event or two, by turns; only the set of nights is stable."""
    page = listing(BOOKING_COM)
    page.sell(nights("03-10", "03-12"), "Ana", NOW)
    page.sell(nights("03-12", "03-15"), "Bruno", NOW)
    turns = [shown(page, NOW + hours * timedelta(hours=6)) for hours in range(20)]
    assert {len(events) for events in turns} == {1, 2}
    assert {frozenset(n for _, span, _ in events for n in span) for events in turns} == {
        frozenset(nights("03-10", "03-15"))
    }


def test_the_booking_com_tail_grows_at_its_end_only() -> None:
    """The season's end stands still, the edge 18 months ahead moves on nightly."""
    page = listing(BOOKING_COM, sells_until=date(2028, 1, 7))
    (first,), (next_day,) = shown(page, NOW), shown(page, NOW + DAY)
    assert first[1].arrival == next_day[1].arrival == date(2028, 1, 7)
    assert next_day[1].departure - first[1].departure == DAY
    assert first[2] == next_day[2]


def test_vrbo_names_the_guest_spells_a_block_and_keeps_the_past() -> None:
    """`Reserved - NAME` under a UUID, a block's UID its dates; both still there months later."""
    page = listing(VRBO)
    page.sell(nights("03-10", "03-14"), "Ana", NOW)
    page.close(nights("04-01", "04-03"))
    (sold, blocked) = shown(page, NOW + 60 * DAY)
    assert sold[:2] == ("Reserved - Ana", nights("03-10", "03-14"))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sold[2])
    assert blocked == ("Blocked", nights("04-01", "04-03"), "04012027-0401-2027-0403-202704032027")
    assert b"\r\n" not in page.calendar(NOW)


@pytest.mark.parametrize("habits", ALL.values(), ids=ALL)
@pytest.mark.parametrize(
    ("use", "listed"),
    [
        (Use.SHOWS, {"03-10/03-12", "04-01/04-04"}),
        (Use.IGNORES, {"03-10/03-12"}),
        (Use.SUBTRACTS, {"03-11/03-12"}),
    ],
)
def test_what_a_channel_does_with_imported_nights(
    habits: Habits, use: Use, listed: set[str]
) -> None:
    """Every kind can show, ignore or subtract what it imports; none sells it."""
    page = listing(habits, use=use)
    page.sell(nights("03-10", "03-12"), "Ana", NOW)
    page.import_calendar(export_of(nights("03-10", "03-11"), nights("04-01", "04-04")))
    assert {f"{span.arrival:%m-%d}/{span.departure:%m-%d}" for _, span, _ in shown(page)} == listed
    assert not page.offers(nights("04-03", "04-05"), NOW)


def test_an_import_is_taken_over_whole() -> None:
    """What the next reading no longer holds is for sale again."""
    page = listing(VRBO)
    page.import_calendar(export_of(nights("04-01", "04-04")))
    page.import_calendar(export_of())
    assert page.offers(nights("04-01", "04-04"), NOW)
