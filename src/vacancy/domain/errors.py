"""What can be wrong, in the field's words.

VacancyError
├── ConfigError       the config says something that cannot be meant
├── Unknown           no such thing (also: another account's)
├── Refused           a wish that the rules do not allow
│   └── NightsTaken   nights asked for are held by other stays
└── Malformed         a value that cannot be read
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


class VacancyError(Exception):
    """Every error that is meant for a person: its text says what is wrong and what to do."""

    code = "error"


class ConfigError(VacancyError):
    """The config says something that cannot be meant."""

    code = "config"


class Malformed(VacancyError):
    """A value that cannot be read."""

    code = "malformed"


class Unknown(VacancyError):
    """No such thing."""

    code = "unknown"

    def __init__(self, noun: str, name: str) -> None:
        super().__init__(f"there is no {noun} {name!r}")
        self.noun = noun
        self.name = name


class Refused(VacancyError):
    """A wish that the rules do not allow; `code` is stable for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NightsTaken(Refused):
    """Nights asked for are held by other stays."""

    def __init__(self, nights: Sequence[date], stays: Sequence[str]) -> None:
        listed = ", ".join(night.isoformat() for night in nights[:5])
        more = f" and {len(nights) - 5} more" if len(nights) > 5 else ""
        super().__init__("nights_taken", f"already taken: {listed}{more}; choose other nights")
        self.nights = tuple(nights)
        self.stays = tuple(stays)
