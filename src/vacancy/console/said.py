"""What a browser sent: the fields of a form, or what follows the `?` of an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import parse_qsl

from vacancy.domain.errors import Malformed

_MOST_FIELDS = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """Fields by name, each with all its values. Text comes without space around it."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def text(self, name: str, otherwise: str = "") -> str:
        """The first value of a field, empty text counting as none."""
        return next(iter(self.fields.get(name, ())), "").strip() or otherwise

    def secret(self, name: str) -> str:
        """The first value as it was typed, space included."""
        return next(iter(self.fields.get(name, ())), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field, such as of several boxes."""
        return [value.strip() for value in self.fields.get(name, ())]

    def day(self, name: str) -> date | None:
        """A date, None where the field is empty. Raises Malformed."""
        said = self.text(name)
        try:
            return date.fromisoformat(said) if said else None
        except ValueError:
            raise Malformed(f"{name} is a date such as 2027-02-03, not {said[:40]!r}") from None

    def whole(self, name: str, least: int, most: int, otherwise: int | None = None) -> int | None:
        """A whole number within bounds, `otherwise` where the field is empty. Raises Malformed."""
        said = self.text(name)
        if not said:
            return otherwise
        number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
        if number is None or not least <= number <= most:
            raise Malformed(f"{name} is a whole number from {least} to {most}")
        return number


def read_said(encoded: bytes) -> Said:
    """The fields of an urlencoded body or query. Raises Malformed."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Malformed("this form cannot be read") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Malformed("text has no NUL in it: take it out")
        fields.setdefault(name, []).append(value)
    return Said(fields)
