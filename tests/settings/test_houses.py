"""Houses, rooms and buffers in the config: what may be said, and what is said wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from vacancy.settings import Settings, SettingsError, load


def unit(slug: str, *lines: str, place: str = "casa") -> str:
    named = f'[[units]]\nslug = "{slug}"\nproperty = "{place}"\ntimezone = "Europe/Lisbon"\n'
    return named + "".join(f"{line}\n" for line in lines)


def read(folder: Path, *units: str) -> Settings:
    file = folder / "vacancy.toml"
    file.write_text("".join(units), "utf-8")
    return load(file, {})


def test_a_house_its_rooms_and_their_buffers_are_read(tmp_path: Path) -> None:
    """In any order; a house may say that it is sold whole."""
    found = read(
        tmp_path,
        unit("blue", 'parent = "house"', "buffer_after = 1"),
        unit("house", 'sells = "whole"', "buffer_before = 2"),
    )
    blue, house = found.units
    assert (blue.parent, blue.buffer_after, house.capacity) == ("house", 1, None)
    assert read(tmp_path, unit("house", "capacity = 1"), unit("b", 'parent = "house"'))


@pytest.mark.parametrize(
    ("units", "problem"),
    [
        ((unit("a", 'parent = "b"'),), 'units[0].parent: there is no unit "b"'),
        ((unit("a", 'parent = "a"'),), "units[0].parent: a unit is no part of itself"),
        (
            (unit("a"), unit("b", 'parent = "a"'), unit("c", 'parent = "b"')),
            'units[2].parent: "b" is itself a part of "a": a house has rooms, no more',
        ),
        (
            (unit("a"), unit("b", 'parent = "a"', place="elsewhere")),
            'units[1].parent: "a" lies elsewhere: say property = "casa" here too',
        ),
        (
            (unit("a", "capacity = 2"), unit("b", 'parent = "a"')),
            'units[0].capacity: at most 1: so many say parent = "a"',
        ),
        (
            (unit("a", "capacity = 1", 'sells = "whole"'), unit("b", 'parent = "a"')),
            "units[0].sells: say either sells or capacity: so many rooms are not the whole",
        ),
    ],
)
def test_what_no_house_can_be_is_refused_in_a_sentence(
    tmp_path: Path, units: tuple[str, ...], problem: str
) -> None:
    """By its place, with what to do."""
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, *units)
    (said,) = refused.value.problems
    assert said.endswith(f": {problem}")
