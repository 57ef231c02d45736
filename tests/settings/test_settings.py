"""The config: read whole, or refused with one sentence for each thing that is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from vacancy.settings import MINIMAL, Settings, SettingsError, digest, load

WHOLE = """
[server]
listen = "127.0.0.1:8460"
public_url = "https://cal.example.com/"
database = "sqlite:///var/vacancy.db"
data_dir = "var"

[polling]
every = "15m"

[release]
absences = 3
absence_span = "1h30m"
suspicion_span = 0

[network]
allow_private = ["127.0.0.1:9001"]

[[units]]
slug = "sea-view"
name = "Sea View"
property = "Casa Azul"
timezone = "Europe/Lisbon"
check_in = "16:00"
check_out = "11:00"
exports = ["airbnb", "booking_com", "vrbo", "everyone"]
[units.feeds]
airbnb = "https://www.airbnb.com/calendar/ical/1.ics?t=abcd1234"
airbnb_2 = { channel = "airbnb", url = "webcal://www.airbnb.com/calendar/ical/2.ics" }
[units.feeds.booking_com]
url = "https://ical.booking.com/v1/export?t=wxyz"
every = "5m"
end_is_last_night = true
transparent = "free"
timezone = "UTC"

[alerts]
to = ["ntfy://topic"]
on = ["conflict.opened"]
quiet = "23:00-07:00"
"""
UNIT = '[[units]]\nslug = "sea-view"\nname = "Sea View"\ntimezone = "Europe/Lisbon"\n'


def read(folder: Path, text: str, **environ: str) -> Settings:
    file = folder / "vacancy.toml"
    file.write_text(text, "utf-8")
    return load(file, environ)


def refusals(folder: Path, text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text, **environ)
    return caught.value.problems


def test_the_whole_config_is_read(tmp_path: Path) -> None:
    """Every key of the contract has its place."""
    settings = read(tmp_path, WHOLE)
    unit = settings.units[0]
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8460)
    assert settings.server.base_url == "https://cal.example.com"
    assert settings.release.absence_span == timedelta(minutes=90)
    assert settings.release.suspicion_span == timedelta(0)
    assert settings.network.allow_private == ("127.0.0.1:9001",)
    assert settings.alerts.quiet == "23:00-07:00"
    assert [unit.channel_of(key) for key in unit.feeds] == ["airbnb", "airbnb", "booking_com"]
    assert settings.every(unit.feeds["booking_com"]) == timedelta(minutes=5)
    assert settings.every(unit.feeds["airbnb"]) == timedelta(minutes=15)
    assert unit.feeds["airbnb_2"].address.startswith("https://www.airbnb.com/")
    assert unit.feeds["booking_com"].reading()["transparent"] == "free"


def test_the_example_of_the_help_is_a_config(tmp_path: Path) -> None:
    """What a host is told to begin with can be begun with."""
    unit = read(tmp_path, MINIMAL).units[0]
    assert [wish.key for wish in unit.export_wishes()] == ["airbnb", "everyone"]


def test_exports_are_one_for_each_feed_and_everyone(tmp_path: Path) -> None:
    """A channel without a feed may be named, and then has no feed of its own."""
    named = read(tmp_path, WHOLE).units[0].export_wishes()
    assert [(wish.key, wish.feed_key) for wish in named] == [
        ("airbnb", "airbnb"),
        ("booking_com", "booking_com"),
        ("vrbo", None),
        ("everyone", None),
    ]


def test_paths_are_relative_to_the_config_file(tmp_path: Path) -> None:
    """The working directory plays no part."""
    server = read(tmp_path, WHOLE).server
    assert server.database_url == f"sqlite:///{tmp_path}/var/vacancy.db"
    assert server.data_dir == tmp_path / "var"


def test_the_environment_wins_and_fills_in(tmp_path: Path) -> None:
    """`VACANCY_SECTION__KEY` overrides; `${NAME}` is replaced; VACANCY_NOW is no setting."""
    text = UNIT + '[units.feeds]\nairbnb = "https://a.example/${TOKEN}.ics"\n'
    settings = read(
        tmp_path,
        text,
        TOKEN="t0",
        VACANCY_SERVER__LISTEN="0.0.0.0:80",
        VACANCY_NETWORK__ALLOW_PRIVATE='["127.0.0.1:1"]',
        VACANCY_POLLING__SCALE="0.01",
        VACANCY_NOW="2027-01-01T00:00:00Z",
    )
    assert settings.server.port == 80
    assert settings.polling.scale == 0.01
    assert settings.network.allow_private == ("127.0.0.1:1",)
    assert settings.units[0].feeds["airbnb"].address == "https://a.example/t0.ics"


def test_addresses_come_from_files_and_credentials(tmp_path: Path) -> None:
    """A file beside the config, or a name in systemd's credentials directory."""
    (tmp_path / "airbnb.url").write_text("https://a.example/1.ics\n")
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "vrbo").write_text("https://v.example/1.ics")
    text = UNIT + (
        '[units.feeds]\nairbnb = { url_file = "airbnb.url" }\nvrbo = { url_credential = "vrbo" }\n'
    )
    feeds = read(tmp_path, text, CREDENTIALS_DIRECTORY=str(tmp_path / "creds")).units[0].feeds
    assert feeds["airbnb"].address == "https://a.example/1.ics"
    assert feeds["vrbo"].address == "https://v.example/1.ics"


def test_an_address_is_a_password(tmp_path: Path) -> None:
    """No repr, str or dump holds one; its host and last four letters may be seen."""
    settings = read(tmp_path, WHOLE)
    seen = repr(settings) + str(settings) + settings.model_dump_json() + digest(settings)
    assert "abcd1234" not in seen
    assert "t=wxyz" not in seen
    assert "ntfy://topic" not in seen
    feed = settings.units[0].feeds["airbnb"]
    assert (feed.host, feed.tail) == ("www.airbnb.com", "1234")


def test_the_digest_follows_what_is_declared(tmp_path: Path) -> None:
    """It moves with an address, an interval or an export; not with where the daemon listens."""
    before = digest(read(tmp_path, WHOLE))
    assert digest(read(tmp_path, WHOLE.replace("8460", "8461"))) == before
    for old, new in (("abcd1234", "abcd1235"), ('"15m"', '"16m"'), ('"vrbo", ', "")):
        assert digest(read(tmp_path, WHOLE.replace(old, new))) != before


@pytest.mark.parametrize(
    ("text", "path", "word"),
    [
        ('[server]\nlistn = "x"', "server.listn", 'did you mean "listen"'),
        ('[server]\nlisten = "8460"', "server.listen", "127.0.0.1:8460"),
        ('[server]\npublic_url = "cal.example.com"', "server.public_url", "https://"),
        ('[server]\ndatabase = "mysql://x"', "server.database", "postgresql://"),
        ("[polling]\nevery = 15", "polling.every", '"15m"'),
        ('[polling]\nevery = "0"', "polling.every", "longer than 0"),
        ("[release]\nabsences = 0", "release.absences", "greater than or equal to 1"),
        ("[release]\nabsences = true", "release.absences", "must be"),
        ('[network]\nallow_private = ["localhost"]', "network.allow_private[0]", "host:port"),
        ('[network]\nallow_private = ["169.254.1.1:80"]', "network.allow_private[0]", "link-local"),
        ('[alerts]\non = ["conflict"]', "alerts.on[0]", "conflict.opened"),
        ('[alerts]\nquiet = "late"', "alerts.quiet", "23:00-07:00"),
        ("[[unit]]", "unit", 'did you mean "units"'),
        ('[units]\nslug = "x"', "units", "two brackets"),
        ('[[units]]\nslug = "x"', "units[0].timezone", "Europe/Lisbon"),
        ('[[units]]\nslug = "Sea View"\ntimezone = "UTC"', "units[0].slug", "small letters"),
        ('[[units]]\nslug = "x"\ntimezone = "Lisbon"', "units[0].timezone", "Europe/Lisbon"),
        (UNIT + UNIT, "units[1].slug", "already"),
        (UNIT + 'was = "sea-view"', "units[0].was", "another unit"),
        (UNIT + 'check_in = "4pm"', "units[0].check_in", "16:00"),
        (UNIT + 'exports = ["arbnb"]', "units[0].exports[0]", 'did you mean "airbnb"'),
        (UNIT + 'exports = ["airbnb", "airbnb"]', "units[0].exports[1]", "twice"),
        (UNIT + '[units.feeds]\nmyfeed = "https://a.b/"', "units[0].feeds.myfeed", "no channel"),
        (UNIT + '[units.feeds]\nairbnb_2 = "https://a.b/"', "units[0].feeds.airbnb_2", "channel ="),
        (UNIT + '[units.feeds]\nairbnb = "SECRET"', "units[0].feeds.airbnb.url", "https://"),
        (UNIT + '[units.feeds]\nairbnb = "ftp://SECRET/"', "units[0].feeds.airbnb.url", "https://"),
        (UNIT + "[units.feeds]\nairbnb = 5", "units[0].feeds.airbnb", "address"),
        (UNIT + '[units.feeds]\nairbnb = { every = "5m" }', "units[0].feeds.airbnb.url", "missing"),
        (
            UNIT + '[units.feeds]\nairbnb = { url = "https://a.b/", every = "5 minutes" }',
            "units[0].feeds.airbnb.every",
            '"15m"',
        ),
        (
            UNIT + '[units.feeds]\nairbnb = { url = "https://a.b/", transparent = "maybe" }',
            "units[0].feeds.airbnb.transparent",
            "'busy' or 'free'",
        ),
        (
            UNIT + '[units.feeds]\nairbnb = { url = "https://a.b/", end_is_last_night = "si" }',
            "units[0].feeds.airbnb.end_is_last_night",
            "true or false",
        ),
        (
            UNIT + '[units.feeds]\nairbnb = "https://a.b/${NOT_SET}"',
            "units[0].feeds.airbnb",
            "${NOT_SET} is not set",
        ),
        (
            UNIT + '[units.feeds]\nairbnb = { url_file = "gone" }',
            "units[0].feeds.airbnb.url_file",
            "cannot be read",
        ),
        (
            UNIT + '[units.feeds]\nairbnb = { url_credential = "gone" }',
            "units[0].feeds.airbnb.url_credential",
            "CREDENTIALS_DIRECTORY",
        ),
        (
            UNIT.replace("sea-view", "a") + UNIT.replace("Lisbon", "Madrid"),
            "units[1].timezone",
            "one property",
        ),
        (UNIT + '[units.feeds]\nairbnb = "${NOT_SET}"', "units[0].feeds.airbnb", "not set"),
        (
            UNIT + '[units.feeds]\neveryone = { channel = "other", url = "https://a.b/" }',
            "units[0].feeds.everyone",
            "holds all",
        ),
        ('[[units]]\ntimezone = "UTC"', "units[0].slug", "short name"),
        (UNIT + "check_in = 16:00:00", "units[0].check_in", 'in quotes, as "16:00"'),
        (UNIT + 'feeds = ["https://a.b/SECRET"]', "units[0].feeds", "must be a table"),
        ("server = []", "server", "must be a table"),
        ("[server]\ndata_dir = 5", "server.data_dir", "in quotes"),
        ('[server]\ndomain = "two words"', "server.domain", "cal.example.com"),
        ('[server]\nlisten = "two words:80"', "server.listen", "127.0.0.1:8460"),
        ('[server]\npublic_url = "https://a.b/#x"', "server.public_url", "https://"),
        ('[server]\npublic_url = "https://me:SECRET@a.b"', "server.public_url", "no password"),
        ("[release]\nabsences = 2.5", "release.absences", "must be a whole number"),
        ('[network]\nallow_private = "a:1"', "network.allow_private", "must be a list"),
        ('[network]\nallow_private = ["[febf::1]:80"]', "network.allow_private[0]", "link-local"),
        (
            '[network]\nallow_private = ["[::ffff:169.254.0.1]:80"]',
            "network.allow_private[0]",
            "link-local",
        ),
    ],
)
def test_what_is_wrong_is_named_once(tmp_path: Path, text: str, path: str, word: str) -> None:
    """One sentence, that begins with the key's path and never shows an address."""
    told = refusals(tmp_path, text)
    assert len(told) == 1
    assert f": {path}: " in told[0]
    assert word in told[0]
    assert "SECRET" not in told[0]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """A host corrects a config in one go."""
    assert len(refusals(tmp_path, '[server]\nlistn = "x"\n[polling]\nevery = 1\n' + UNIT * 2)) == 3


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """What came from the environment is not blamed on the file."""
    told = refusals(tmp_path, UNIT, VACANCY_SERVER__LISTEN="nowhere")
    assert told[0].startswith("VACANCY_SERVER__LISTEN: server.listen: ")
    assert "JSON" in refusals(tmp_path, UNIT, VACANCY_UNITS="x")[0]
    told = refusals(tmp_path, UNIT, VACANCY_NETWORK__ALLOW_PRIVATE="127.0.0.1:1")
    assert told[0].startswith("VACANCY_NETWORK__ALLOW_PRIVATE: a list")
    told = refusals(tmp_path, UNIT, VACANCY_POLING__EVERY="5m")
    assert told[0].startswith("VACANCY_POLING__EVERY: ")
    assert 'did you mean "polling"' in told[0]


def test_syntax_is_named_by_line(tmp_path: Path) -> None:
    """A slip of the pen: the file, the line, the column and what."""
    told = refusals(tmp_path, "[server]\nlisten = 127.0.0.1:8460\n")
    assert "vacancy.toml: line 2, column" in told[0]


def test_no_file_says_how_to_begin(tmp_path: Path) -> None:
    """Nothing there, a folder, or no text at all."""
    with pytest.raises(SettingsError, match="write one that begins") as caught:
        load(tmp_path / "none.toml", {})
    assert MINIMAL in str(caught.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(SettingsError, match="UTF-8"):
        load(tmp_path / "latin.toml", {})
