"""The strict reader, the tolerant one and the icalendar library read a plain entry alike."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from random import Random

import icalendar
import pytest

from ical.bodies import calendar, event, settings
from vacancy.domain.claims import Entry, Skipped
from vacancy.ical.odd import read_odd
from vacancy.ical.plain import read_plain
from vacancy.ical.properties import properties, unescaped
from vacancy.ical.split import decoded, split

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
ROUNDS = 200_000 if os.environ.get("VACANCY_PROOF") else 3_000

SUMMARIES = (
    *("Reserved", "Airbnb (Not available)", "CLOSED - Not available", "Réservée - Zoë", " x ", ""),
    *("Blocked\\, by owner", "a\\nb", "李\\; \\\\ end", "tel: 1", 'say "hi"', "[x] y"),
)
MUTATIONS = (
    *("DTSTART", "DTEND", "VALUE=DATE", "SUMMARY", "UID", ";", ":", "\n", "\\", '"', "2027", "0"),
    *(
        "20270230",
        "T120000Z",
        "TZID=Europe/Rome",
        "RRULE:FREQ=DAILY",
        " ",
        "-",
        "é",
        "\uff11",
        "\t",
    ),
    *("STATUS:CANCELED\n", "SEQUENCE:2\n", "SEQUENCE:x\n", "DURATION:P2D\n", "TRANSP:OPAQUE\n"),
    *("dtend", "DTEND;VALUE=DATE:20270301\n", "X-A:b\n", "URL;VALUE=URI:x\n", "1999", "9999"),
)


def random_lines(chance: Random) -> list[str]:
    """The lines of a plain entry in any order."""
    start = date.fromordinal(date(2026, 1, 1).toordinal() + chance.randint(0, 1200))
    end = date.fromordinal(start.toordinal() + chance.randint(-2, 40))
    form = chance.choice((";VALUE=DATE", ""))
    lines = [
        f"UID:{chance.getrandbits(64):x}@airbnb.com",
        "DTSTAMP:20261124T080000Z",
        f"DTSTART{form}:{start:%Y%m%d}",
        f"DTEND{form}:{end:%Y%m%d}",
        f"SUMMARY:{chance.choice(SUMMARIES)}",
        f"DESCRIPTION:{chance.choice(SUMMARIES)}",
    ]
    if chance.random() < 0.3:
        lines.append(f"STATUS:{chance.choice(('CONFIRMED', 'TENTATIVE', 'CANCELLED', 'canceled'))}")
    if chance.random() < 0.3:
        lines.append(f"SEQUENCE:{chance.randint(0, 9)}")
    chance.shuffle(lines)
    return lines


def mutated(text: str, chance: Random) -> str:
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice(MUTATIONS) + text[place + chance.randint(0, 3) :]
    return text


def as_the_library_reads(lines: str) -> Entry:
    """A plain entry by icalendar, given bytes."""
    body = "BEGIN:VEVENT" + lines + "\nEND:VEVENT\n"
    found = icalendar.Event.from_ical(body.replace("\n", "\r\n").encode())
    assert isinstance(found, icalendar.Event)
    return Entry(
        uid=str(found.get("UID", "")).strip(),
        nights=type(NIGHTS)(found["DTSTART"].dt, found["DTEND"].dt),
        summary=str(found.get("SUMMARY", "")).strip(),
        description=str(found.get("DESCRIPTION", "")).strip(),
        status=str(found.get("STATUS", "")).strip().upper().replace("CANCELED", "CANCELLED"),
        sequence=int(found.get("SEQUENCE", 0)),
    )


NIGHTS = read_plain("\nDTSTART:20270101\nDTEND:20270102", "").nights  # type: ignore[union-attr]


def test_what_the_strict_reader_takes_the_tolerant_one_reads_alike() -> None:
    """Over generated and mutated entries; 200,000 of them in the proof tier."""
    chance = Random(11)
    taken = 0
    for _ in range(ROUNDS):
        text = mutated("\n" + "\n".join(random_lines(chance)), chance)
        plain = read_plain(text, "p")
        if plain is not None:
            taken += 1
            assert plain == read_odd(properties(text), "p", settings()), text
    assert taken > ROUNDS // 4


def test_what_the_strict_reader_takes_the_library_reads_alike() -> None:
    """Over generated entries without damage, which is what the library is an oracle for."""
    chance = Random(12)
    taken = 0
    for _ in range(ROUNDS // 10):
        text = "\n" + "\n".join(random_lines(chance))
        plain = read_plain(text, "")
        if plain is not None:
            taken += 1
            assert plain == as_the_library_reads(text), text
    assert taken > ROUNDS // 20


@pytest.mark.skipif(not SHARED.exists(), reason="the feed corpus does not lie beside the project")
def test_the_real_feeds_are_read_alike() -> None:
    """Every entry of the corpus, and nearly all of the channels' are plain."""
    plain = total = 0
    for path in sorted(SHARED.rglob("*.ics")):
        for raw in split(path.read_bytes()).events:
            text = decoded(raw.lines)
            strict = read_plain(text, raw.prodid)
            total += 1
            if strict is not None:
                plain += 1
                tolerant = read_odd(properties(text), raw.prodid, settings())
                assert strict == tolerant
    assert total > 900
    assert plain / total > 0.9


def test_escapes_are_undone_once() -> None:
    """A backslash before an n is a line end only where it is no escaped backslash."""
    assert unescaped("a\\\\nb\\nc\\,\\;\\x") == "a\\nb\nc,;\\x"


def test_the_strict_reader_refuses_what_it_does_not_know() -> None:
    """A parameter, a repeated property, a backward end, digits of another script."""
    known = "\nUID:a\nDTSTART:20270101\nDTEND:20270102"
    assert read_plain(known, "") is not None
    for more in (
        "\nUID:b",
        "\nDURATION:P1D",
        "\nSUMMARY;LANGUAGE=en:x",
        "\nTRANSP:TRANSPARENT",
        "\nx",
    ):
        assert read_plain(known + more, "") is None
    assert read_plain(known.replace("20270102", "20261231"), "") is None
    assert read_plain(known.replace("20270102", "\uff12\uff10270102"), "") is None


def test_a_wrong_entry_is_told_by_the_tolerant_reader() -> None:
    """It gives a reason where it gives no entry."""
    raw = split(calendar(event("UID:a"))).events[0]
    read = read_odd(properties(decoded(raw.lines)), "", settings())
    assert isinstance(read, Skipped)
