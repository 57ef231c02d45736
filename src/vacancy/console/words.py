"""What was refused, in the host's language: a sentence for each code that pages can meet.

A code that has none is told in the service's own words, which are English.
"""

from __future__ import annotations

from vacancy.console.desk import Note
from vacancy.console.language import Language
from vacancy.domain.errors import Malformed, NightsTaken, Refused, VacancyError

_STATUS = {"too_many_tries": 429, "wrong_password": 422, "weak_password": 422, "link_over": 404}


def refusal(error: VacancyError, say: Language) -> Note:
    """The note above a form that was refused."""
    match error:
        case NightsTaken():
            nights = ", ".join(say.day(night) for night in error.nights[:5])
            text = say.ngettext(
                "Not saved. This night is taken: %(nights)s. Nothing was saved.",
                "Not saved. These nights are taken: %(nights)s. Nothing was saved.",
                len(error.nights),
                nights=nights,
            )
            return Note(text, "bad")
        case Refused() | Malformed():
            told = _told(say).get(error.code)
            return Note(told or _sentence(str(error)), "bad")
        case _:
            return Note(_sentence(str(error)), "bad")


def status_of(error: VacancyError) -> int:
    """422 for what cannot be read, 409 for what is refused, unless it is a matter of its own."""
    return 422 if isinstance(error, Malformed) else _STATUS.get(error.code, 409)


def _told(say: Language) -> dict[str, str]:
    _ = say._
    return {
        "wrong_password": _("This name and password do not belong together."),
        "weak_password": _("Choose a password of 12 to 200 characters that nobody guesses."),
        "too_many_tries": _("Too many tries. Wait 15 minutes, then try again."),
        "link_over": _("This link was used before, or its time is over."),
        "name_taken": _("This name is taken. Choose another one."),
        "slug_taken": _("This short name is taken, or was once. Choose another one."),
        "managed_by_config": _("The configuration file owns this. Change it there, then apply."),
        "changed_meanwhile": _("Somebody else changed this just now. Look again, then decide."),
    }


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")
