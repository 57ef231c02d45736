"""What is read again, and what is not: digests, known blocks, and how they are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ical.bodies import TODAY, calendar, event, settings, stay
from vacancy.ical.read import Block, Reading, digest, dump_blocks, load_blocks, read

SIXTY = [
    stay(f"{place}@airbnb.com", f"2027{place % 12 + 1:02}01", f"2027{place % 12 + 1:02}04")
    for place in range(60)
]


def kept(reading: Reading) -> dict[bytes, Block]:
    return load_blocks(dump_blocks(reading.blocks))


def test_a_changed_dtstamp_changes_no_digest() -> None:
    """Channels stamp each entry with the time of the fetch."""
    later = calendar(*(one.replace("T080000Z", "T093000Z") for one in SIXTY))
    assert digest(calendar(*SIXTY)) == digest(later)
    assert digest(calendar(*SIXTY)) != digest(calendar(*SIXTY[1:]))
    assert digest(calendar(stay(summary="a"))) != digest(calendar(stay(summary="b")))


def test_of_sixty_entries_the_changed_one_is_parsed() -> None:
    """One parser call for one changed entry, none for none, and the same entries as anew."""
    first = read(calendar(*SIXTY), settings())
    assert first.parsed == 60
    changed = [*SIXTY]
    changed[17] = changed[17].replace("Reserved", "Reserved again")
    body = calendar(*(one.replace("T080000Z", "T093000Z") for one in changed))
    second = read(body, settings(), kept(first))
    assert second.parsed == 1
    assert second.entries == read(body, settings()).entries
    assert read(body, settings(), kept(second)).parsed == 0


@pytest.mark.parametrize(
    "other",
    [
        settings("America/New_York"),
        settings(end_is_last_night=True),
        settings(transparent="free"),
    ],
)
def test_other_settings_read_anew(other: object) -> None:
    """Blocks read under one setting are not taken for another's."""
    first = read(calendar(*SIXTY), settings())
    assert read(calendar(*SIXTY), other, kept(first)).parsed == 60  # type: ignore[arg-type]


def test_another_maker_or_day_reads_anew_what_depends_on_it() -> None:
    """The PRODID is part of every entry; the day only of recurring ones."""
    weekly = event("UID:w", "DTSTART:20260101", "RRULE:FREQ=WEEKLY")
    first = read(calendar(*SIXTY, weekly), settings())
    tomorrow = settings(today=TODAY + timedelta(days=1))
    assert read(calendar(*SIXTY, weekly, prodid="other"), settings(), kept(first)).parsed == 61
    second = read(calendar(*SIXTY, weekly), tomorrow, kept(first))
    assert second.parsed == 1
    assert second.recurs
    assert second.entries == read(calendar(*SIXTY, weekly), tomorrow).entries


def test_the_horizon_moves_with_the_day_without_a_parser_call() -> None:
    """What runs past the horizon is cut at each reading."""
    body = calendar(stay("a", "20270101", "90000101"))
    first = read(body, settings())
    second = read(body, settings(today=TODAY + timedelta(days=1)), kept(first))
    assert second.parsed == 0
    assert [str(one.entries[0].nights.departure) for one in (first, second)] == [
        "2029-11-24",
        "2029-11-25",
    ]


def test_the_latest_dtstamp_tells_how_fresh_a_feed_is() -> None:
    """A copy that a cache serves for days shows its age."""
    body = calendar(stay("a", stamp="20261120T000000Z"), stay("b", stamp="20261122T000000Z"))
    assert str(read(body, settings()).stamped) == "2026-11-22"
    assert read(calendar(event("UID:a", "DTSTART:20270101")), settings()).stamped is None


def test_kept_blocks_come_back_as_they_were() -> None:
    """Texts of any letters, skipped entries, recurring ones."""
    body = calendar(
        stay("a", summary="Réservée \\n - 李", extra=["DESCRIPTION:x\\, y", "SEQUENCE:3"]),
        event("UID:b", "DTSTART:INVALID"),
        event("UID:w", "DTSTART:20261201", "RRULE:FREQ=WEEKLY"),
    )
    reading = read(body, settings())
    assert tuple(kept(reading).values()) == reading.blocks
    sixty = read(calendar(*SIXTY), settings())
    assert len(dump_blocks(sixty.blocks)) < 6_000


@hypothesis_settings(deadline=None, max_examples=100)
@given(st.data())
def test_damaged_blocks_are_refused(data: st.DataObject) -> None:
    """A cut or flipped blob is a ValueError, and the feed is read anew."""
    whole = dump_blocks(read(calendar(*SIXTY[:3]), settings()).blocks)
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= data.draw(st.integers(1, 255))
    for damaged in (whole[:place], bytes(flipped)):
        try:
            assert load_blocks(damaged) == load_blocks(whole)
        except ValueError:
            continue


@pytest.mark.parametrize("text", [b"[1]", b"{}", b'[["zz",[],[],0]]', b'[["00",[[1]],[],0]]', b"3"])
def test_blocks_of_another_shape_are_refused(text: bytes) -> None:
    """Whole compression does not make whole blocks."""
    import zlib

    if text == b"{}":
        assert load_blocks(zlib.compress(text)) == {}
        return
    with pytest.raises(ValueError, match=r".+"):
        load_blocks(zlib.compress(text))
