"""Schemathesis reads our OpenAPI and tries what no person would: every check, every phase.

It asks a house that has something of every kind. `fuzz_hooks` keeps valid requests valid where a
schema cannot say it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.asking import ApiHouse
from api.furnished import furnish
from api.serving import served
from hostile import HostileServer
from vacancy.domain.scopes import Role

PROOF = bool(os.environ.get("VACANCY_PROOF"))
ROLES = list(Role) if PROOF else [Role.OWNER]
#: Every case that a schema asks for by itself, ten thousand of them, is for the proof.
PHASES = "examples,coverage,fuzzing,stateful" if PROOF else "examples,fuzzing,stateful"
#: How many cases an operation is tried with beside.
EXAMPLES = "100" if PROOF else "10"
#: How many of each kind there are to be taken away.
SPARE = 6 if PROOF else 3
#: No answer takes longer than so many seconds, on a machine that does other things besides.
SLOWEST = "10"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer({}) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, server: HostileServer) -> Iterator[ApiHouse]:
    house = ApiHouse(tmp_path, config=f'[network]\nallow_private = ["{server.origin}"]\n')
    yield house
    house.close()


@pytest.mark.timeout(1100 if PROOF else 600)
@pytest.mark.parametrize("role", ROLES)
def test_no_check_of_schemathesis_fails(
    house: ApiHouse, server: HostileServer, role: Role, tmp_path: Path
) -> None:
    """0 failures, with a fixed seed, whoever asks."""
    things = furnish(house, server, SPARE)
    (tmp_path / "things.json").write_text(json.dumps(things))
    key = house.make_key(role)
    (tmp_path / "schemathesis.toml").write_text(f'[auth.openapi.key]\nbearer = "{key}"\n')
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert program is not None
    with served(house) as url:
        ran = subprocess.run(
            [
                program,
                *("--config-file", "schemathesis.toml", "run", f"{url}/openapi.json"),
                *("--checks", "all", "--phases", PHASES, "--max-examples", EXAMPLES),
                *("--max-response-time", SLOWEST, "--warnings", "off"),
                *("--seed", "1", "--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "fuzz_hooks",
                "PYTHONPATH": str(Path(__file__).parent),
                "VACANCY_FUZZ_KEY": house.get("/v1/me", key=key)["key"]["id"],
                "VACANCY_FUZZ_THINGS": str(tmp_path / "things.json"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
