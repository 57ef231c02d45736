"""Spanish says all that English says, and dates follow the country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from console.browsing import ConsoleHouse, text_of
from vacancy.console.language import catalogues, speak

CONSOLE = Path(__file__).resolve().parents[2] / "src" / "vacancy" / "console"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do", "trimmed": "true"}}
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
_VALUE = re.compile(r"%\((\w+)\)s")


def sentences() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where each sentence of the console stands, with its plural where it has one."""
    found = extract_from_dir(CONSOLE, METHODS, OPTIONS, keywords=KEYWORDS)
    for file, line, message, _comments, _context in found:
        yield f"{file}:{line}", (message,) if isinstance(message, str) else tuple(message)


def test_every_sentence_has_its_spanish() -> None:
    """None is missing or in doubt, and none is kept that nobody says."""
    told = {
        (one.id,) if isinstance(one.id, str) else tuple(one.id): one
        for catalogue in catalogues("es")
        for one in catalogue
        if one.id
    }
    said = {message: place for place, message in sentences()}
    assert [f"{place}: {said}" for said, place in said.items() if said not in told] == []
    assert [message for message in told if message not in said] == []
    assert [message for message, one in told.items() if one.fuzzy or not _all(one.string)] == []


def test_a_translation_names_what_the_sentence_names() -> None:
    """Every value of a sentence stands in its Spanish, once for each number."""
    differing = [
        (one.id, one.string)
        for catalogue in catalogues("es")
        for one in catalogue
        if one.id and any(_values(text) != _values(_last(one.id)) for text in _tuple(one.string))
    ]
    assert differing == []


def _tuple(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _last(text: str | tuple[str, ...] | list[str]) -> str:
    return _tuple(text)[-1]


def _all(text: str | tuple[str, ...] | list[str]) -> bool:
    return all(_tuple(text))


def _values(text: str) -> set[str]:
    return set(_VALUE.findall(text))


@pytest.mark.parametrize(
    ("accepted", "day", "range_", "clock", "first"),
    [
        ("en-GB,en;q=0.5", "Thu 10 Dec", "Thu 10 Dec - Mon 14 Dec", "14:32", 0),
        ("en-US", "Thu Dec 10", "Thu Dec 10 - Mon Dec 14", "2:32 PM", 6),
        ("es-ES", "jue 10 dic", "jue 10 dic - lun 14 dic", "14:32", 0),
        ("fr;q=0.3, de", "Thu 10 Dec", "Thu 10 Dec - Mon 14 Dec", "14:32", 0),
        ("x;q=a,es;q=0.1", "jue 10 dic", "jue 10 dic - lun 14 dic", "14:32", 0),
    ],
)
def test_dates_follow_the_country(
    accepted: str, day: str, range_: str, clock: str, first: int
) -> None:
    """The language decides the words, its country the order; nobody's guess breaks a page."""
    say = speak(accepted)
    assert say.day(date(2026, 12, 10)) == day
    assert (
        say.days("2026-12-10", "2026-12-14").replace("\u2009", " ").replace("\u2013", "-") == range_
    )
    assert say.clock("2026-12-10T14:32:00Z", "UTC").replace("\u202f", " ") == clock
    assert say.first_weekday == first


def test_ages_and_nights_are_words() -> None:
    """One night is one, and an age says which way it lies."""
    english, spanish = speak("en"), speak("es")
    now = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
    assert (english.nights(1), english.nights(4)) == ("1 night", "4 nights")
    assert (spanish.nights(1), spanish.nights(4)) == ("1 noche", "4 noches")
    assert english.ago(now - timedelta(minutes=12), now) == "12 minutes ago"
    assert spanish.ago("2027-01-10T08:48:00Z", now) == "hace 12 minutos"


def test_a_host_is_spoken_to_as_they_chose(house: ConsoleHouse) -> None:
    """Before signing in as the browser says or a link of the page; afterwards as was chosen."""
    browser = house.browser(language="es-MX,es")
    page = browser.see("/sign-in")
    assert '<html lang="es-MX"' in page
    assert "Entrar" in text_of(page)
    assert "Sign in" in text_of(browser.see("/sign-in?lang=en"))
    maya = house.host(language="en-GB")
    chosen = maya.done("/you/preferences", language="es", back="/you")
    assert '<html lang="es-ES"' in chosen
    assert '<html lang="en-GB"' in maya.done("/you/preferences", language="")
    refused = maya.post("/you/preferences", language="tlh")
    assert refused.status_code == 422
