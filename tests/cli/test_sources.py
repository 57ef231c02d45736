"""`vacancy sources`: what is connected, and what it says."""

from __future__ import annotations

import pytest

from cli.conftest import UNIT, Host
from sources.imagined import KIND, known
from vacancy.sources.port import SourceFailed

CONFIG = f"""{UNIT}
[[sources]]
kind = "{KIND}"
key = "SECRET-key-of-the-host"
"""


def test_list_check_and_connect(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Properties are listed, and the mapping proposed as the config wants it."""
    with known(monkeypatch) as system:
        host.config(CONFIG)
        listed = host.run("sources", "list", "--json")
        assert listed.document["data"][0]["key"] == KIND
        checked = host.run("sources", "check", KIND)
        assert checked.code == 0
        assert "Sea View" in checked.out
        assert host.run("sources", "connect", KIND, "--json").document["ok"] is True
        system.down = SourceFailed("unauthorized", "It does not accept the key: copy it again.")
        refused = host.run("sources", "check", KIND)
        assert refused.code == 1
        assert "copy it again" in refused.err
        assert host.run("sources", "check", "nowhere").code != 0


def test_a_config_names_its_mistakes(host: Host) -> None:
    """Each by its place, in one sentence."""
    host.config(CONFIG + 'units = { "101" = "see-view" }\n')
    ran = host.run("config", "check")
    assert ran.code != 0
    assert 'units.101: there is no unit "see-view"; did you mean "sea-view"?' in ran.err
    host.config(CONFIG)
    ran = host.run("config", "apply")
    assert ran.code != 0
    assert f"kind: no booking system is called {KIND!r}" in ran.err
