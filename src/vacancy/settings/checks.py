"""What the parts of a config must mean together: looked at before they are shaped.

Works on the plain values of the file and passes over what has another shape than it should
(the models name that), so that every problem of a config is found in one reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from vacancy.settings.values import CHANNELS, did_you_mean

#: A key's place, as pydantic gives it: ("units", 0, "feeds", "airbnb").
Place = tuple[str | int, ...]
Problem = tuple[Place, str]


def problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything in `data` that no single value is to blame for."""
    units = data.get("units", [])
    tables = [
        (("units", index), unit)
        for index, unit in enumerate(units if isinstance(units, list | tuple) else [])
        if isinstance(unit, dict)
    ]
    yield from _slugs(tables)
    yield from _properties(tables)
    yield from _houses(tables)
    for place, unit in tables:
        yield from _feed_keys(place, unit)
        yield from _exports(place, unit)
    yield from _sources(data.get("sources", []), tables)


def _sources(listed: Any, units: list[tuple[Place, dict[str, Any]]]) -> Iterator[Problem]:
    """Each source has a name of its own, and each of its properties a unit that is there."""
    known = {str(unit.get("slug")): unit for _, unit in units}
    seen: dict[str, int] = {}
    for index, source in enumerate(listed if isinstance(listed, list | tuple) else []):
        if not isinstance(source, dict):
            continue
        name = str(source.get("name") or source.get("kind") or "")
        if name and name in seen:
            where = f'"{name}" is already the name of sources[{seen[name]}]'
            yield ("sources", index, "name"), f"{where}; name this one otherwise"
        seen.setdefault(name, index)
        mapped = source.get("units")
        if isinstance(mapped, dict):
            for remote, wrong in _mapped_wrong(name, mapped, known):
                yield ("sources", index, "units", remote), wrong


def _mapped_wrong(
    name: str, mapped: Mapping[str, Any], known: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    slugs = Counter(slug for slug in mapped.values() if isinstance(slug, str))
    for remote, slug in mapped.items():
        if not isinstance(slug, str):
            continue
        if slug not in known:
            yield remote, f'there is no unit "{slug}"{did_you_mean(slug, list(known))}'
        elif name in _feeds(known[slug]):
            yield remote, f'unit "{slug}" has a feed "{name}" already; name the source otherwise'
        elif slugs[slug] > 1:
            yield remote, f'two properties of one source are "{slug}": a unit is one of them'


def _slugs(tables: list[tuple[Place, dict[str, Any]]]) -> Iterator[Problem]:
    seen: dict[object, Place] = {}
    olds: set[object] = set()
    for place, unit in tables:
        slug = str(unit.get("slug", ""))
        if slug and slug in seen:
            yield (*place, "slug"), f'"{slug}" is already the slug of units[{seen[slug][1]}]'
        seen.setdefault(slug, place)
    for place, unit in tables:
        was = unit.get("was")
        if not isinstance(was, str):
            continue
        if was in seen or was in olds:
            yield (*place, "was"), f'"{was}" is also the slug of another unit'
        olds.add(was)


def _properties(tables: list[tuple[Place, dict[str, Any]]]) -> Iterator[Problem]:
    first: dict[tuple[str, str], tuple[object, str]] = {}
    for place, unit in tables:
        name = _property_of(unit)
        for key in ("timezone", "check_in", "check_out"):
            value, slug = unit.get(key), str(unit.get("slug"))
            if value is None:
                continue
            said, by = first.setdefault((name, key), (value, slug))
            if said != value:
                yield (
                    (*place, key),
                    f'units of one property ("{name}") share it: "{by}" says "{said}"',
                )


def _houses(tables: list[tuple[Place, dict[str, Any]]]) -> Iterator[Problem]:
    """A tree has one level, and lies in one property."""
    by_slug = {str(unit.get("slug")): unit for _, unit in tables}
    rooms = Counter(unit["parent"] for _, unit in tables if isinstance(unit.get("parent"), str))
    for place, unit in tables:
        slug, parent, capacity = str(unit.get("slug")), unit.get("parent"), unit.get("capacity")
        if isinstance(parent, str):
            wrong = _no_house(unit, parent, by_slug)
            if wrong:
                yield (*place, "parent"), wrong
        if capacity is not None and unit.get("sells") is not None:
            yield (*place, "sells"), "say either sells or capacity: so many rooms are not the whole"
        elif isinstance(capacity, int) and not 0 < capacity <= rooms[slug]:
            yield (
                (*place, "capacity"),
                f'at most {rooms[slug]}: so many say parent = "{slug}"',
            )


def _no_house(unit: dict[str, Any], parent: str, by_slug: dict[str, dict[str, Any]]) -> str:
    """What is wrong with a unit's parent, in words; nothing where it may be."""
    house = by_slug.get(parent)
    if house is None:
        return f'there is no unit "{parent}"{did_you_mean(parent, list(by_slug))}'
    if house is unit:
        return "a unit is no part of itself"
    if house.get("parent") is not None:
        return f'"{parent}" is itself a part of "{house["parent"]}": a house has rooms, no more'
    if _property_of(unit) != _property_of(house):
        return f'"{parent}" lies elsewhere: say property = "{_property_of(house)}" here too'
    return ""


def _property_of(unit: dict[str, Any]) -> str:
    return str(unit.get("property") or unit.get("name") or unit.get("slug") or "")


def _feed_keys(place: Place, unit: dict[str, Any]) -> Iterator[Problem]:
    for key, feed in _feeds(unit).items():
        named = isinstance(feed, dict) and "channel" in feed
        if key == "everyone":
            yield (*place, "feeds", key), "is the export that holds all; call the feed otherwise"
        elif not named and key not in CHANNELS:
            yield (*place, "feeds", key), _no_channel(key)


def _no_channel(key: str) -> str:
    channel = key.rstrip("0123456789_-")
    if channel in CHANNELS:
        return f'say whose feed it is: {key} = {{ channel = "{channel}", url = "..." }}'
    near = did_you_mean(key, list(CHANNELS)) or '; name one, or say channel = "..." in its table'
    return f'"{key}" is no channel{near}'


def _exports(place: Place, unit: dict[str, Any]) -> Iterator[Problem]:
    wanted = unit.get("exports")
    if not isinstance(wanted, list):
        return
    known = [*_feeds(unit), *CHANNELS, "everyone"]
    for index, key in enumerate(wanted):
        if key not in known:
            near = did_you_mean(str(key), known)
            yield (
                (*place, "exports", index),
                f'"{key}" is neither a feed of this unit, a channel, nor "everyone"{near}',
            )
        elif key in wanted[:index]:
            yield (*place, "exports", index), f'"{key}" is named twice'


def _feeds(unit: dict[str, Any]) -> dict[str, Any]:
    feeds = unit.get("feeds", {})
    return feeds if isinstance(feeds, dict) else {}
