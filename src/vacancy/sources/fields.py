"""Where a document holds what: paths, tried in order, tolerant of how names are spelled.

A path goes down by dots, and by number into a list: `guests.0.email`. Names are compared without
regard to case, `_` and `-`, so that `check_in` finds `checkIn` too. Two paths with a space between
are joined where both are to be had: `first_name last_name`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

Paths = tuple[str, ...]

_LONGEST = 200
_MOST = Decimal(10) ** 12
_BETWEEN = re.compile(r"[_\-\s]")


def value(document: Any, paths: Paths) -> Any:
    """The first that says something: neither absent nor null nor an empty text."""
    for path in paths:
        found = _joined(document, path.split(" ")) if " " in path else _walked(document, path)
        if found is not None and found != "":
            return found
    return None


def text(document: Any, paths: Paths, longest: int = _LONGEST) -> str | None:
    """The first as one line of printable text, cut to `longest`; numbers become their digits."""
    found = value(document, paths)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    line = " ".join(str(found).split())
    return "".join(letter for letter in line if letter.isprintable())[:longest] or None


def whole(document: Any, paths: Paths) -> int | None:
    """The first as a number from 0 to 999: guests, nights."""
    found = text(document, paths)
    return int(found) if found and found.isascii() and found.isdigit() and len(found) < 4 else None


def amount(document: Any, paths: Paths) -> Decimal | None:
    """The first as an amount from 0 up; `1,200.00` is read, `620,00` is not guessed at."""
    found = value(document, paths)
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    plain = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", str(found).strip())
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < _MOST else None


def _joined(document: Any, paths: list[str]) -> str | None:
    parts = [found for path in paths if isinstance(found := _walked(document, path), str)]
    return " ".join(part for part in parts if part.strip()) or None


def _walked(document: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(document, dict):
            document = _named(document, name)
        elif isinstance(document, list) and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document


def _named(document: dict[str, Any], name: str) -> Any:
    if name in document:
        return document[name]
    wanted = _plain(name)
    return next((told for key, told in document.items() if _plain(key) == wanted), None)


def _plain(name: str) -> str:
    return _BETWEEN.sub("", name).lower()
