"""The story of the demo, a chapter a function. What it tells, it checks."""

from __future__ import annotations

from icalendar import Calendar

from vacancy.domain.nights import Nights, night_set
from vacancy.simulator.channels import Sale
from vacancy.simulator.stage import NAMES, Booked, Exported, Stage
from vacancy.simulator.world import Place

AIRBNB_SEA: Place = ("airbnb", "sea-view")
VRBO_SEA: Place = ("vrbo", "sea-view")
BOOKING_SEA: Place = ("booking_com", "sea-view")
AIRBNB_MILL: Place = ("airbnb", "old-mill")
VRBO_MILL: Place = ("vrbo", "old-mill")
BOOKING_MILL: Place = ("booking_com", "old-mill")

#: What was sold before the story begins: place, first and last day from today, guest.
BEFORE: tuple[tuple[Place, int, int, str], ...] = (
    (AIRBNB_SEA, 6, 10, "Emil"),
    (AIRBNB_SEA, 20, 24, "Farah"),
    (AIRBNB_SEA, 41, 44, "Goran"),
    (BOOKING_SEA, 12, 15, "Hana"),
    (VRBO_SEA, 30, 33, "Ivo"),
    (AIRBNB_MILL, 5, 8, "Jana"),
    (BOOKING_MILL, 9, 12, "Karl"),
    (VRBO_MILL, 40, 47, "Lena"),
)


def tell(stage: Stage) -> None:
    """All chapters in order. Raises NotAsTold where something told does not come true."""
    first_look(stage)
    ana = a_guest_books(stage)
    an_echo_comes_back(stage)
    the_guest_cancels(stage, ana)
    a_bad_hour(stage)
    sold_twice(stage)
    read_back(stage)


def first_look(stage: Stage) -> None:
    check = stage.teller.check
    stage.teller.chapter("The first look")
    for place, first, last, guest in BEFORE:
        stage.sell(place, stage.nights(first, last), guest)
    with stage.server.lock:
        stage.world.close(VRBO_MILL, stage.nights(60, 63))
    stage.teller.say(
        "Two places, each on Airbnb, Booking.com and Vrbo. Eight stays are sold already, and the "
        "host has closed three nights at Vrbo. No channel knows of another. Vacancy reads all six "
        "feeds."
    )
    polled = stage.wait(0)
    check("all six feeds gave a good answer", [t.outcome for t in polled.values()] == ["fresh"] * 6)
    known = all(stage.stay(p[1], p[0], stage.nights(a, b)) for p, a, b, _ in BEFORE)
    check("every stay is in the house, with its channel and its nights", known)
    owner = stage.stay("old-mill", "vrbo", stage.nights(60, 63))
    check("the host's closed nights are a block", owner is not None and owner.kind == "block")
    tail = [b for b in stage.house.bookings("sea-view") if len(b.nights) > 100]
    rule = all(booked.reason == "rule_window" for booked in tail)
    check("Airbnb's booking window is known as a setting of Airbnb's, and closes nothing", rule)
    before = stage.sold_and_for_sale()
    check("until the channels read their exports, sold nights are for sale elsewhere", before != [])
    check("each channel reads the export that was made for it", stage.channels_read() == 6)
    check("now no sold night is for sale anywhere", stage.sold_and_for_sale() == [])


def a_guest_books(stage: Stage) -> Sale:
    stage.teller.chapter("A guest books")
    nights = stage.nights(50, 54)
    ana = stage.sell(AIRBNB_SEA, nights, "Ana")
    stage.teller.say(f"Ana books Sea View on Airbnb, {spelt(nights)}.")
    stage.wait(15)
    stay = stage.stay("sea-view", "airbnb", nights)
    stage.teller.check("a quarter of an hour later it is a confirmed reservation", is_sold(stay))
    stage.teller.check("the exports for Booking.com and Vrbo hold it", held_by(stage, nights, 3))
    own = nights_of(stage, export(stage, "sea-view", "airbnb"))
    stage.teller.check("the one for Airbnb does not: it knows", own.isdisjoint(nights))
    stage.channels_read()
    free = stage.for_sale("sea-view", nights)
    stage.teller.check("once they have read, nobody can book these nights again", free == [])
    return ana


def an_echo_comes_back(stage: Stage) -> None:
    stage.teller.chapter("An echo comes back")
    nights = stage.nights(70, 73)
    stage.sell(VRBO_SEA, nights, "Bruno")
    stage.teller.say(
        f"Bruno books Sea View on Vrbo, {spelt(nights)}. Airbnb reads its export, closes the "
        "nights, and now lists them in its own feed as not available."
    )
    stage.wait(15)
    stage.channels_read()
    shown = Calendar.from_ical(stage.world.listings[AIRBNB_SEA].calendar(stage.clock.now()))
    listed = any(event.start == nights.arrival for event in shown.events)
    stage.teller.check("Airbnb's feed does show Bruno's nights", listed)
    told = stage.wait(15)[AIRBNB_SEA]
    stage.teller.check("Vacancy knows its own words: an echo", told.says("echo", nights))
    stay = stage.stay("sea-view", "airbnb", nights)
    stage.teller.check("no block is made of it, and no conflict", stay is None and quiet(stage))


def the_guest_cancels(stage: Stage, ana: Sale) -> None:
    stage.teller.chapter("The guest cancels")
    stage.cancel(AIRBNB_SEA, ana)
    stage.teller.say("Ana cancels. Airbnb says nothing about it: her stay is just not listed.")
    stage.teller.say(
        "But feeds lose stays by mistake, too, and a night freed wrongly is sold twice."
    )
    told = stage.wait(15)[AIRBNB_SEA]
    stage.teller.check("the stay is missing, not gone", told.says("missing", ana.nights))
    stage.teller.check("its nights stay closed everywhere", held_by(stage, ana.nights, 3))
    waited = 0
    while held_by(stage, ana.nights, 3) and waited < 120:
        told = stage.wait(15)[AIRBNB_SEA]
        waited += 15
    stage.teller.check(
        f"absent from good answers for {waited} minutes, it is withdrawn",
        60 <= waited < 120 and told.says("withdrawn", ana.nights),
    )
    stage.teller.check("no export holds its nights any more", held_by(stage, ana.nights, 0))
    stage.channels_read()
    everywhere = stage.for_sale("sea-view", ana.nights) == ["airbnb", "booking_com", "vrbo"]
    stage.teller.check("all three channels can sell them again", everywhere)


def a_bad_hour(stage: Stage) -> None:
    stage.teller.chapter("A bad hour at Airbnb")
    before = stage.house.bookings("sea-view")
    stage.server.spoil(AIRBNB_SEA, "error")
    told = stage.wait(15)[AIRBNB_SEA]
    stage.teller.say("Airbnb answers with an error; half an hour later with an empty calendar.")
    stage.teller.check("the error is a failed poll and changes nothing", told.outcome == "failed")
    stage.server.spoil(AIRBNB_SEA, "empty")
    told = stage.wait(30)[AIRBNB_SEA]
    stage.teller.check("the empty calendar is not believed", told.outcome == "suspicious")
    held = all(held_by(stage, stage.nights(a, b), 3) for a, b in ((6, 10), (20, 24), (41, 44)))
    stage.teller.check("every stay goes on closing its nights", held)
    stage.wait(30)
    same = stage.house.bookings("sea-view") == before
    stage.teller.check("Airbnb is well again, and nothing was lost or made twice", same)


def sold_twice(stage: Stage) -> None:
    stage.teller.chapter("Sold twice")
    chiara = stage.sell(AIRBNB_MILL, stage.nights(26, 30), "Chiara")
    dora = stage.sell(VRBO_MILL, stage.nights(28, 32), "Dora")
    stage.teller.say(
        "In the same minute Chiara books Old Mill on Airbnb and Dora on Vrbo. No calendar"
        " can be quick enough; what counts is that the host learns of it at once."
    )
    stage.wait(15)
    shared = tuple(stage.nights(28, 30))
    clashes = [clash for clash in stage.house.conflicts() if clash.status == "open"]
    found = [(clash.unit, clash.kind, clash.nights) for clash in clashes]
    right = found == [("old-mill", "double_booking", shared)]
    stage.teller.check("a double booking is reported, once, with the two nights shared", right)
    truth = {night for unit, night in stage.world.double_sold() if unit == "old-mill"}
    stage.teller.check(
        "these are the nights truly sold twice, no more, no fewer", truth == {*shared}
    )
    both = (
        stage.stay("old-mill", "airbnb", chiara.nights),
        stage.stay("old-mill", "vrbo", dora.nights),
    )
    stage.teller.check("both stays are kept whole: a guest is a fact", all(map(is_sold, both)))
    stage.teller.say("The host finds Dora another place and cancels at Vrbo.")
    stage.cancel(VRBO_MILL, dora)
    for _ in range(6):
        stage.wait(15)
    stage.teller.check("when Vrbo has shown it for an hour, the conflict ends", quiet(stage))


def read_back(stage: Stage) -> None:
    stage.teller.chapter("Read back")
    stage.channels_read()
    stage.house.poll()
    exports = stage.house.exports()
    rows = [
        [
            NAMES[one.unit],
            NAMES.get(one.feed, one.feed),
            str(one.version),
            one.last_read_at.strftime("%H:%M") if one.last_read_at else "never",
        ]
        for one in exports
    ]
    stage.teller.table(["unit", "export for", "version", "last read"], rows)
    read = [one for one in exports if one.last_read_at is not None]
    fed = [one for one in exports if one.feed != "everyone"]
    stage.teller.check("each channel's reading is on record", set(fed) <= set(read))
    for unit in ("sea-view", "old-mill"):
        everyone = nights_of(stage, export(stage, unit, "everyone"))
        true = everyone == stage.truly_taken(unit)
        stage.teller.check(f"the calendar of {NAMES[unit]} holds what is taken, to the night", true)
    stage.teller.check("no sold night is for sale anywhere", stage.sold_and_for_sale() == [])


def is_sold(stay: Booked | None) -> bool:
    return stay is not None and (stay.kind, stay.status) == ("reservation", "confirmed")


def quiet(stage: Stage) -> bool:
    """Whether no conflict is open."""
    return all(clash.status == "resolved" for clash in stage.house.conflicts())


def export(stage: Stage, unit: str, feed: str) -> Exported:
    return next(one for one in stage.house.exports() if (one.unit, one.feed) == (unit, feed))


def nights_of(stage: Stage, one: Exported) -> frozenset[object]:
    """The nights that an export holds, read over HTTP by a reader that is no channel's."""
    body = stage.reader(one.url, "Vacancy/demo")
    events = Calendar.from_ical(body).events if body else []
    return frozenset(night_set(Nights(event.start, event.end) for event in events))


def held_by(stage: Stage, nights: Nights, count: int) -> bool:
    """Whether exactly so many exports of Sea View hold all these nights, and the others none."""
    held = [nights_of(stage, one) for one in stage.house.exports() if one.unit == "sea-view"]
    whole = sum(holds >= frozenset(nights) for holds in held)
    none = sum(holds.isdisjoint(nights) for holds in held)
    return (whole, none) == (count, len(held) - count)


def spelt(nights: Nights) -> str:
    return f"{nights.arrival:%-d %B} to {nights.departure:%-d %B}"
