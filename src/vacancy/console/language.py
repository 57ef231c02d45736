"""What a host reads: sentences in their language, dates and figures as their country writes them.

English is what the code says; another language is a folder in `locale/`, with a catalogue for each
theme. The catalogues are read as they are, without a step of building.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_interval, format_skeleton, format_time, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

#: The languages that there are, each in its own words, and the locale where nobody names a country.
LANGUAGES = {"en": "English", "es": "Español"}
_HOME = {"en": "en_GB", "es": "es_ES"}
#: A moment so near is now.
_NOW = timedelta(seconds=30)
#: A browser lists a handful of languages; what is longer was written by somebody else.
_MOST_ASKED = 200


def mark(sentence: str) -> str:
    """A sentence that is translated where it is shown: catalogues find it by this name."""
    return sentence


class Language:
    """How one host is spoken to. The names `_` and `ngettext` are those that sentences are found
    by; dates are local dates, instants are told in a zone. Both may be as
    services tell them: ISO 8601.
    """

    def __init__(self, locale: str) -> None:
        self.locale = Locale.parse(locale)
        self.code = self.locale.language
        self.tag = locale.replace("_", "-")
        self.translations = translations(self.code)

    def _(self, sentence: str, **values: Any) -> str:
        """A sentence with `%(name)s` in it."""
        told: str = self.translations.ugettext(sentence)
        return told % values if values else told

    def ngettext(self, one: str, many: str, num: int, **values: Any) -> str:
        """A sentence about `%(num)s` of something."""
        return self.translations.ungettext(one, many, num) % {"num": num, **values}

    def day(self, day: date | str) -> str:
        """`Thu 10 Dec`."""
        return _plain(format_skeleton("MMMEd", _date(day), locale=self.locale))

    def day_of_year(self, day: date | str) -> str:
        """`Thu 10 Dec 2026`."""
        return _plain(format_skeleton("yMMMEd", _date(day), locale=self.locale))

    def short_day(self, day: date | str) -> str:
        """`10 Dec`."""
        return format_skeleton("MMMd", _date(day), locale=self.locale)

    def month(self, day: date | str) -> str:
        """`December 2026`."""
        return format_skeleton("yMMMM", _date(day), locale=self.locale)

    def days(self, arrival: date | str, departure: date | str) -> str:
        """From arrival to departure, both named, with a dash between."""
        said = format_interval(_date(arrival), _date(departure), "MMMEd", locale=self.locale)
        return _plain(said)

    def nights(self, count: int) -> str:
        """`4 nights`."""
        return self.ngettext("%(num)s night", "%(num)s nights", count)

    def clock(self, moment: datetime | time | str, zone: tzinfo | str = "UTC") -> str:
        """`14:32`, of an instant in that zone."""
        if not isinstance(moment, time):
            moment = _there(moment, zone).time()
        return format_time(moment, "short", locale=self.locale)

    def moment(self, moment: datetime | str, zone: tzinfo | str = "UTC") -> str:
        """`Thu 10 Dec, 14:32`, of an instant in that zone."""
        there = _there(moment, zone)
        return f"{self.day(there.date())}, {self.clock(there.time())}"

    def span(self, span: timedelta) -> str:
        """`5 hours`: its greatest part, in words."""
        return format_timedelta(span, threshold=1, locale=self.locale)

    def ago(self, moment: datetime | str, now: datetime) -> str:
        """`12 minutes ago`; what is to come, `in 12 minutes`."""
        passed = _instant(moment) - now
        if abs(passed) < _NOW:
            return self._("just now")
        return format_timedelta(passed, add_direction=True, threshold=1, locale=self.locale)

    def number(self, number: float) -> str:
        """`1,234`."""
        return format_decimal(number, locale=self.locale)

    @property
    def first_weekday(self) -> int:
        """0 where weeks begin on Monday, 6 where on Sunday."""
        return self.locale.first_week_day


def speak(accepted: str, wanted: str | None = None) -> Language:
    """The language that was chosen, else the best of an `Accept-Language`; a country's dates go
    with the language where the browser names one.
    """
    asked = list(_asked(accepted))
    if wanted in LANGUAGES:
        asked = [one for one in asked if one.partition("-")[0] == wanted] or [wanted]
    for tag in asked:
        code = tag.partition("-")[0]
        if code in LANGUAGES:
            return _language(_locale(tag, code))
    return _language(_HOME["en"])


def _asked(accepted: str) -> Iterator[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted[:_MOST_ASKED].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return (tag for _, tag in sorted(weighed, key=lambda one: -one[0]) if tag)


def _locale(tag: str, code: str) -> str:
    country = tag.partition("-")[2].upper()
    named = f"{code}_{country}"
    return named if country and named in _known() else _HOME[code]


@cache
def _known() -> frozenset[str]:
    from babel.localedata import locale_identifiers

    return frozenset(locale_identifiers())


@cache
def _language(locale: str) -> Language:
    return Language(locale)


@cache
def translations(code: str) -> NullTranslations:
    """What the sentences of the code are in a language."""
    if code == "en":
        return NullTranslations()
    whole = Catalog(locale=code)
    for catalogue in catalogues(code):
        for message in catalogue:
            if message.id:
                whole.add(message.id, message.string, flags=message.flags, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


def catalogues(code: str) -> list[Catalog]:
    """The catalogues of a language, by the names of their files."""
    folder = files("vacancy.console") / "locale" / code
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return [
        read_po(BytesIO(file.read_bytes()), locale=code)
        for file in found
        if file.name.endswith(".po")
    ]


def _date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _instant(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def _there(moment: datetime | str, zone: tzinfo | str) -> datetime:
    return _instant(moment).astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


def _plain(text: str) -> str:
    """A weekday without the comma behind it: these stand in tables."""
    return text.replace(",", "")
