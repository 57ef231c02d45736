"""Any command fills an empty store; on one in use a config that differs is only announced."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vacancy.vault import open_vault

if TYPE_CHECKING:
    from conftest import Host

SECOND = """\
[[units]]
slug = "hill-house"
name = "Hill House"
timezone = "Europe/Lisbon"
"""


def test_the_first_command_makes_everything(host: Host) -> None:
    """Store, key, unit and exports are there after a mere look."""
    ran = host.run("status", "--json")
    assert ran.code == 0
    assert [unit["unit"] for unit in ran.document["units"]] == ["sea-view"]
    assert ran.document["units"][0]["feeds"][0]["address"] == "www.airbnb.com/…abcd"
    key = host.folder / "var" / "vacancy.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((host.folder / "var" / "vacancy.db").stat().st_mode) == 0o600


def test_a_key_of_another_house_is_refused_before_anything_is_done(host: Host) -> None:
    """A machine that was given the wrong key would seal every address anew."""
    host.run("status")
    key = host.folder / "var" / "vacancy.key"
    right = key.read_bytes()
    key.unlink()
    open_vault(host.folder / "var")
    ran = host.run("config", "apply")
    assert ran.code == 2
    assert "sealed with another vacancy.key" in ran.err
    key.write_bytes(right)
    assert host.run("status").code == 0


def test_a_differing_config_is_announced_and_applied_only_when_told(host: Host) -> None:
    """A look says so on stderr; `config diff` shows it; `config apply` does it."""
    host.run("status")
    host.config((host.folder / "vacancy.toml").read_text() + SECOND)
    looked = host.run("status", "--json")
    assert "config apply" in looked.err
    assert len(looked.document["units"]) == 1
    assert "add unit hill-house" in host.run("config", "diff").out
    applied = host.run("config", "apply", "--json")
    assert [one["action"] for one in applied.document["data"]] == ["add", "add", "add"]
    assert host.run("config", "apply").out == "Nothing to do: the config was in force.\n"
    assert len(host.run("status", "--json").document["units"]) == 2


def test_the_first_apply_says_what_it_did(host: Host) -> None:
    """Also where opening the empty store did it already."""
    assert "add feed sea-view/airbnb" in host.run("config", "apply").out


def test_a_unit_is_removed_by_name(host: Host) -> None:
    """Its exports are listed until then."""
    host.run("status")
    host.config("")
    host.run("config", "apply")
    assert len(host.run("exports", "--json").document["data"]) == 2
    assert host.run("config", "apply", "--remove", "sea-view").out == "remove unit sea-view\n"
    assert host.run("exports", "--json").document["data"] == []
    assert host.run("config", "apply", "--remove", "elsewhere").code == 2


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_config_is_named_before_or_after_the_command(host: Host, place: str) -> None:
    """Both spellings mean the same."""
    (host.folder / "vacancy.toml").rename(host.folder / "other.toml")
    named = ("--config", "other.toml")
    words = (*named, "status") if place == "before" else ("status", *named)
    assert host.run(*words).code == 0


def test_no_config_says_how_to_begin(host: Host) -> None:
    """Exit 2, an example on stderr, nothing made."""
    (host.folder / "vacancy.toml").unlink()
    ran = host.run("status")
    assert (ran.code, ran.out) == (2, "")
    assert "[[units]]" in ran.err
    assert not (host.folder / "var").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[server]\nlistn = "x"', "server.listn"),
        ('[polling]\nevery = "soon"', "polling.every"),
        ("[[units]]\n", "units[0].slug"),
        ("[server\n", "line 1"),
        ('[[units]]\nslug = "x"\ntimezone = "UTC"\n[units.feeds]\nairbnb = "SECRET"', "airbnb"),
    ],
)
def test_a_wrong_config_is_refused_by_every_command(host: Host, text: str, named: str) -> None:
    """Exit 2 and a sentence that names the key; the store is not touched."""
    host.config(text)
    for words in (["status"], ["config", "check"], ["config", "apply"], ["db", "check"]):
        ran = host.run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert named in ran.err
    assert not (host.folder / "var").exists()


def test_a_wrong_clock_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """VACANCY_NOW is an instant with its zone."""
    for text in ("tomorrow", "2027-01-10T09:00:00", "9999-12-31T00:00:00Z"):
        monkeypatch.setenv("VACANCY_NOW", text)
        ran = host.run("status")
        assert ran.code == 2
        assert "VACANCY_NOW" in ran.err


def test_a_database_that_cannot_be_used_is_a_sentence(host: Host) -> None:
    """A file that is none, a server that is not there."""
    (host.folder / "var").mkdir(mode=0o700)
    (host.folder / "var" / "vacancy.db").write_text("no database" * 100)
    assert host.run("status").code == 2
    host.config('[server]\ndatabase = "postgresql://u:SECRET@127.0.0.1:1/none"\n')
    ran = host.run("status")
    assert ran.code == 2
    assert "the database cannot be used" in ran.err


def test_a_lost_key_is_a_sentence(host: Host) -> None:
    """What was sealed with another key cannot be shown."""
    host.run("status")
    (host.folder / "var" / "vacancy.key").unlink()
    ran = host.run("exports")
    assert ran.code == 2
    assert "another key" in ran.err


@pytest.mark.parametrize("word", ["check", "backup", "upgrade"])
def test_the_commands_of_the_database_fill_an_empty_store(host: Host, word: str) -> None:
    """What is checked or copied first is the house of the config, not nothing."""
    assert host.run("db", word).code == 0
    assert len(host.run("exports", "--json").document["data"]) == 2
    assert host.run("config", "diff", "--json").document == {"data": []}


def test_config_check_touches_nothing(host: Host) -> None:
    """It reads the file and no more."""
    assert "is fine: 1 unit, 1 feed\n" in host.run("config", "check").out
    assert host.run("config", "check", "--json").document == {"ok": True, "units": 1, "feeds": 1}
    assert not (host.folder / "var").exists()


def test_files_stay_in_the_configs_folder(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run from elsewhere, nothing is made there."""
    elsewhere = host.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert host.run("status", "--config", str(Path("..") / "vacancy.toml")).code == 0
    assert list(elsewhere.iterdir()) == []
