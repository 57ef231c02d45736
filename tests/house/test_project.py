"""The project around the code keeps its promises too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [ROOT / "requirements" / "run.txt", ROOT / "requirements" / "dev.txt"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(lock: Path) -> dict[str, str]:
    """Each locked package with the text of its entry."""
    entries = re.split(r"^(?=[a-z0-9][a-z0-9._-]*==)", lock.read_text(), flags=re.M)
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_is_pinned_to_hashes(lock: Path) -> None:
    """An installer that demands hashes takes the lock whole."""
    without = [name for name, entry in names(lock).items() if "--hash=sha256:" not in entry]
    assert names(lock)
    assert without == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_records_where_it_was_downloaded(lock: Path) -> None:
    """A lock made behind a mirror works without it."""
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", lock.read_text())


def test_what_runs_is_locked_alike_in_both_locks() -> None:
    """What was tested is what is installed."""
    run, dev = map(names, LOCKS)
    differing = {name for name in run if run[name].split()[0] != dev.get(name, "?").split()[0]}
    assert differing == set()


def test_every_dependency_is_in_the_lock() -> None:
    """Nobody adds a dependency and forgets `make lock`."""
    asked = {re.split(r"[\[<>=; ]", line)[0] for line in PYPROJECT["project"]["dependencies"]}
    assert asked <= set(names(LOCKS[0]))


def test_the_core_is_written_without_shortcuts() -> None:
    """The rooms that decide are held to the strict checker, and every room has its floor."""
    assert {"domain", "ical", "channels"} <= {
        Path(room).name for room in PYPROJECT["tool"]["pyright"]["strict"]
    }
    floors = PYPROJECT["tool"]["importlinter"]["contracts"][0]
    assert floors["type"] == "layers"
    assert floors["exhaustive"]


def test_the_image_runs_without_privileges_and_says_how_it_is() -> None:
    """The container is no root, names its state, its health and its way to stop."""
    image = (ROOT / "Dockerfile").read_text()
    for line in ("USER 8460", "VOLUME /var/lib/vacancy", "STOPSIGNAL SIGTERM", "HEALTHCHECK"):
        assert line in image
    assert "/livez" in image
    assert "--require-hashes" in image


def test_the_unit_file_tells_systemd_what_the_daemon_promises() -> None:
    """Ready when it says so, watched, reloaded by SIGHUP, stopped in 20 s, its state its own."""
    unit = (ROOT / "systemd" / "vacancy.service").read_text().splitlines()
    for line in (
        "Type=notify",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "TimeoutStopSec=20",
        "DynamicUser=yes",
        "StateDirectoryMode=0700",
        "UMask=0077",
    ):
        assert line in unit
    assert any(line.startswith("WatchdogSec=") for line in unit)


def test_the_unit_file_of_a_role_promises_and_may_do_the_same() -> None:
    """A part of a house is watched, stopped and confined as a whole one is."""
    whole, part = (
        (ROOT / "systemd" / name).read_text() for name in ("vacancy.service", "vacancy@.service")
    )
    confined = whole[whole.index("# What it may not do.") : whole.index("[Install]")]
    assert confined in part
    promised = [line for line in whole.splitlines() if line.startswith(("Type", "Watch", "Time"))]
    assert set(promised) <= set(part.splitlines())
    assert "serve --roles %i --config" in part


def test_the_way_to_everything_starts_at_make() -> None:
    """The commands that the documents name are there."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("test", "demo", "check", "proof", "bench", "lock", "fix"):
        assert re.search(rf"^{target}:", makefile, re.M)


def test_nothing_of_the_machine_it_was_written_on_stays_in_it() -> None:
    """No source, document or script names a directory of one machine."""
    kept = [ROOT / name for name in ("README.md", "Makefile", "Dockerfile", "pyproject.toml")]
    kept += [*ROOT.glob(".ci/*"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.py")]
    found = [path for path in kept if re.search(r"/(work|home/\w+|root)/", path.read_text())]
    assert found == []


def test_the_licence_is_whole() -> None:
    """Apache 2.0, and the package says so."""
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
