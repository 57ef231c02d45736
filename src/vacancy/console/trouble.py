"""Pages of what went wrong: one sentence on what happened, one on what to do."""

from __future__ import annotations

from vacancy.console import words
from vacancy.console.desk import Page
from vacancy.console.language import Language
from vacancy.domain.errors import Unknown, VacancyError


def told(status: int, title: str, text: str) -> Page:
    """A page of trouble."""
    return Page("trouble.html", {"title": title, "text": text}, status)


def missing(say: Language) -> Page:
    """404: also of what belongs to another account."""
    return told(
        404,
        say._("There is nothing here"),
        say._("The address is wrong, or what stood here is gone."),
    )


def forbidden(why: str, say: Language) -> Page:
    """403, with the reason."""
    return told(403, say._("Not allowed"), why)


def unavailable(say: Language) -> Page:
    """503: the store, or what seals its secrets, is not to be had."""
    text = say._("The database does not answer. Nothing was saved. Try again in a moment.")
    return told(503, say._("Not just now"), text)


def fault(say: Language) -> Page:
    """500: nobody foresaw this."""
    text = say._("This is a fault of Vacancy. Nothing was saved. Please report it.")
    return told(500, say._("Something broke"), text)


def refused(error: VacancyError, say: Language) -> Page:
    """What a service refuses, where there is no form to show it above."""
    if isinstance(error, Unknown):
        return missing(say)
    return told(words.status_of(error), say._("Not done"), words.refusal(error, say).text)
