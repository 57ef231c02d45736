"""Secrets that stand in files: the key `NAME_file` is read, and its first line becomes `NAME`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from vacancy.settings.checks import Place, Problem

#: Stands in for an address that could not be read, so that its absence is not told twice.
_UNREAD = "https://unread.invalid/"


def fill_secrets(
    data: dict[str, Any], folder: Path, environ: Mapping[str, str], found: list[Problem]
) -> None:
    """Put into `data` what its `..._file` and `..._credential` keys point at; add to `found`.

    A file's path is relative to `folder`; a credential is a name in `$CREDENTIALS_DIRECTORY`.
    """
    for place, table, name in _tables(data):
        lines = _lines(place, table, name, (folder, environ), found)
        if lines is None:
            continue
        if name in table:
            found.append(((*place, name), f"is given twice; keep one of {name} and {name}_file"))
        table[name] = lines if name == "to" else lines[0]


def _tables(data: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any], str]]:
    """Each table that may hold a secret, and the secret's key."""
    for section, name in (("server", "database"), ("alerts", "to")):
        table = data.get(section)
        if isinstance(table, dict):
            yield (section,), cast(dict[str, Any], table), name
    yield from _of_sources(data.get("sources"))
    units = data.get("units")
    for index, unit in enumerate(units if isinstance(units, list) else []):
        feeds = unit.get("feeds") if isinstance(unit, dict) else None
        for key, feed in (feeds if isinstance(feeds, dict) else {}).items():
            if isinstance(feed, dict):
                yield ("units", index, "feeds", key), cast(dict[str, Any], feed), "url"


def _of_sources(sources: object) -> Iterator[tuple[Place, dict[str, Any], str]]:
    for index, source in enumerate(cast(list[Any], sources) if isinstance(sources, list) else []):
        if isinstance(source, dict):
            for name in ("key", "client_secret", "webhook_secret"):
                yield ("sources", index), cast(dict[str, Any], source), name


def _lines(
    place: Place,
    table: dict[str, Any],
    name: str,
    places: tuple[Path, Mapping[str, str]],
    found: list[Problem],
) -> list[str] | None:
    """The file's lines that are not empty; None where the table names no file."""
    folder, environ = places
    for key in (f"{name}_file", f"{name}_credential"):
        if key not in table:
            continue
        value = table.pop(key)
        here = (*place, key)
        if key.endswith("_credential"):
            held = environ.get("CREDENTIALS_DIRECTORY")
            if not held:
                found.append((here, "needs $CREDENTIALS_DIRECTORY, which systemd sets"))
                return [_UNREAD]
            folder = Path(held)
        return _read(folder / str(value), here, found)
    return None


def _read(file: Path, here: Place, found: list[Problem]) -> list[str]:
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not text"
        found.append((here, f"{file} cannot be read: {why}"))
        return [_UNREAD]
    if not lines:
        found.append((here, f"{file} is empty"))
        return [_UNREAD]
    return lines
