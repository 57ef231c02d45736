"""Whatever stands in a config, it is read or refused in sentences."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from vacancy.settings import CHANNELS, SettingsError, digest, load

WORDS = some.sampled_from(
    ["", "0", "sea-view", "15m", "Europe/Lisbon", "16:00", "https://a.b/c", "airbnb", "${X}", "é\n"]
)
LEAVES = (
    WORDS
    | some.booleans()
    | some.integers(-(2**70), 2**70)
    | some.floats(allow_nan=False)
    | some.text(max_size=8)
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(["url", "channel", "url_file", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
FEED_KEYS = some.sampled_from(["airbnb", "airbnb_2", "A b", *CHANNELS[:3]])
UNITS = some.fixed_dictionaries(
    {"slug": WORDS | VALUES, "timezone": some.just("Europe/Lisbon") | VALUES},
    optional={
        "name": VALUES,
        "property": VALUES,
        "was": VALUES,
        "check_in": VALUES,
        "exports": some.lists(WORDS, max_size=3) | VALUES,
        "feeds": some.dictionaries(FEED_KEYS, VALUES, max_size=3) | VALUES,
        "other": VALUES,
    },
)
SECTIONS = ("server", "polling", "release", "network", "limits", "alerts")
KEYS = (
    "listen",
    "database",
    "data_dir",
    "every",
    "absences",
    "allow_private",
    "to",
    "to_file",
    "on",
)
CONFIGS = some.fixed_dictionaries(
    {},
    optional={
        "units": some.lists(UNITS, max_size=3) | VALUES,
        **{
            name: some.dictionaries(some.sampled_from(KEYS), VALUES, max_size=3) | VALUES
            for name in SECTIONS
        },
    },
)


def toml(value: Any) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or "e" in repr(value) else f"{value!r}.0"
    return json.dumps(value).replace("\x7f", "\\u007f")


@settings(deadline=None, max_examples=2000 if os.environ.get("VACANCY_PROOF") else 150)
@given(CONFIGS)
def test_any_config_is_read_or_refused_in_sentences(wanted: dict[str, Any]) -> None:
    """No other error, and every sentence names the file."""
    text = "".join(f"{key} = {toml(value)}\n" for key, value in wanted.items())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vacancy.toml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            digest(load(file, {"X": "x"}))
        except SettingsError as refused:
            assert refused.problems
            assert all("vacancy.toml" in problem for problem in refused.problems)
