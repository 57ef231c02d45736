"""What went wrong, as one sentence on stderr and an exit code. Never a traceback, never a secret.

SettingsError, ConfigError, VaultError, the database cannot be used   2
Unknown, Malformed, a wrong command                                   2
Refused (nights taken, nothing to decide, ...)                        1
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from vacancy.cli.printing import ReaderLeft, notice

BAD = 1
USAGE = 2
_INTERRUPTED = 130


def guarded(command: Callable[[], object]) -> int:
    """Run a command; its exit code, whatever becomes of it."""
    try:
        code = command()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ReaderLeft:
        _let_go_of_stdout()
        return 0
    except Exception as trouble:
        if os.environ.get("VACANCY_DEBUG"):
            raise
        return _tell(trouble)
    return code if isinstance(code, int) else 0


def _tell(trouble: Exception) -> int:
    from typer.exceptions import Abort, TyperException

    if isinstance(trouble, Abort):
        return _INTERRUPTED
    if isinstance(trouble, TyperException):
        notice(trouble.format_message() or "Run `vacancy --help` for the commands.")
        return USAGE
    told = _sentences(trouble)
    for sentence in told[0]:
        notice(sentence)
    return told[1]


def _sentences(trouble: Exception) -> tuple[tuple[str, ...], int]:
    from vacancy.domain.errors import Refused, VacancyError
    from vacancy.settings import SettingsError
    from vacancy.store.upkeep import DatabaseTrouble, describe
    from vacancy.vault import VaultError

    match trouble:
        case SettingsError():
            return trouble.problems, USAGE
        case Refused():
            return (str(trouble),), BAD
        case VacancyError() | VaultError():
            return (str(trouble),), USAGE
        case DatabaseTrouble():
            return (describe(trouble),), USAGE
        case OSError():
            named = f"{trouble.filename}: " if trouble.filename else ""
            return (f"{named}{trouble.strerror or type(trouble).__name__}",), USAGE
        case _:
            # The text of an unforeseen error may hold anything, an address too.
            return (
                f"this is a fault of Vacancy ({type(trouble).__name__}): please report it;"
                " VACANCY_DEBUG=1 shows where",
            ), BAD


def _let_go_of_stdout() -> None:
    """Whoever read us has left: what Python still flushes at its end goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
