"""From a file and an environment to `Settings`, or to every problem at once, named by its path.

Order: the file, `${NAME}` in its values taken from the environment; then `VACANCY_SECTION__KEY`
of the environment, which wins; then secrets from files (`url_file`, `url_credential`, `to_file`,
`database_file`); then the checks. Relative paths are relative to the config file; a credential is
a file in systemd's `$CREDENTIALS_DIRECTORY`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vacancy.settings.checks import Place, Problem, problems
from vacancy.settings.models import (
    Alerts,
    Api,
    Feed,
    Limits,
    Network,
    Polling,
    Release,
    Section,
    Server,
    Settings,
    Source,
    Unit,
)
from vacancy.settings.secrets import fill_secrets
from vacancy.settings.values import did_you_mean

PREFIX = "VACANCY_"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNSET = "is not set in the environment"
_SECTIONS: dict[str, type[Section]] = {
    "server": Server,
    "polling": Polling,
    "release": Release,
    "network": Network,
    "limits": Limits,
    "api": Api,
    "alerts": Alerts,
    "units": Unit,
    "feeds": Feed,
    "sources": Source,
}

#: What may stand in a file of its own.
_FILED = {"sources": ("key", "client_secret", "webhook_secret")}

MINIMAL = """\
[server]
listen = "127.0.0.1:8460"

[[units]]
slug = "sea-view"
name = "Sea View"
timezone = "Europe/Lisbon"
[units.feeds]
airbnb = "https://www.airbnb.com/calendar/ical/1.ics?t=..."
"""


class SettingsError(Exception):
    """The config cannot be used; `problems` holds one sentence each, all of them."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def find(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The config file: the one named, else `$VACANCY_CONFIG`, else `vacancy.toml` here."""
    return path or Path(environ.get("VACANCY_CONFIG") or "vacancy.toml")


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of the file that `find` names. Raises SettingsError with every problem."""
    file = find(path, environ)
    found: list[Problem] = []
    data = _substituted(_parsed(file), (), environ, found)
    data = _merged(data, _from_environment(environ))
    fill_secrets(data, file.absolute().parent, environ, found)
    found += problems(data)
    settings = _shaped(data, found)
    if found or settings is None:
        raise SettingsError(*_sentences(found, file, environ))
    return _anchored(settings, file.absolute().parent)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"there is no config file {file}; name one with --config, or write one that begins"
            f" like this:\n\n{MINIMAL}"
        ) from None
    except OSError as problem:
        raise SettingsError(f"{file} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{file}: {_syntax(str(problem))}") from None


def _syntax(message: str) -> str:
    """`line 3, column 9: invalid value`, of the parser's `Invalid value (at line 3, column 9)`."""
    what, _, where = message.rstrip(")").partition(" (at ")
    what = what[:1].lower() + what[1:]
    return f"{where}: {what}" if where else what


def _substituted(value: Any, place: Place, environ: Mapping[str, str], found: list[Problem]) -> Any:
    """`value` with each `${NAME}` in its text replaced; a missing variable is a problem."""
    if isinstance(value, dict):
        items = cast(dict[str, Any], value).items()
        return {key: _substituted(held, (*place, key), environ, found) for key, held in items}
    if isinstance(value, list):
        listed = cast(list[Any], value)
        return [_substituted(one, (*place, at), environ, found) for at, one in enumerate(listed)]
    if not isinstance(value, str):
        return value
    for name in sorted({*_VARIABLE.findall(value)} - {*environ}):
        found.append((place, f"${{{name}}} {_UNSET}"))
    return _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), value)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """`VACANCY_SERVER__LISTEN=...` as `{"server": {"listen": ...}}`; lists are JSON."""
    sections = tuple(PREFIX + name.upper() for name in Settings.model_fields)
    ours = {name: value for name, value in environ.items() if name.upper().startswith(sections)}
    _no_strangers(environ)
    if not ours:
        return {}
    from pydantic_settings import EnvSettingsSource
    from pydantic_settings.exceptions import SettingsError as NotJson

    source = EnvSettingsSource(
        cast(Any, Settings), env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False
    )
    source.env_vars = {name.lower(): value for name, value in ours.items()}
    try:
        return source()
    except NotJson as problem:
        named = re.search(r'field "(\w+)"', str(problem))
        section = PREFIX + named[1].upper() if named else PREFIX
        names = sorted(name for name in ours if name.upper().startswith(section))
        raise SettingsError(
            f"{', '.join(names)}: a list or a table in the environment must be JSON, as"
            ' ["127.0.0.1:9001"]'
        ) from None


def _no_strangers(environ: Mapping[str, str]) -> None:
    """Refuse `VACANCY_POLING__EVERY`: what is meant as a setting shall not be passed over."""
    sections = list(Settings.model_fields)
    for name in sorted(environ):
        section, double, _ = name.upper().removeprefix(PREFIX).lower().partition("__")
        if name.upper().startswith(PREFIX) and double and section not in sections:
            near = did_you_mean(section, sections)
            raise SettingsError(f'{name}: there is no section "{section}"{near}')


def _merged(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        held = merged.get(key)
        both = isinstance(held, dict) and isinstance(value, dict)
        merged[key] = _merged(cast(dict[str, Any], held), value) if both else value
    return merged


def _shaped(data: dict[str, Any], found: list[Problem]) -> Settings | None:
    try:
        return Settings.model_validate(data)
    except ValidationError as problem:
        found += [_told(error) for error in problem.errors(include_url=False)]
        return None


def _told(error: ErrorDetails) -> Problem:
    place = tuple(part for part in error["loc"] if part != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known_keys(place)
        near = did_you_mean(str(place[-1]), known)
        return place, f"unknown key{near or '; known here: ' + ', '.join(known)}"
    if kind == "missing":
        return place, f"is missing{_EXAMPLES.get(str(place[-1]), '')}"
    if kind == "value_error":
        return place, str(context["error"])
    if (plain := _PLAIN.get(kind)) is not None:
        return place, plain
    message = error["msg"].replace("Input should be", "must be").replace("valid ", "")
    return place, message[:1].lower() + message[1:]


#: What pydantic says in the words of a program.
_PLAIN = {
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "string_type": "must be text, in quotes",
    "path_type": "must be a path, in quotes",
    "tuple_type": 'must be a list, as ["..."]',
    "dict_type": "must be a table, as { key = ... }",
    "model_type": "must be a table",
}
_EXAMPLES = {
    "timezone": '; say where the unit is, as timezone = "Europe/Lisbon"',
    "slug": '; give the unit a short name, as slug = "sea-view"',
    "url": "; give the feed's address as url, url_file or url_credential",
}


def _known_keys(place: Place) -> list[str]:
    """The keys that the table which holds the last part of `place` may have."""
    names = [part for part in place[:-1] if isinstance(part, str)]
    if not names:
        return list(Settings.model_fields)
    if "feeds" in names:
        return [*Feed.model_fields, "url_file", "url_credential"]
    section = _SECTIONS.get(names[-1])
    filed = [
        f"{key}_{where}" for key in _FILED.get(names[-1], ()) for where in ("file", "credential")
    ]
    return [*section.model_fields, *filed] if section else []


def _sentences(found: list[Problem], file: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """One sentence a place, the first problem found there: what follows from it says no more,
    nor does what stands within a value that holds a variable which is not set.
    """
    told: set[Place] = set()
    unset: set[Place] = set()
    upper = {name.upper() for name in environ}
    for place, what in found:
        if place in told or any(place[:length] in unset for length in range(len(place))):
            continue
        told.add(place)
        if what.endswith(_UNSET):
            unset.add(place)
        path = _path(place)
        variable = PREFIX + "__".join(str(part) for part in place).upper()
        source = variable if variable in upper else str(file)
        yield f"{source}: {path}: {what}"


def _path(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _anchored(settings: Settings, folder: Path) -> Settings:
    """The same, with the database file and `data_dir` made absolute."""
    server = settings.server
    database = server.database_url
    file = database.removeprefix("sqlite:///")
    if file != database:
        database = f"sqlite:///{folder / file}"
    anchored = server.model_copy(
        update={
            "database": type(server.database)(database),
            "data_dir": folder / server.data_dir.expanduser(),
        }
    )
    return settings.model_copy(update={"server": anchored})
