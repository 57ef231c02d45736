"""What the streams of an account are told from: shared, bounded, without a gap."""

from __future__ import annotations

from collections.abc import Iterator

from vacancy.api.wire import AT_ONCE, Frame, Wire

ANY: frozenset[str] = frozenset()


def frames(first: int, last: int, kind: str = "block.created", size: int = 1) -> Iterator[Frame]:
    return ((number, kind, b"%d," % number * size) for number in range(first, last + 1))


def told(wire: Wire, cursor: int, types: frozenset[str] = ANY) -> list[int]:
    """The numbers that a stream is told, message by message, until nothing is left."""
    numbers: list[int] = []
    while True:
        cursor, text = wire.since(cursor, types)
        if not text:
            assert cursor >= wire.last
            return numbers
        numbers += map(int, text.decode().rstrip(",").split(","))


def test_it_tells_what_follows_in_messages() -> None:
    """At most so many facts at once; whoever was told all is told nothing."""
    wire = Wire(10)
    wire.add(frames(11, 250))
    assert told(wire, 10) == list(range(11, 251))
    assert told(wire, 200) == list(range(201, 251))
    assert wire.since(10, ANY)[0] == 10 + AT_ONCE
    assert told(wire, 250) == told(wire, 300) == []
    assert not wire.reaches(9)


def test_every_stream_is_told_the_same_bytes() -> None:
    """Written once for all that are at the same place, and anew when something came."""
    wire = Wire(0)
    wire.add(frames(1, 3))
    assert wire.since(0, ANY)[1] is wire.since(0, ANY)[1]
    wire.add(frames(4, 4))
    assert told(wire, 0) == [1, 2, 3, 4]


def test_types_are_passed_over() -> None:
    """A rare type behind many others is not missed."""
    wire = Wire(0)
    wire.add(frames(1, 500))
    wire.add(frames(501, 501, "feed.gone"))
    assert told(wire, 0, frozenset({"feed.gone"})) == [501]


def test_it_keeps_so_much_and_no_more() -> None:
    """By number and by size: whoever is further behind reads the store."""
    many, large = Wire(0), Wire(0)
    for first in range(1, 20_001, 1000):
        many.add(frames(first, first + 999))
        large.add(frames(first, first + 999, size=1000))
    for wire in (many, large):
        assert wire.last == 20_000
        assert not wire.reaches(10_000)
    assert told(many, 19_000) == list(range(19_001, 20_001))


def test_a_gap_begins_it_anew() -> None:
    """Nothing is told across numbers that are not there."""
    wire = Wire(5)
    wire.add(frames(6, 9))
    wire.add(frames(12, 13))
    assert not wire.reaches(9)
    assert told(wire, 11) == [12, 13]
