"""What is a calendar and what is refused, each refusal under its own name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ical.bodies import calendar, dates, event, settings, stay
from vacancy.ical.read import NotACalendar, read

WHOLE = calendar(stay("a"), stay("b", "20270301", "20270303"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b" \r\n\r\n", "empty_body"),
        (b"\xef\xbb\xbf", "empty_body"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "html"),
        (b"  <html>BEGIN:VCALENDAR</html>", "html"),
        (b'{"code":500,"message":"There was an error"}', "json"),
        (b"[]", "json"),
        (b"Service unavailable", "no_calendar"),
        (b"\x1f\x8b\x08\x00garbage", "no_calendar"),
        (b"see BEGIN:VCALENDAR END:VCALENDAR", "no_calendar"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "cut"),
        (WHOLE.replace(b"END:VEVENT", b"END:VEVEN", 1), "cut"),
        (WHOLE.replace(b"BEGIN:VEVENT\r\n", b"", 1), "cut"),
        (WHOLE[: len(WHOLE) // 2] + WHOLE, "cut"),
        (WHOLE + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "cut"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:A\r\n" * 5000, "nesting"),
    ],
)
def test_what_is_no_complete_calendar_is_refused_by_name(body: bytes, reason: str) -> None:
    """Nothing of such a body is taken, and the host reads one sentence."""
    with pytest.raises(NotACalendar) as refused:
        read(body, settings())
    assert refused.value.reason == reason
    assert len(str(refused.value)) > 20


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.integers(min_value=0, max_value=len(WHOLE) - len("END:VCALENDAR\r\n")))
def test_a_cut_body_is_never_read(length: int) -> None:
    """Wherever it breaks off, a body without its end frees no night."""
    with pytest.raises(NotACalendar):
        read(WHOLE[:length], settings())


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"\r\n", b"\r"),
        WHOLE.replace(b"\r\n", b"\r\n\r\n"),
        WHOLE.rstrip(),
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.decode().encode("utf-16"),
        b"\0".join(WHOLE.partition(b"DTSTART")),
        WHOLE.replace(b"BEGIN:", b"begin:")
        .replace(b"END:V", b"end:v")
        .replace(b"DTSTART", b"dtstart"),
        WHOLE.replace(b"Reserved", b"Res\r\n erved").replace(b"DTEND;", b"DTEND\r\n\t;"),
        WHOLE.replace(b"END:VEVENT", b'END:VEVENT\r\n{"code":500}', 1),
        b"<br/>Notice: undefined index\r\n" + WHOLE + b"\r\n<!-- made in 3 s -->",
        WHOLE.replace(
            b"END:VEVENT", b"BEGIN:VALARM\r\nUID:x\r\nDTSTART:20300101\r\nEND:VALARM\r\nEND:VEVENT"
        ),
        WHOLE.replace(
            b"END:VEVENT\r\n",
            b"END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nPRODID:-//Test//EN\r\n",
            1,
        ),
        WHOLE.replace(
            b"VERSION:2.0", b"VERSION:2.0\r\nBEGIN:VTODO\r\nDTSTART:20270101\r\nEND:VTODO"
        ),
    ],
)
def test_odd_bytes_around_the_same_calendar_change_nothing(body: bytes) -> None:
    """Line ends, marks, NULs, folds, case, junk, alarms and several calendars."""
    reading = read(body, settings())
    assert dates(reading) == [("2027-02-03", "2027-02-05"), ("2027-03-01", "2027-03-03")]
    assert [one.uid for one in reading.entries] == ["a", "b"]
    assert {one.summary for one in reading.entries} == {"Reserved"}


def test_text_is_utf_8_or_else_windows_1252() -> None:
    """Each entry by itself: one in Latin-1 does not spoil the others."""
    body = calendar(stay("a", summary="Réservée - Zoë"))
    latin = calendar(stay("b", summary="X")).replace(b":X\r", b":R\xe9serv\xe9e \x96 \x81\r")
    joined = body + latin
    assert [one.summary for one in read(joined, settings()).entries] == [
        "Réservée - Zoë",
        "Réservée \u2013 \ufffd",
    ]


def test_a_fold_inside_a_letter_is_undone_on_bytes() -> None:
    """Channels fold at 75 octets without looking."""
    body = calendar(stay(summary="Réservée")).replace(b"\xc3\xa9s", b"\xc3\r\n \xa9s")
    assert read(body, settings()).entries[0].summary == "Réservée"


def test_the_nearest_prodid_names_the_maker() -> None:
    """Scripts glue feeds into one calendar, and an error body before a PRODID."""
    body = calendar(
        stay("a"), '{"code":500}PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN', stay("b")
    )
    assert [one.prodid for one in read(body, settings()).entries] == [
        "-//Test//EN",
        "-//Airbnb Inc//Hosting Calendar 1.0//EN",
    ]
    late = b"BEGIN:VCALENDAR\n" + stay("a").encode() + b"\nPRODID:late\nEND:VCALENDAR"
    assert read(late, settings()).entries[0].prodid == "late"


def test_one_bad_entry_never_fails_a_feed() -> None:
    """It is left out and told; the others stand."""
    body = calendar(stay("a"), event("UID:b", "DTSTART:INVALID-DATE"), event("UID:c", "X"))
    reading = read(body, settings())
    assert [one.uid for one in reading.entries] == ["a"]
    assert [one.uid for one in reading.skipped] == ["b", "c"]
